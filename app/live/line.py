"""The socket worker: one thread with its own event loop, the owner of the conversation.

Everything that happens reaches it as a call on its loop; the conversation says what is to be done, and it is done
here, in order. Nothing else touches the conversation, so nothing there needs a lock.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from functools import partial

from app.connection.failures import FailureKind, ServiceFailure
from app.connection.outbox import Outbox
from app.conversation.conversation import Conversation
from app.conversation.effects import (
    Duck,
    Effect,
    EntryChanged,
    EntryRemoved,
    FinishPlay,
    Interrupted,
    Notice,
    Play,
    Send,
    Severity,
    StatusChanged,
)
from app.conversation.session import SessionChange
from app.conversation.status import Status
from app.conversation.transcript import Entry, Transcript
from app.exit_status import LOST, REFUSED
from app.live.coalescer import Coalescer
from app.live.dialling import Dialler
from app.live.events import Ended, Listener
from app.live.speaker import LastingSpeaker
from app.live.switching import Dialled
from app.protocol.server_events import ServerEvent

_REFUSALS = frozenset(
    {FailureKind.KEY_REFUSED, FailureKind.MODEL_UNKNOWN, FailureKind.QUOTA, FailureKind.PERMISSION, FailureKind.REFUSED}
)

_SKIPPED = "The service sent something that was not understood and is left out; --events FILE keeps it."

Step = Callable[[Conversation, int], list[Effect]]
"""Something that happens to the conversation as it is then, given the time."""


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
    ) -> None:
        """`on_final` is called on the line's thread after a step that changed what is final of the transcript, with
        the ids of what changed or left; `on_over` when nothing will change it any more: before anything is waited for.
        """
        self._conversation = conversation
        self._dialler = dialler
        self._speaker = speaker
        self._listener = listener
        self._now_ms = now_ms
        self._on_status = on_status
        self._on_final = on_final
        self._on_over = on_over
        self._final_news: set[str] = set()
        self._coalescer = Coalescer(self._tell_entries)
        self._outbox = Outbox()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._renewing = asyncio.Event()
        self._switching: asyncio.Task[None] | None = None
        self._left: list[Dialler] = []  # diallers of services that were left, and not yet hung up
        self._waiting: list[Step] = []
        self._gate = threading.Lock()  # over _loop and _waiting, while the loop begins and ends
        self._guard = threading.RLock()  # over the conversation: this thread changes it, others may read its entries
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms: float | None = None  # when it is due
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
        with self._gate:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._renew, change)

    @property
    def dialler(self) -> Dialler:
        """The way to the service that is talked with."""
        return self._dialler

    def switch(self, dialler: Dialler, change: SessionChange) -> None:
        """Go on with another service, once it has answered; until then, and where it does not, with this one.

        From any thread.
        """
        with self._gate:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._switch, dialler, change)

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
        self._renew(change)
        self._listener(Notice(f"The talk goes on with {dialler.label}."))

    def _renew(self, change: SessionChange) -> None:
        """From now on everything happens to the successor; the old session's task ends when it sees that."""
        self._finish_session()
        self._outbox = Outbox()  # what was still to be said was meant for the old session
        with self._guard:
            self._conversation = self._conversation.successor(
                change, self._dialler.capabilities, seed=secrets.token_hex(5)
            )
        self._do(StatusChanged(self._conversation.status))
        self._renewing.set()

    def _finish_session(self) -> None:
        """What was said until now is all there is of this session."""
        self._happen(Conversation.lost)

    def close(self) -> None:
        """Let `run` return."""
        with self._gate:
            self._is_over = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._closing.set)

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
        closing = asyncio.create_task(self._closing.wait())
        while True:
            talking = asyncio.create_task(self._talk())
            renewing = asyncio.create_task(self._renewing.wait())
            try:
                await asyncio.wait({talking, closing, renewing}, return_when=asyncio.FIRST_COMPLETED)
                if closing.done() or not self._renewing.is_set():
                    self._finish_session()
                    ended = self._ended(talking)
                    if ended.why:
                        self._happen(partial(_remark, ended.why))
                    return ended
                self._renewing.clear()
            finally:
                renewing.cancel()
                talking.cancel()
                await asyncio.wait({talking})
                while self._left:
                    await self._left.pop().hang_up()
                if not talking.cancelled():
                    talking.exception()  # of a session that is over either way

    def _ended(self, talking: asyncio.Task[None]) -> Ended:
        if not talking.done():
            return Ended()
        error = talking.exception()
        if error is None:
            return Ended("The service ended the conversation.", LOST)
        if isinstance(error, ServiceFailure):
            return Ended(str(error), REFUSED if error.kind in _REFUSALS else LOST)
        raise error

    async def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._coalescer.flush(self._now_ms())
        with self._gate:
            self._loop, self._is_over = None, True
        self._on_over()
        if self._switching is not None:
            self._switching.cancel()
            await asyncio.wait({self._switching})
        for dialler in (*self._left, self._dialler):
            await dialler.hang_up()

    async def _talk(self) -> None:
        ours, outbox = self._conversation, self._outbox
        connection = await self._dialler.dial()
        connection.tell_skipped_to(lambda: self._listener(Notice(_SKIPPED, Severity.WARNING)))
        if not connection.service.is_loopback:  # what this machine takes to reach itself says nothing
            connection.tell_round_trip_to(self._measured)
        connection.tell_dialect_to(lambda sentence: self._listener(Notice(sentence, Severity.INFORMATION)))
        sending = asyncio.create_task(outbox.send_all(connection))
        sending.add_done_callback(self._task_ended)
        try:
            if self._conversation is ours:
                self._happen(lambda conversation, now_ms: conversation.connected(connection.created, now_ms))
            async for event in connection:
                if self._conversation is not ours:
                    return
                self._happen(partial(_received, event, connection.advice_on(event)))
        finally:
            sending.cancel()
            await asyncio.wait({sending})
            await connection.close()

    def _measured(self, round_trip_s: float) -> None:
        self._happen(lambda conversation, now_ms: conversation.measured(round(round_trip_s * 1000), now_ms))

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """A fault of the program: the conversation ends, and `run` raises it. On the loop only, which would hide it."""
        self._fault = self._fault or error
        self._closing.set()

    def later(self, delay_ms: float, step: Step) -> None:
        """Let this happen after a while, unless the conversation ends before. On the loop only."""
        if self._loop is not None:
            self._loop.call_later(max(0.0, delay_ms) / 1000, self._happen, step)

    def _happen(self, step: Step) -> None:
        try:
            with self._guard:
                for effect in step(self._conversation, self._now_ms()):
                    self._do(effect)
                self._set_timer()
            if self._final_news:
                news, self._final_news = self._final_news, set()
                self._on_final(self._conversation.transcript, news)  # no guard: a slow disk keeps no screen waiting
        except Exception as error:
            self._fail(error)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Send(event):
                self._outbox.put(event)
            case Play(item_id, pcm):
                self._speaker.play(item_id, pcm)
            case FinishPlay(item_id):
                self._speaker.finish(item_id)
            case Duck(gain_db):
                self._speaker.duck(gain_db)
            case EntryChanged(entry):
                if entry.is_final:
                    self._final_news.add(entry.item_id)
                self._coalescer.changed(entry.item_id, self._now_ms())
            case EntryRemoved(item_id):
                self._final_news.add(item_id)
                self._coalescer.removed(item_id)
                self._listener(effect)
            case StatusChanged():
                self._listener(effect)
                self._on_status(effect)
            case Notice() | Interrupted():
                self._listener(effect)

    def _tell_entries(self, item_ids: tuple[str, ...]) -> None:
        found = [changed for item_id in item_ids if (changed := self._conversation.find(item_id))]
        for changed in sorted(found, key=lambda changed: changed.index):  # an index counts on those before it
            self._listener(changed)

    def _set_timer(self) -> None:
        """One timer for whichever of the deadlines comes first."""
        deadlines = [d for d in (self._conversation.deadline_ms, self._coalescer.due_ms) if d is not None]
        deadline_ms = min(deadlines, default=None)
        if self._timer and deadline_ms == self._timer_ms:
            return
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if deadline_ms is not None and self._loop:
            delay_s = max(0.0, deadline_ms - self._now_ms()) / 1000
            self._timer, self._timer_ms = self._loop.call_later(delay_s, self._time_passed), deadline_ms

    def _time_passed(self) -> None:
        self._timer = None
        now_ms = self._now_ms()
        due_ms = self._coalescer.due_ms
        if due_ms is not None and now_ms >= due_ms:
            self._coalescer.flush(now_ms)
        self._happen(Conversation.tick)


def _remark(text: str, conversation: Conversation, now_ms: int) -> list[Effect]:
    return conversation.remark(text, now_ms)


def _received(event: ServerEvent, advice: str, conversation: Conversation, now_ms: int) -> list[Effect]:
    return conversation.receive(event, now_ms, advice)
