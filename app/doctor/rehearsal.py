"""A short conversation with the service, by the program's own rules: which settings it takes, one question in writing,
and one that is spoken, which it writes down. What it costs is said.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from msgspec import UnsetType
from msgspec.structs import replace

from app.audio.example import CLIPS, load
from app.audio.pcm import WIRE_RATE_HZ, ms_to_bytes, to_pcm16
from app.audio.resampling import resample
from app.connection.client import Connection
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, Notice, Send
from app.conversation.prices import PriceList
from app.conversation.session import Mode, SessionSettings, differences
from app.conversation.standing import Standing
from app.conversation.status import State
from app.conversation.transcript import Entry, Party
from app.conversation.usage import cost_text
from app.doctor.finding import Finding, Step, note, ok, problem
from app.protocol.server_events import ServerEvent
from app.protocol.text import one_line
from app.settings import SETTINGS

SETTINGS_TAKEN: Final = "settings taken"
ANSWER: Final = "answer"
TRANSCRIPTION: Final = "transcription"

_QUESTION: Final = "What is two plus three?"
_CLIP: Final = CLIPS[1]
_CHUNK_MS: Final = 20
_SETTLED_WITHIN_S: Final = 15.0
_ANSWER_WITHIN_S: Final = 60.0
"""A language model on a small machine may have to be loaded first."""
_WORDS_AFTER_ANSWER_S: Final = 4.0
"""Words often come after the answer has begun, and hardly ever so long after it is over."""
_TRY_FEWER: Final = "See whether the service speaks this protocol, and in which dialect (REALTIME_DIALECT)."
_SHOWN_CHARS: Final = 80
_ALIKE: Final = 0.6


class _NoVoice:
    """Nothing sounds: nobody is there to hear it."""

    def silence(self) -> dict[str, int]:
        return {}


class Rehearsal:
    """One conversation over one open line, driven step by step."""

    def __init__(self, line: Connection, settings: SessionSettings, prices: PriceList) -> None:
        self._line = line
        self.talk = Conversation(
            settings,
            _NoVoice(),
            seed="doctor",
            prices=prices,
            capabilities=line.service.capabilities,
            chosen=differences(SessionSettings(), settings),
        )
        self._events = aiter(line)
        self._next: asyncio.Task[ServerEvent | None] | None = None
        self._began_s = asyncio.get_running_loop().time()
        self._ahead_ms = 0.0  # what is spoken takes no time here
        self._notices: list[str] = []

    @property
    def now_ms(self) -> int:
        """The conversation's clock."""
        return round((asyncio.get_running_loop().time() - self._began_s) * 1000 + self._ahead_ms)

    @property
    def last_notice(self) -> str:
        """What the conversation had to tell last; empty where that was nothing."""
        return self._notices[-1] if self._notices else ""

    async def do(self, effects: list[Effect]) -> None:
        """Carry out what the conversation wants. Raises ServiceFailure."""
        for effect in effects:
            match effect:
                case Send(event):
                    await self._line.send(event)
                case Notice(text):
                    self._notices.append(text)
                case _:
                    pass  # shown or heard by nobody

    async def until(self, is_so: Callable[[], bool], within_s: float) -> bool:
        """Let the service talk until it is so; whether that came in time. Raises ServiceFailure."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        while not is_so() and loop.time() < end_s:
            if self._next is None:
                self._next = asyncio.create_task(self._receive())
            deadline_ms = self.talk.deadline_ms
            due_s = within_s if deadline_ms is None else max(0.0, deadline_ms - self.now_ms) / 1000
            done, _ = await asyncio.wait({self._next}, timeout=min(due_s, end_s - loop.time()))
            if not done:
                await self.do(self.talk.tick(self.now_ms))
                continue
            event, self._next = self._next.result(), None
            if event is None:
                return False
            await self.do(self.talk.receive(event, self.now_ms))
        return is_so()

    async def speak(self, pcm: bytes) -> None:
        """Say this into the microphone, as one turn. Raises ServiceFailure."""
        talk, step = self.talk, ms_to_bytes(_CHUNK_MS)
        await self.do(talk.talk_key(self.now_ms))
        for at in range(0, len(pcm), step):
            self._ahead_ms += _CHUNK_MS
            await self.do(talk.captured(pcm[at : at + step], self.now_ms, 1.0, self.now_ms))
        await self.do(talk.talk_key(self.now_ms))
        self._ahead_ms += _CHUNK_MS
        await self.do(talk.captured(bytes(step), self.now_ms, 0.0, self.now_ms))

    @property
    def is_waiting_for_answer(self) -> bool:
        """An answer is expected, or under way."""
        status = self.talk.status
        return status.is_response_active or status.state is State.THINKING

    def last(self, speaker: Party) -> Entry | None:
        """What this party said last, once it is final."""
        entry = next((entry for entry in reversed(self.talk.entries) if entry.speaker is speaker), None)
        return entry if entry is not None and entry.is_final else None

    async def _receive(self) -> ServerEvent | None:
        return await anext(self._events, None)


async def rehearse(
    line: Connection, settings: SessionSettings, prices: PriceList, remedy: str
) -> AsyncIterator[Finding | Step]:
    """What the service does with settings, a question and speech. `remedy`: what to look at where it does not answer.

    Raises ServiceFailure when the line ends.
    """
    talk = Rehearsal(line, settings, prices)
    yield Step(SETTINGS_TAKEN)
    await talk.do(talk.talk.connected(line.created, talk.now_ms))
    is_ready = await talk.until(lambda: talk.talk.status.state is not State.CONNECTING, _SETTLED_WITHIN_S)
    yield _settings_taken(talk, is_ready)
    if not is_ready:
        return
    yield Step(ANSWER)
    yield await _asked(talk, remedy)
    yield Step(TRANSCRIPTION)
    yield await _written_down(talk, line.service.hint or "")


def _settings_taken(talk: Rehearsal, is_ready: bool) -> Finding:
    if not is_ready:
        why = talk.last_notice or f"nothing came within {_SETTLED_WITHIN_S:g} s"
        return problem(SETTINGS_TAKEN, f"The service does not take the settings: {one_line(why)}", _TRY_FEWER)
    by_standing: dict[Standing, list[str]] = {}
    standings = talk.talk.status.standings
    for name, each in standings.items():
        value = "" if isinstance(each.value, UnsetType) else f" ({one_line(str(each.value), 40)})"
        by_standing.setdefault(each.standing, []).append(_title(name) + value * (each.standing is Standing.DIFFERENT))
    parts = [
        f"{words} {', '.join(found)}" for standing, words in _NOT_TAKEN.items() if (found := by_standing.get(standing))
    ]
    if not parts:
        return note(SETTINGS_TAKEN, talk.last_notice) if talk.last_notice else ok(SETTINGS_TAKEN, "All of them.")
    why = next((one_line(each.why) for each in standings.values() if each.standing is Standing.REFUSED), "")
    return note(SETTINGS_TAKEN, f"Not all: {'; '.join(parts)}{f': {why}' if why else '.'}")


_NOT_TAKEN: Final[Mapping[Standing, str]] = {
    Standing.DIFFERENT: "it keeps its own",
    Standing.WAITING: "it did not answer about",
    Standing.UNKNOWN: "it does not say whether it took",
    Standing.REFUSED: "it refused",
}
"""What is refused comes last, since the service's words about it follow."""


def _title(name: str) -> str:
    return SETTINGS[name].about.title if name in SETTINGS else name.replace("_", " ")


async def _asked(talk: Rehearsal, remedy: str) -> Finding:
    """A question in writing, answered as the settings say."""
    began_ms = talk.now_ms
    await talk.do(talk.talk.speak_text(_QUESTION, began_ms))
    is_answered = await talk.until(lambda: not talk.is_waiting_for_answer, _ANSWER_WITHIN_S)
    entry = talk.last(Party.ASSISTANT)
    if not is_answered or entry is None or not entry.text:
        why = (entry.note if entry else "") or talk.last_notice or f"nothing came within {_ANSWER_WITHIN_S:g} s"
        return problem(ANSWER, f"The service did not answer: {one_line(why)}", remedy)
    seconds = (talk.now_ms - began_ms) / 1000
    sound = f", {entry.received_ms / 1000:.1f} s of speech" if entry.received_ms else ""
    spending = talk.talk.status.spending
    tokens = f"; {spending.tokens.total:,} tokens" if spending.tokens.total else ""
    cost = f", {cost}" if (cost := cost_text(spending)) else ""
    return ok(ANSWER, f'"{_QUESTION}" "{one_line(entry.text, _SHOWN_CHARS)}" in {seconds:.1f} s{sound}{tokens}{cost}.')


async def _written_down(talk: Rehearsal, hint: str) -> Finding:
    """A spoken question of the example's."""
    if talk.talk.status.settings.transcription_model is None:
        return note(TRANSCRIPTION, "Not asked for, so that what you say is heard but not written down.", hint)
    samples, rate_hz = load(_CLIP)
    await talk.speak(to_pcm16(resample(samples, rate_hz, WIRE_RATE_HZ)))

    def is_written() -> bool:
        return (last := talk.last(Party.USER)) is not None and last.is_spoken

    await talk.until(lambda: is_written() or not talk.is_waiting_for_answer, _ANSWER_WITHIN_S)
    await talk.until(is_written, _WORDS_AFTER_ANSWER_S)
    entry = talk.last(Party.USER)
    if entry is None or not entry.is_spoken or not entry.text:
        why = (entry.note if entry and entry.is_spoken else "") or talk.last_notice or "no words came"
        remedy = "Name another model with REALTIME_TRANSCRIPTION_MODEL, or `off`."
        return problem(TRANSCRIPTION, f"What was spoken was not written down: {one_line(why)}", hint or remedy)
    text = f'"{_CLIP.text}" was written down as "{one_line(entry.text, _SHOWN_CHARS)}".'
    if difflib.SequenceMatcher(None, _letters(entry.text), _letters(_CLIP.text)).ratio() < _ALIKE:
        return note(TRANSCRIPTION, text, "Set REALTIME_LANGUAGE if it guesses the language, or another model.")
    return ok(TRANSCRIPTION, text)


def _letters(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold())


def rehearsed(settings: SessionSettings, *, in_writing: bool) -> SessionSettings:
    """The settings for it: turns end when they are over, and an answer in writing costs least."""
    output = "text" if in_writing else settings.output
    return replace(settings, mode=Mode.PUSH_TO_TALK, output=output)
