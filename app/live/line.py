"""The socket worker: one thread with its own event loop, the owner of the conversation.

Everything that happens reaches it as a call on its loop; the conversation says what is to be done, and it is done
here, in order. Nothing else touches the conversation, so nothing there needs a lock.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from app.connection.client import Connection
from app.connection.failures import ServiceFailure
from app.conversation.conversation import Conversation
from app.conversation.effects import EntryChanged, Notice, Severity, StatusChanged, earliest
from app.conversation.session import SessionChange
from app.conversation.status import Status
from app.conversation.transcript import Entry, Transcript
from app.live.backoff import Backoff
from app.live.deadline_timer import DeadlineTimer
from app.live.dialling import Dialler
from app.live.effect_runner import EffectRunner
from app.live.events import Ended, Listener
from app.live.goodbyes import Goodbyes
from app.live.repair import LineRepair, ended_by
from app.live.roll_over import WENT_ON, RollOver
from app.live.speaker import LastingSpeaker
from app.live.steps import Step, received
from app.live.switching import Dialled
from app.live.turn_sounds import TurnSounds

_SKIPPED = "The service sent something that was not understood and is left out; --events FILE keeps it."

_RENEWED: Final = "A new session has begun. What was said is carried over to it as text."


class Line:
    """Runs one conversation over one connection."""

    def __init__(
        self,
        conversation: Conversation,
        dialler: Dialler,
        speaker: LastingSpeaker,
        listener: Listener,
        now_ms: Callable[[], int],
        on_status: Callable[[StatusChanged], None],
        on_final: Callable[[Transcript, set[str]], None],
        on_over: Callable[[], None],
        sounds: TurnSounds,
        before_speech: Callable[[], None],
        *,
        backoff: Backoff,
        reconnect_s: float = 0,
        stays_offline: bool = False,
    ) -> None:
        """`reconnect_s`: for how long a broken line is made again by itself, 0: never. `stays_offline`: after that the
        user may ask for it; else that is the end.

        `on_final` is called on the line's thread after a step that changed what is final of the transcript, with
        the ids of what changed or left; `on_over` when nothing will change it any more: before anything is waited for.
        `sounds`, `before_speech`: see `EffectRunner`.
        """
        self._conversation = conversation
        self._dialler = dialler
        self._listener = listener
        self._now_ms = now_ms
        self._on_status = on_status
        self._sounds = sounds
        self._effects = EffectRunner(speaker, listener, now_ms, self._find, self._status_changed, sounds, before_speech)
        self._on_final = on_final
        self._on_over = on_over
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._switching: asyncio.Task[None] | None = None
        self._left: list[Dialler] = []  # diallers of services that were left, and not yet hung up
        self._stirred = asyncio.Event()  # something else is wanted than what is waited for
        self._repair = LineRepair(backoff, reconnect_s, stays_offline=stays_offline)
        self._roll_over = RollOver(self._tend_limit)
        self._goodbyes = Goodbyes(self._task_ended)
        self._waiting: list[Step] = []
        self._gate = threading.Lock()  # over _loop and _waiting, while the loop begins and ends
        self._guard = threading.RLock()  # over the conversation: this thread changes it, others may read its entries
        self._timer = DeadlineTimer(now_ms, self._time_passed)
        self._is_over = False
        self._fault: BaseException | None = None

    # ---------------------------------------------------------------- from any thread

    def post(self, step: Step) -> None:
        """Let this happen to the conversation, in the order of the calls; also before the loop runs."""
        with self._gate:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._happen, step)
            elif not self._is_over:
                self._waiting.append(step)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The transcript as it is now."""
        with self._guard:
            return self._conversation.entries

    @property
    def status(self) -> Status:
        """The conversation's status as it is now."""
        with self._guard:
            return self._conversation.status

    def renew(self, change: SessionChange) -> None:
        """Go on in a new session with these settings changed; the text is carried over. From any thread."""
        self._soon(lambda: self._renew(change))
        self._soon(lambda: self._remark(_RENEWED))

    @property
    def dialler(self) -> Dialler:
        """The way to the service that is talked with."""
        return self._dialler

    def switch(self, dialler: Dialler, change: SessionChange) -> None:
        """Go on with another service, once it has answered; until then, and where it does not, with this one.

        From any thread.
        """
        self._soon(lambda: self._switch(dialler, change))

    def _switch(self, dialler: Dialler, change: SessionChange) -> None:
        if self._switching is not None and not self._switching.done():
            self._switching.cancel()  # the last word counts
        self._switching = asyncio.create_task(self._go_on_with(dialler, change))
        self._switching.add_done_callback(self._task_ended)

    async def _go_on_with(self, dialler: Dialler, change: SessionChange) -> None:
        try:
            connection = await dialler.dial()
        except BaseException as error:
            await dialler.hang_up()
            if not isinstance(error, ServiceFailure):
                raise
            self._listener(Notice(f"The talk goes on with {self._dialler.label}: {error}", Severity.ERROR))
            return
        self._left.append(self._dialler)
        self._dialler = Dialled(dialler, connection)
        await self._roll_over.hang_up()  # what waits leads to the service that is left
        self._renew(change)
        text = f"The talk goes on with {dialler.label}."
        self._listener(Notice(text, is_remarked=True))
        self._remark(text)

    def _renew(self, change: SessionChange) -> None:
        """From now on everything happens to the successor; the old session's task ends when it sees that."""
        if self._repair.is_waiting:
            self._happen(Conversation.cut)
        else:
            self._finish_session()
        self._replace(change)
        self._effects.run(StatusChanged(self._conversation.status))
        self._stirred.set()

    def _finish_session(self) -> None:
        """What was said until now is all there is of this session."""
        self._happen(Conversation.lost)

    def close(self) -> None:
        """Let `run` return."""
        with self._gate:
            self._is_over = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        self._closing.set()
        self._stirred.set()

    def run(self) -> None:
        """Dial, talk, hang up. Blocks; ends with an Ended event, or raises a fault of the program."""
        with self._dialler.take_loop() as runner:
            ended = runner.run(self._main())
        if self._fault is not None:
            raise self._fault
        self._listener(ended)

    # ---------------------------------------------------------------- on the loop

    async def _main(self) -> Ended:
        with self._gate:
            is_over = self._is_over
            self._loop = None if is_over else asyncio.get_running_loop()
            waiting, self._waiting = self._waiting, []
        try:
            if is_over:
                return Ended()
            self._listener(StatusChanged(self._conversation.status))
            for step in waiting:
                self._happen(step)
            return await self._converse()
        finally:
            await self._end()

    async def _converse(self) -> Ended:
        """One session after the other, until the last one ends."""
        while not self._closing.is_set():
            self._stirred.clear()
            if self._repair.is_given_up or self._now_ms() < self._repair.due_ms:
                wait_s = None if self._repair.is_given_up else (self._repair.due_ms - self._now_ms()) / 1000
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), wait_s)
                continue
            failed = await self._until_over()
            if failed is None:
                continue
            if not self._repair.may_go_on(failed, self._now_ms()):
                self._finish_session()
                self._remark(str(failed))
                return ended_by(failed)
            self._plan(failed)
        self._finish_session()
        return Ended()

    async def _until_over(self) -> ServiceFailure | None:
        """One connection, until it fails, or is not wanted any more."""
        talking, stirring = asyncio.create_task(self._talk()), asyncio.create_task(self._stirred.wait())
        try:
            await asyncio.wait({talking, stirring}, return_when=asyncio.FIRST_COMPLETED)
            if self._stirred.is_set():
                if self._closing.is_set():
                    self._finish_session()  # at once, however long the goodbye takes
                return None
            error = talking.exception()
            if isinstance(error, ServiceFailure) or error is None:
                return error
            raise error
        finally:
            stirring.cancel()
            talking.cancel()
            await asyncio.wait({talking})
            while self._left:
                await self._left.pop().hang_up()
            if not talking.cancelled():
                talking.exception()  # of a session that is over either way

    # ---------------------------------------------------------------- a line that broke

    def _remark(self, text: str) -> None:
        self._happen(lambda talk, now_ms: talk.remark(text, now_ms))

    def _plan(self, failed: ServiceFailure) -> None:
        """The line broke, or could not be made again: when the next attempt is made."""
        now_ms = self._now_ms()
        if (why := self._repair.broke(failed, now_ms)) is not None:
            self._happen(lambda talk, at_ms: talk.cut(at_ms, why, is_at_limit=self._repair.is_after_limit))
            self._replace(SessionChange())
        if self._repair.plan(failed, now_ms):
            self._happen(lambda talk, at_ms: talk.retry_at(self._repair.due_ms, at_ms))
        else:
            self._give_up()

    def _replace(self, change: SessionChange, *, is_seamless: bool = False) -> None:
        """From now on everything happens to a successor; the old session's task ends when it sees that."""
        self._effects.begin_session()
        self._roll_over.session_over()
        with self._guard:
            self._conversation = self._conversation.successor(
                change,
                seed=secrets.token_hex(5),
                capabilities=self._dialler.capabilities,
                is_seamless=is_seamless,
            )

    def retry(self) -> None:
        """Make a broken line now, also one that was given up. From any thread; nothing where the line stands."""
        self._soon(self._retry_now)

    def give_up(self) -> None:
        """Do not make a broken line again by itself. From any thread; nothing where the line stands."""
        self._soon(self._give_up)

    def _retry_now(self) -> None:
        if self._repair.retry(self._now_ms()):
            self._happen(lambda talk, now_ms: talk.retry_at(now_ms, now_ms))
            self._stirred.set()

    def _give_up(self) -> None:
        if self._repair.give_up():
            self._happen(Conversation.give_up)
            self._stirred.set()

    def _stands(self) -> None:
        """The service answered: what was lost is found."""
        if back := self._repair.stands(self._now_ms()):
            self._remark(back)

    # ---------------------------------------------------------------- a session that nears its limit

    def _tend_limit(self) -> None:
        is_up = not (self._repair.is_waiting or self._closing.is_set())
        if is_up and self._roll_over.is_due(self._dialler, self._conversation):
            self._happen(Conversation.cut)
            self._replace(SessionChange(), is_seamless=True)
            self._remark(WENT_ON)
            self._stirred.set()

    async def _dial(self) -> Connection:
        """The connection that was made for this, if it still stands; else a new one."""
        if self._repair.is_waiting and not self._repair.is_after_limit:
            await self._roll_over.hang_up()  # what broke the one may have broken the other
        return await self._roll_over.take() or await self._dialler.dial()

    def _soon(self, act: Callable[[], None]) -> None:
        with self._gate:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(act)

    async def _end(self) -> None:
        self._timer.cancel()
        self._effects.flush()
        with self._gate:
            self._loop, self._is_over = None, True
        self._on_over()
        if self._switching is not None:
            self._switching.cancel()
            await asyncio.wait({self._switching})
        await self._roll_over.hang_up()
        await self._goodbyes.all_said()
        for dialler in (*self._left, self._dialler):
            await dialler.hang_up()

    async def _talk(self) -> None:
        ours, outbox = self._conversation, self._effects.outbox
        connection = await self._dial()
        connection.tell_skipped_to(lambda: self._listener(Notice(_SKIPPED, Severity.WARNING)))
        if not connection.service.is_loopback:  # what this machine takes to reach itself says nothing
            connection.tell_round_trip_to(self._measured)
        connection.tell_dialect_to(lambda sentence: self._listener(Notice(sentence, Severity.INFORMATION)))
        sending = asyncio.create_task(outbox.send_all(connection))
        sending.add_done_callback(self._task_ended)
        try:
            if self._conversation is ours:
                self._happen(lambda conversation, now_ms: conversation.connected(connection.created, now_ms))
                self._stands()
            async for event in connection:
                if self._conversation is not ours:
                    return
                self._sounds.received(event)
                self._happen(received(event, connection.advice_on(event)))
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            if self._conversation is ours or self._left:
                await connection.close()  # before its dialler hangs up
            else:
                self._goodbyes.say(connection)

    def _measured(self, round_trip_s: float) -> None:
        self._happen(lambda conversation, now_ms: conversation.measured(round(round_trip_s * 1000), now_ms))

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """A fault of the program: the conversation ends, and `run` raises it. On the loop only, which would hide it."""
        self._fault = self._fault or error
        self._close()

    def later(self, delay_ms: float, step: Step) -> None:
        """Let this happen after a while, unless the conversation ends before. On the loop only."""
        if self._loop is not None:
            self._loop.call_later(max(0.0, delay_ms) / 1000, self._happen, step)

    def _happen(self, step: Step) -> None:
        try:
            with self._guard:
                for effect in step(self._conversation, self._now_ms()):
                    self._effects.run(effect)
                self._timer.set(self._loop, earliest(self._conversation.deadline_ms, self._effects.due_ms))
            if self._roll_over.is_known:
                self._tend_limit()
            if news := self._effects.take_final_news():
                self._on_final(self._conversation.transcript, news)  # no guard: a slow disk keeps no screen waiting
        except Exception as error:
            self._fail(error)

    def _find(self, item_id: str) -> EntryChanged | None:
        return self._conversation.find(item_id)

    def _status_changed(self, changed: StatusChanged) -> None:
        if self._repair.is_wanted and self._loop:
            self._roll_over.learn(changed.status.expires_at, self._loop)
        self._on_status(changed)

    def _time_passed(self) -> None:
        self._effects.tick()
        self._happen(Conversation.tick)
