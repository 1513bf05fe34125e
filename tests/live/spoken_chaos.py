"""Cuts at random moments of a spoken and typed conversation: `python -m tests.live.spoken_chaos [CUTS] [SEED] [TURNS]`.

Short talks with as many cuts, then a long one with so many turns.

The line is cut while it is made, at any event in either direction (in the middle of a turn's sound, of a delta, at a
truncation), and after random times. What must be so afterwards:

- Every word that the user said stands in the transcript once and in its order, or a note tells that some were lost.
- Every utterance, typed or spoken, has an answer that names it, or a mark.
- What stands of an answer is how the service began it; all of it where the service had gone on.
- An answer that the user waited for is there once and whole, though it may be cut off and gone on with, or marked at
  its end.
- No session is given an id twice, or told a turn of the user's twice.
- Sessions that are over leave nothing behind in memory, and within a long talk it grows by what is said, no more.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from app.audio.capture import Chunk
from app.audio.files import silent_speaker
from app.connection.services import compatible
from app.conversation.conversation import Conversation
from app.conversation.session import SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Entry, Party
from app.conversation.turns import Turns
from app.launch.compose import PortAudioSystem
from app.live.backoff import Backoff
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from app.live.events import LiveEvent
from tests.live.fakes import HandMicrophone
from tests.live.hearing_service import (
    SILENCE_MS,
    WORD_MS,
    WORDS,
    HearingService,
    named,
    spoken,
)
from tests.live.spoken_judge import Said, judge, told

CUTS_A_TALK = 25
_SHARE = 0.012
_SHARE_OF_TRUNCATIONS = 0.5
_SHARE_BEFORE_AN_ANSWER = 0.08
_SHARE_WITHIN_AN_ANSWER = 0.03
_BEFORE_AN_ANSWER = frozenset(
    {
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.completed",
        "response.create",
        "response.created",
        "response.output_item.added",
    }
)
"""The user has been heard, and nothing of the answer is here."""
_SHARE_OF_TIMED = 0.2
_SHARE_OF_HANDSHAKES = 0.15
_LONGEST_S = 2.0
_MOST_GROWTH_KB = 256
_STEADY_AFTER = 20
"""Turns of a long talk; by then all has been loaded, and every ring is full."""
_MOST_KB_A_TURN = 8.0
"""Beyond that: an utterance and its answers as entries, their words, and what is remembered of their items."""
_WAITS_S = 8.0
"""The user waits so long for an answer, and then says the next thing."""
_SETTLES_S = 10.0
_WRITTEN_AFTER_S = (0.0, 0.0, 0.3, 1.5)
"""So long the service takes for the words of a turn; the longest lets an impatient user talk over the answer."""
_SILENT = bytes(len(spoken(0, 0)))
_QUIET = (State.LISTENING, State.READY)


@dataclass
class Cutter:
    """Cuts so many times, each at a moment of its own."""

    left: int
    drawn: random.Random
    made: Counter[str] = field(default_factory=Counter)
    is_on: bool = False
    """The line has stood: one that cannot be made at first is the end, and no loss."""

    async def at(self, socket: ServerConnection, kind: str) -> bool:
        """An event, in one direction or the other."""
        share = _SHARE / 5 if kind == "input_audio_buffer.append" else _SHARE
        if kind == "conversation.item.truncate":
            share = _SHARE_OF_TRUNCATIONS
        elif kind in _BEFORE_AN_ANSWER:
            share = _SHARE_BEFORE_AN_ANSWER
        elif kind == "response.output_audio_transcript.delta":
            share = _SHARE_WITHIN_AN_ANSWER
        return self.cut(socket, kind) if self.drawn.random() < share else False

    def cut(self, socket: ServerConnection, kind: str) -> bool:
        if not (self.is_on and self.left) or socket.transport.is_closing():
            return False
        self.left -= 1
        self.made[kind] += 1
        socket.transport.abort()
        return True

    async def greet(self, socket: ServerConnection, _: Request) -> Response | None:
        """Before the upgrade is answered."""
        if self.drawn.random() < _SHARE_OF_HANDSHAKES:
            self.cut(socket, "handshake")
        elif self.drawn.random() < _SHARE_OF_TIMED:
            delay_s = self.drawn.uniform(0, _LONGEST_S)
            asyncio.get_running_loop().call_later(delay_s, self.cut, socket, "after a time")
        return None


class User:
    """Speaks at the speed of time, mostly waits for the answer, sometimes interrupts it, now and then types."""

    def __init__(self, live: LiveConversation, clock_zero_s: float, drawn: random.Random) -> None:
        self._live, self._zero_s, self._drawn = live, clock_zero_s, drawn
        self._due_s = time.monotonic()
        self.said = Said()

    def utter(self, number: int) -> None:
        if self._drawn.random() < 0.2:
            self.said.typed.append(number)
            self._live.say(f"u{number} typed")
        else:
            self.said.spoken.append(number)
            for word in range(WORDS):
                self._hear(spoken(number, word), 1.0)
        patience_s = self._drawn.choice((0.5, 0.7, _WAITS_S, _WAITS_S))
        if patience_s < _WAITS_S:
            self.said.hasty.add(number)
        self.be_quiet(patience_s, lambda: self._is_answered(number))

    def be_quiet(self, longest_s: float, is_enough: Callable[[], bool]) -> None:
        """For as long as a turn's end takes at least."""
        for step in range(round(longest_s * 1000 / WORD_MS)):
            self._hear(_SILENT, 0.0)
            if step * WORD_MS > SILENCE_MS * 2 and step % 5 == 0 and is_enough():
                return

    def _is_answered(self, number: int) -> bool:
        if self._live.status.state not in _QUIET:
            return False
        return any(number in named(entry.text) for entry in self._live.entries if entry.speaker is Party.ASSISTANT)

    def _hear(self, pcm: bytes, voice: float) -> None:
        self._due_s += WORD_MS / 1000
        time.sleep(max(0.0, self._due_s - time.monotonic()))
        now_ms = (self._due_s - self._zero_s) * 1000
        self._live.captured(Chunk(pcm, now_ms, -20.0 if voice else -80.0, voice))


# ---------------------------------------------------------------- a talk


@dataclass
class Talked:
    """How one conversation went."""

    wrong: list[str]
    entries: tuple[Entry, ...]
    figures: str


def talk(seed: int, cuts: int, turns: int = 0) -> Talked:
    """One conversation, until the line was cut so many times and stands again, and so many turns were taken."""
    drawn = random.Random(seed)
    cutter = Cutter(cuts, random.Random(seed + 1))
    written_late = random.Random(seed + 2)
    service = HearingService(cutter.at, write_s=lambda: written_late.choice(_WRITTEN_AFTER_S))
    talked: list[Talked] = []

    def converse(url: str) -> None:
        faults: list[BaseException] = []
        number, steady, grown = 0, 0.0, 0.0
        zero_s = time.monotonic()
        live = LiveConversation(
            dialler=ServiceDialler(compatible(url, transcription_model="m"), None),
            settings=SessionSettings(silence_ms=SILENCE_MS, transcription_model="m"),
            microphone=HandMicrophone(),
            speaker=silent_speaker(),
            listener=_ignore,
            system=PortAudioSystem(),
            greets=False,
            backoff=Backoff(seed, first_ms=20, longest_ms=400),
            reconnect_s=3600,
            stays_offline=True,
        )
        workers = [threading.Thread(target=_watched, args=(work, faults)) for work in (live.run_line, live.run_sound)]
        for worker in workers:
            worker.start()
        user = User(live, zero_s, drawn)
        try:
            user.be_quiet(_SETTLES_S, lambda: live.status.state in _QUIET)
            cutter.is_on = True
            for number in count():
                if (not cutter.left and number >= turns) or faults:
                    break
                if number == _STEADY_AFTER and turns:
                    steady = held_by_program_kb()
                user.utter(number)
            user.be_quiet(_SETTLES_S, lambda: live.status.state in _QUIET)
            user.be_quiet(2.0, lambda: False)
        finally:
            entries = live.entries
            if steady:
                grown = (held_by_program_kb() - steady) / (number - _STEADY_AFTER)
            live.close()
            for worker in workers:
                worker.join()
        wrong = judge(entries, user.said, service) + [f"fault: {fault!r}" for fault in faults]
        if grown > _MOST_KB_A_TURN:
            wrong.append(f"it holds {grown:.1f} KiB more with each turn")
        held = f"; {grown:.1f} KiB more held with each turn after {_STEADY_AFTER}" if steady else ""
        figures = (
            f"seed {seed}: {len(service.created)} sessions, {len(user.said.spoken)} spoken and "
            f"{len(user.said.typed)} typed utterances, {told(entries)}; cuts: {dict(cutter.made.most_common())}{held}"
        )
        talked.append(Talked(wrong, entries, figures))

    async def play() -> None:
        async with serve(service, "127.0.0.1", 0, process_request=cutter.greet, close_timeout=0.5) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(converse, f"ws://127.0.0.1:{port}/v1/realtime")

    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a cut handshake is no news here
    asyncio.run(play())
    return talked[0]


def held_by_program_kb() -> float:
    """What the program's own lines have allocated and still hold; the service and the judge are left out."""
    gc.collect()
    taken = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"*{os.sep}app{os.sep}*")])
    return sum(trace.size for trace in taken.traces) / 1024


def _ignore(_: LiveEvent) -> None:
    """Entries and status are looked at."""


def _watched(work: Callable[[], None], faults: list[BaseException]) -> None:
    try:
        work()
    except BaseException as error:
        faults.append(error)


def main() -> int:
    """As many conversations as it takes, each with its seed; the first that goes wrong is told whole."""
    cuts, seed, turns = (int(value) for value in (*sys.argv[1:], *("100", "1", "60")[len(sys.argv) - 1 :]))
    held_kb = list[float]()
    tracemalloc.start()
    shares = [CUTS_A_TALK] * (cuts // CUTS_A_TALK) + [cuts % CUTS_A_TALK] * bool(cuts % CUTS_A_TALK)
    for number, (some, least) in enumerate(
        [*((share, 0) for share in shares), (max(CUTS_A_TALK, turns), turns)], start=seed
    ):
        talked = talk(number, some, least)
        print(talked.figures, flush=True)
        if talked.wrong:
            print("\n".join(f"{entry.speaker.value}: {entry.text} [{entry.note}]" for entry in talked.entries))
            print("\n".join(f"WRONG: {each}" for each in talked.wrong))
            return 1
        del talked
        gc.collect()
        held_kb.append(tracemalloc.get_traced_memory()[0] / 1024)
        left = sum(isinstance(each, (Conversation, Turns)) for each in gc.get_objects())
        print(f"  held afterwards: {held_kb[-1]:.0f} KiB, {left} sessions' parts")
        if left:
            print("WRONG: sessions that are over are still held")
            return 1
        if held_kb[-1] > held_kb[0] + _MOST_GROWTH_KB:
            print(f"WRONG: it holds {held_kb[-1] - held_kb[0]:.0f} KiB more than after the first conversation")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
