"""The built-in responder: small, deterministic and honest about what it is. No language model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Final

from app.server.engines import skills
from app.server.engines.names import name_request, told_name
from app.server.engines.ports import Message, Prompt
from app.server.engines.skills import ABOUT, Answer, plain
from app.server.engines.stories import STORIES

_HELLO: Final = re.compile(r"(?:^|[.!?,] *)(?:hello|hi|hey|good (?:morning|afternoon|evening)|greetings)\b")
_LONGEST_QUOTE: Final = 200
_HONESTLY: Final = (
    "I cannot say more about that, since I am not a language model. Ask me for the time, a sum or a story.",
    "That is beyond me. I can count, do sums, tell the date or tell a story.",
    "I heard you, but I have no answer to it. Ask me what I can do.",
)


class BuiltinResponder:
    """Answers from a few skills; what it knows of the conversation it reads from the prompt, so it keeps no state."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        """`now` gives the local time."""
        self._now = now

    @property
    def name(self) -> str:
        """For the user and the log."""
        return "built-in responder"

    def load(self) -> None:
        """Nothing to prepare."""

    def respond(self, prompt: Prompt) -> Iterator[str]:
        """The answer, sentence by sentence; all but the last end with a space. Instructions are not understood."""
        sentences = self._answer(prompt.messages)
        for number, sentence in enumerate(sentences, start=1):
            yield sentence if number == len(sentences) else f"{sentence} "

    def _answer(self, messages: tuple[Message, ...]) -> list[str]:
        said = [message.text.strip() for message in messages if message.role == "user"]
        name = next(filter(None, map(told_name, reversed(said))), None)
        newest = [
            m.text.strip() for m in takewhile(lambda m: m.role != "assistant", reversed(messages)) if m.role == "user"
        ]
        utterance = " ".join(reversed(newest))
        if not utterance:
            return _greeting(messages, name)
        before = said[: len(said) - len(newest)]
        answers = _without_repeats(self._wanted(utterance, before, name))
        answers = _with_greeting(utterance, answers, name, first=not any(m.role == "assistant" for m in messages))
        if not answers:
            return _fallback(utterance, len(said))
        return [sentence for answer in answers for sentence in answer.sentences]

    def _wanted(self, utterance: str, before: list[str], name: str | None) -> list[Answer]:
        text = plain(utterance)
        if repeated := skills.repeating(utterance):
            return repeated
        answers = [
            *skills.courtesy(text, name),
            *skills.about(text),
            *skills.clock(text, self._now()),
            *skills.arithmetic(text),
            *skills.counting(text),
        ]
        if (at := name_request(text)) is not None:
            known = f"Your name is {name}." if name else "You have not told me your name yet."
            answers.append(Answer(at, (known,)))
        if found := skills.STORY.search(text):
            told = sum(bool(skills.STORY.search(plain(earlier))) for earlier in before)
            answers.append(Answer(found.start(), STORIES[told % len(STORIES)]))
        return sorted(answers, key=lambda answer: answer.at)


def _greeting(messages: tuple[Message, ...], name: str | None) -> list[str]:
    """Asked to speak without being told anything."""
    called = f", {name}" if name else ""
    if any(message.role == "assistant" for message in messages):
        return [f"I am listening{called}.", "Ask me for the time, a sum or a story."]
    return [f"Hello{called}!", "I am the built-in responder.", "Ask me what I can do."]


def _with_greeting(utterance: str, answers: list[Answer], name: str | None, *, first: bool) -> list[Answer]:
    """A hello for a hello, and a welcome for a name. With nothing else to say, also what this is."""
    new_name = told_name(utterance)
    hello = _HELLO.search(plain(utterance))
    if hello is None and new_name is None:
        return answers
    called = f", {name}" if name else ""
    sentences: tuple[str, ...] = (f"Hello{called}!",) if hello else ()
    if new_name:
        sentences += ("It is nice to meet you.",) if hello else (f"It is nice to meet you{called}.",)
    if hello and not answers:
        sentences += ABOUT if first else ("What can I do for you?",)
    return [Answer(0, sentences), *answers]


def _without_repeats(answers: list[Answer]) -> list[Answer]:
    said: dict[tuple[str, ...], Answer] = {}
    for answer in answers:
        said.setdefault(answer.sentences, answer)
    return list(said.values())


def _fallback(utterance: str, turns: int) -> list[str]:
    quote = re.sub(r"\s+", " ", utterance)
    if len(quote) > _LONGEST_QUOTE:
        quote = quote[:_LONGEST_QUOTE].rpartition(" ")[0] or quote[:_LONGEST_QUOTE]
        quote = f"{quote.rstrip(',;:-')}\u2026"
    if quote[-1] not in ".!?\u2026":
        quote = f"{quote.rstrip(',;:-')}."
    return [f"You said: {quote}", _HONESTLY[(turns - 1) % len(_HONESTLY)]]
