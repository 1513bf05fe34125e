"""What the judges in Python have in common. It runs in their environments, so it needs the standard library alone."""

from __future__ import annotations

import array
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

URL = os.environ.get("JUDGED_URL", "")
"""Of the service, path included."""
KEY = os.environ.get("JUDGED_KEY", "")
MODEL = "judge"
VOICES = Path(os.environ.get("JUDGED_VOICES", "."))

RATE_HZ = 24_000
CHUNK_MS = 20
_CHUNK_BYTES = RATE_HZ * CHUNK_MS // 1000 * 2
PATIENCE_S = 60.0
"""For one step of the conversation, on a machine that has other things to do as well."""


def check(name: str, passed: object, found: object = "") -> None:
    """Tell what was looked at and what was found."""
    print(json.dumps({"check": name, "passed": bool(passed), "found": str(found)}), flush=True)


def note(text: str) -> None:
    """For those who want to see how it goes."""
    print(f"{time.monotonic():.2f} {text}", file=sys.stderr, flush=True)


class Microphone:
    """The user: speaks a file when told to, and is silent otherwise, at the speed of time."""

    def __init__(self) -> None:
        self._waiting = b""
        self._quiet = asyncio.Event()
        self._quiet.set()

    def say(self, name: str) -> None:
        """Begin to speak; `name` as in the test data, without its ending."""
        note(f"the user says {name}")
        self._waiting += (VOICES / f"{name}.pcm").read_bytes()
        self._quiet.clear()

    async def is_quiet(self) -> None:
        """Until all is said."""
        await self._quiet.wait()

    async def chunks(self) -> AsyncIterator[bytes]:
        """20 ms of 16 bit mono at 24 kHz each, without end."""
        due = time.monotonic()
        while True:
            chunk, self._waiting = self._waiting[:_CHUNK_BYTES], self._waiting[_CHUNK_BYTES:]
            yield chunk.ljust(_CHUNK_BYTES, b"\0")
            if not self._waiting:
                self._quiet.set()
            due += CHUNK_MS / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class Heard:
    """What the assistant's voice amounts to."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.since = 0.0
        """When its first sound came, monotonic."""

    def add(self, pcm: bytes) -> None:
        """More of it: 16 bit mono at 24 kHz."""
        if not self.pcm:
            self.since = time.monotonic()
        self.pcm += pcm

    def clear(self) -> None:
        """The next answer."""
        self.pcm.clear()

    @property
    def seconds(self) -> float:
        """Of sound."""
        return len(self.pcm) / 2 / RATE_HZ

    def is_sound(self) -> bool:
        """Whether it is more than a click, and not silence."""
        samples = array.array("h", bytes(self.pcm[: len(self.pcm) // 2 * 2]))
        loud = sum(1 for sample in samples[::10] if abs(sample) > 600)
        return self.seconds > 0.5 and loud > len(samples) // 10 * 0.05


class Talk:
    """One conversation of the program that judges; each fills it in by what its own library tells."""

    def __init__(self) -> None:
        self.microphone = Microphone()
        self.heard = Heard()
        self.user_said: dict[str, str] = {}
        """Words by item, in the order in which the items became known."""
        self.assistant_said: dict[str, str] = {}
        self.interruptions = 0
        """How often the library told the application to stop playing."""
        self.answers = 0
        """How many answers have ended, whole or not."""
        self.errors: list[str] = []
        self._changed = asyncio.Event()

    async def write(self, text: str) -> None:
        """Put a written question and ask for an answer."""
        raise NotImplementedError

    async def interrupt(self) -> None:
        """Interrupt as an application does whose stop button was pressed."""
        raise NotImplementedError

    def changed(self) -> None:
        """Something may be true now that is waited for."""
        self._changed.set()

    async def until(self, what: str, is_true: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
        """Whether it became true in time; a failed check where it did not."""
        deadline = time.monotonic() + patience_s
        while not is_true():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.01, min(0.25, deadline - time.monotonic())))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    check(f"waiting for {what}", False, f"not within {patience_s:.0f} s; heard: {self.last_answer()}")
                    return False
        return True

    def last_answer(self) -> str:
        """What the assistant said last."""
        return list(self.assistant_said.values())[-1] if self.assistant_said else ""

    def everything(self, said: dict[str, str]) -> str:
        """All that one side said."""
        return " | ".join(said.values())

    async def is_heard(self) -> None:
        """Let the answer be played to its end."""
        await asyncio.sleep(max(0.0, self.heard.since + self.heard.seconds - time.monotonic()))


async def speak_and_be_heard(talk: Talk, *, tells_of_interruptions: bool = True) -> None:
    """The spoken part: a question, an interruption while the answer is still made, one while it is only played."""
    talk.microphone.say("question_joe")
    await talk.until("an answer to the spoken question", lambda: says(talk.last_answer(), "391") and talk.answers)
    user = talk.everything(talk.user_said)
    check("the user's words come back", says(user, "seventeen", "17"), user)
    check("the answer comes in words", says(talk.last_answer(), "391"), talk.last_answer())
    check("the answer sounds", talk.heard.is_sound(), f"{talk.heard.seconds:.1f} s")
    await talk.is_heard()

    for when, pause_s in (("at its beginning", 0.0), ("in its middle", 1.5)):
        talk.heard.clear()
        talk.microphone.say("story_joe")
        if not await talk.until("a story", lambda: talk.heard.pcm):
            return
        await asyncio.sleep(pause_s)
        before, known = talk.interruptions, len(talk.assistant_said)
        talk.microphone.say("stop_joe")
        if tells_of_interruptions:
            await talk.until("an interruption", lambda before=before: talk.interruptions > before)
            check(f"a story is interrupted by speaking, {when}", talk.interruptions > before)
        talk.heard.clear()
        await talk.until(
            "an answer after it",
            lambda known=known: len(talk.assistant_said) > known and says(talk.last_answer(), "12", "twelve"),
        )
        alone = says(talk.last_answer(), "12", "twelve") and not says(talk.last_answer(), "story")
        check("the question that interrupted is answered, and no other", alone, talk.last_answer())
        await talk.until("its sound", lambda: talk.heard.pcm)
        await asyncio.sleep(0.3)
        await talk.is_heard()


async def write_and_stop(talk: Talk) -> None:
    """The written part: a story, the stop button, a question."""
    talk.heard.clear()
    answers, before = talk.answers, talk.interruptions
    await talk.write("Please tell me a story.")
    if await talk.until("a story", lambda: talk.heard.pcm):
        note("the application interrupts")
        await talk.interrupt()
        await talk.until("the end of the story", lambda: talk.answers > answers)
        check("the application can interrupt", talk.answers > answers, f"{talk.interruptions - before} told")
    await asyncio.sleep(0.3)
    known = len(talk.assistant_said)
    await talk.write("What is two plus two?")
    await talk.until(
        "an answer to the written question",
        lambda: len(talk.assistant_said) > known and says(talk.last_answer(), "4", "four"),
    )
    alone = says(talk.last_answer(), "4", "four") and not says(talk.last_answer(), "story")
    check("a written question is answered after it, and no other", alone, talk.last_answer())


async def ends(ending: Awaitable[object]) -> None:
    """The end, within 5 s."""
    began = time.monotonic()
    try:
        await asyncio.wait_for(ending, 5)
        check("it ends", True, f"{time.monotonic() - began:.1f} s")
    except TimeoutError:
        check("it ends", False, "not within 5 s")


def says(text: str, *wanted: str) -> bool:
    """Whether one of the words is in it."""
    words = re.sub(r"[^a-z0-9 ]", " ", text.lower())
    return any(word in words for word in wanted)
