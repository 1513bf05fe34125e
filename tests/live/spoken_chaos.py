"""Cuts at random moments of a spoken and typed conversation: `python -m tests.live.spoken_chaos [CUTS] [SEED]`.

The line is cut while it is made, at any event in either direction (in the middle of a turn's sound, of a delta, at a
truncation), and after random times. What must be so afterwards:

- Every word that the user said stands in the transcript once and in its order, or a note tells that some were lost.
- Every utterance, typed or spoken, has an answer that names it, or a mark.
- What stands of an answer is how the service began it; all of it where the service had gone on.
- An answer that the user waited for is there once and whole, though it may be cut off and gone on with, or marked at
  its end.
- No session is given an id twice, or told a turn of the user's twice.
- Sessions that are over leave nothing behind in memory.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import re
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
    PIECES,
    SILENCE_MS,
    WORD_MS,
    WORDS,
    HearingService,
    named,
    pieces,
    spoken,
    written,
)

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
        if not self.left or socket.transport.is_closing():
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


@dataclass
class Said:
    """What the user has said, and how."""

    spoken: list[int] = field(default_factory=list)
    typed: list[int] = field(default_factory=list)
    hasty: set[int] = field(default_factory=set)
    """Of these the user did not wait for the answer."""


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


# ---------------------------------------------------------------- what must be so


def judge(entries: tuple[Entry, ...], said: Said, service: HearingService) -> list[str]:
    """All that is wrong."""
    return [
        *_lost_words(entries, said),
        *_unanswered(entries, said),
        *_in_pieces(entries, said),
        *_misquoted(entries, service),
        *_twice(service),
    ]


def _lost_words(entries: tuple[Entry, ...], said: Said) -> list[str]:
    users = [entry for entry in entries if entry.speaker is Party.USER]
    found = re.findall(r"u\d+w\d+", " ".join(entry.text for entry in users))
    marked = {number for entry in users if entry.note for number in named(entry.text)}
    is_told = any("were lost" in entry.text for entry in entries if not entry.is_turn)
    wrong = [f"{word} stands {times} times" for word, times in Counter(found).items() if times > 1]
    if found != sorted(found, key=lambda word: [int(part) for part in re.findall(r"\d+", word)]):
        wrong.append(f"words out of order: {found}")
    for number in said.spoken:
        missing = [word for word in range(WORDS) if written(number, word) not in found]
        if missing and number not in marked and not is_told:
            wrong.append(f"u{number}: words {missing} are lost")
    for number in said.typed:
        times = sum(f"u{number} typed" in entry.text for entry in users)
        if times != 1:
            wrong.append(f"u{number}, typed, stands {times} times")
    return wrong


def _unanswered(entries: tuple[Entry, ...], said: Said) -> list[str]:
    answers = [entry for entry in entries if entry.speaker is Party.ASSISTANT]
    wrong = []
    for number in sorted([*said.spoken, *said.typed]):
        own = [entry for entry in answers if number in named(entry.text)]
        marked = any(entry.note for entry in entries if entry.speaker is Party.USER and number in named(entry.text))
        if not own and not marked and not (number in said.hasty and _is_talked_over(number, entries)):
            wrong.append(f"u{number} has no answer and no mark")
        if len(own) > 1 and not all(entry.note or entry.is_interrupted for entry in own[:-1]):
            wrong.append(f"u{number} is answered {len(own)} times: {[entry.text for entry in own]}")
    return wrong


def _in_pieces(entries: tuple[Entry, ...], said: Said) -> list[str]:
    """Answers that the user did not interrupt, of which pieces are missing without a mark, or stand twice."""
    wrong = []
    for number in sorted({*said.spoken, *said.typed} - said.hasty):
        own = [entry for entry in entries if entry.speaker is Party.ASSISTANT and number in named(entry.text)]
        if not own or any(entry.is_interrupted for entry in own):
            continue
        came = [piece for entry in own for piece in pieces(entry.text)]
        if came != sorted(set(came)) or (came != list(range(1, PIECES)) and not own[-1].note):
            wrong.append(f"u{number} was answered in pieces {came}: {[(entry.text, entry.note) for entry in own]}")
    return wrong


def _told(entries: tuple[Entry, ...]) -> str:
    """How they were answered, in figures."""
    answers = [entry for entry in entries if entry.speaker is Party.ASSISTANT]
    marked, stopped = sum(bool(entry.note) for entry in answers), sum(entry.is_interrupted for entry in answers)
    waited = sum(_is_talked_over(number, entries) for number in named(" ".join(entry.text for entry in entries)))
    rests = sum(entry.text.startswith("Rest") for entry in answers)
    return (
        f"{len(answers)} answers ({marked} marked, {rests} gone on with, {stopped} interrupted), {waited} talked over"
    )


def _is_talked_over(number: int, entries: tuple[Entry, ...]) -> bool:
    """The user went on before anything of the answer was there: then nobody owes one to what was said before."""
    turns = [entry for entry in entries if entry.is_turn]
    asked = [at for at, turn in enumerate(turns) if turn.speaker is Party.USER and number in named(turn.text)]
    last = max(asked, default=len(turns))
    return last + 1 < len(turns) and turns[last + 1].speaker is Party.USER


def _misquoted(entries: tuple[Entry, ...], service: HearingService) -> list[str]:
    wrong = []
    told = {entry.item_id: entry for entry in entries}
    wrong += [
        f"{entry.text!r} was never said: {service.answers[entry.item_id].text!r}"
        for entry in entries
        if entry.speaker is Party.ASSISTANT and not service.answers[entry.item_id].text.startswith(entry.text)
    ]
    for item_id, answer in service.answers.items():
        is_there = item_id in told and told[item_id].text == answer.text
        if answer.is_whole and answer.went_on and not is_there:
            wrong.append(f"{answer.text!r} stands as {told[item_id].text if item_id in told else None!r}")
    return wrong


def _twice(service: HearingService) -> list[str]:
    wrong = []
    for number, (ids, texts) in enumerate(zip(service.created, service.texts, strict=True)):
        if again := [item_id for item_id, times in Counter(ids).items() if times > 1]:
            wrong.append(f"session {number}: ids given twice: {again}")
        if again := [text for text, times in Counter(texts).items() if times > 1]:
            wrong.append(f"session {number}: told twice: {again}")
    return wrong


# ---------------------------------------------------------------- a talk


@dataclass
class Talked:
    """How one conversation went."""

    wrong: list[str]
    entries: tuple[Entry, ...]
    figures: str


def talk(seed: int, cuts: int) -> Talked:
    """One conversation, until the line was cut so many times and stands again."""
    drawn = random.Random(seed)
    cutter = Cutter(cuts, random.Random(seed + 1))
    written_late = random.Random(seed + 2)
    service = HearingService(cutter.at, write_s=lambda: written_late.choice(_WRITTEN_AFTER_S))
    talked: list[Talked] = []

    def converse(url: str) -> None:
        faults: list[BaseException] = []
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
            for number in count():
                if not cutter.left or faults:
                    break
                user.utter(number)
            user.be_quiet(_SETTLES_S, lambda: live.status.state in _QUIET)
            user.be_quiet(2.0, lambda: False)
        finally:
            entries = live.entries
            live.close()
            for worker in workers:
                worker.join()
        wrong = judge(entries, user.said, service) + [f"fault: {fault!r}" for fault in faults]
        figures = (
            f"seed {seed}: {len(service.created)} sessions, {len(user.said.spoken)} spoken and "
            f"{len(user.said.typed)} typed utterances, {_told(entries)}; cuts: {dict(cutter.made.most_common())}"
        )
        talked.append(Talked(wrong, entries, figures))

    async def play() -> None:
        async with serve(service, "127.0.0.1", 0, process_request=cutter.greet, close_timeout=0.5) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(converse, f"ws://127.0.0.1:{port}/v1/realtime")

    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a cut handshake is no news here
    asyncio.run(play())
    return talked[0]


def _ignore(_: LiveEvent) -> None:
    """Entries and status are looked at."""


def _watched(work: Callable[[], None], faults: list[BaseException]) -> None:
    try:
        work()
    except BaseException as error:
        faults.append(error)


def main() -> int:
    """As many conversations as it takes, each with its seed; the first that goes wrong is told whole."""
    cuts, seed = (int(value) for value in (*sys.argv[1:], *("100", "1")[len(sys.argv) - 1 :]))
    held_kb = list[float]()
    tracemalloc.start()
    for number in count(seed):
        some = min(cuts, CUTS_A_TALK)
        talked = talk(number, some)
        cuts -= some
        print(talked.figures)
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
        if cuts <= 0:
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
