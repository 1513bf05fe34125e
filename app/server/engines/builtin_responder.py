"""The built-in responder: a few skills and no language model. The same questions get the same answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from app.server.engines.arithmetic import read_misheard, read_number, sums, tokens
from app.server.engines.interfaces import Message, Prompt

ABOUT: Final = (
    "I am the small built-in responder of the embedded service, not a language model.",
    "I can tell you the time and the date, do sums, count, tell a short story and remember your name.",
)
LONGEST_COUNT: Final = 50
"""Numbers in one answer; about half a minute."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say to one request, and where in the utterance the request stands (only for the order)."""

    at: int
    sentences: tuple[str, ...]


_ASKS_ABOUT: Final = re.compile(
    r"what (?:else )?(?:can|could|do) you do|what are you able|who are you\b|what are you\b(?! (?:doing|saying))"
    r"|(?:what is|what's|tell me) your name|are you (?:an? |the )?(?:\w+ )?(?:ai|robot|human|machine|model|bot)\b"
    r"|tell me (?:something )?about yourself|how can you help|can you help|^help\b|what can i (?:ask|say)"
)
_TIME: Final = re.compile(
    r"what time\b|what is the (?:current |exact )?time\b|what's the (?:current |exact )?time\b|tell me the time"
    r"|(?:know|have) (?:what|the) time|the time,? (?:please|now)|how late is it|current time"
)
_DATE: Final = re.compile(
    r"(?:what|which) (?:day|date|weekday|month|year)(?: of the \w+)?,? "
    r"(?:(?:is|was|are|will|do) (?:it|today|tomorrow|yesterday|we|this)\b|today|tomorrow|yesterday|now)"
    r"|(?:what is|what was|what's|tell me|know) (?:the |today's |tomorrow's |yesterday's |the current |the day and )?"
    r"(?:date|day|day of the week)\b(?! of (?!the week|today|tomorrow))|(?:what is|what's) today\b"
    r"|today's date|current date"
)
_ELSEWHERE: Final = re.compile(r"time (?:is it |is )?(?:right now |now )?in (?!the |an? )\w+")
_STOP: Final = re.compile(
    r"(?:^|[.!?,;] *)(?:(?:please|okay|ok|no|hey|just),? )*"
    r"(?:stop|be quiet|quiet|shut up|never ?mind|that is enough|that's enough|enough|cancel|hush)\b(?! by| at| in| on)"
)
_THANKS: Final = re.compile(r"\b(?:thank you|thanks|thank's)\b")
_BYE: Final = re.compile(r"\b(?:good ?bye|bye|see you|good night|farewell)\b")
_WELL: Final = re.compile(r"\bhow are you\b|\bhow do you do\b|\bhow's it going\b")
_REPEAT: Final = re.compile(
    r"\brepeat (?:after me|this|the following)\b[,:.]? *(?P<words>\S.*)", re.DOTALL | re.IGNORECASE
)
_STORY: Final = re.compile(
    r"\b(?:tell|read|know|hear|want|give|another|like)\b[^.!?]*\b(?:story|stories|tale)\b|\bstory,? please"
)
_HELLO: Final = re.compile(r"(?:^|[.!?,] *)(?:hello|hi|hey|good (?:morning|afternoon|evening)|greetings)\b")
_GO_ON: Final = re.compile(r"\bgo on right there\b", re.IGNORECASE)
_LONGEST_QUOTE: Final = 200
_HONESTLY: Final = (
    "I cannot say more about that, since I am not a language model. Ask me for the time, a sum or a story.",
    "That is beyond me. I can count, do sums, tell the date or tell a story.",
    "I heard you, but I have no answer to it. Ask me what I can do.",
)

# What tells the user's name.
_CAPITALISED: Final = r"[^\W\d_a-z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*"
_NAME: Final = rf"(?P<name>{_CAPITALISED}(?: {_CAPITALISED}){{0,2}})"
_WORD: Final = r"(?P<name>[^\W\d_]+(?:['\u2019-][^\W\d_]+)*)"

_SAYS: Final = r"(?i:my name is|my name's|(?:please |you can |you may |just )?call me|they call me)"
_TELLS: Final = (
    re.compile(rf"\b{_SAYS},? {_NAME}"),
    re.compile(rf"\b{_SAYS} {_WORD}(?=[.,!]|\s*$| and\b)"),  # typed without capitals
    re.compile(
        rf"(?:^|[.,!?]\s*|\band )(?i:i am|i'm|i\u2019m|this is) {_NAME}(?=[.,!]|\s*$| and\b| speaking\b| here\b)"
    ),
)
_NO_NAMES: Final = frozenset(
    re.findall(
        r"\w+",
        "a ai an and back bored busy but cold confused done english fine french german glad good great happy here home "
        "hungry i important it just late later maybe me my not nothing of ok okay on or please ready right sad secret "
        "so sorry sure thanks that the there thirsty tired today tomorrow unknown very well what wrong yes you your",
    )
)
"""What may stand where a name would: "I am Sorry", "my name is not important"."""

_ASKS_NAME: Final = re.compile(
    r"what(?: is|'s) my name|(?:know|remember|forget|forgotten|recall|tell me|say|guess)\b[^.!?]*\bmy name"
    r"|who am i\b|what(?: am i|'m i) called|what my name is"
)


class BuiltinResponder:
    """Answers from a few skills; what it knows of the conversation it reads from the prompt, so it keeps no state."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        """`now` gives the local time."""
        self._now = now

    name: Final = "built-in responder"

    def load(self) -> None:
        """Nothing to prepare."""

    def respond(self, prompt: Prompt) -> Iterator[str]:
        """The answer, sentence by sentence; all but the last end with a space.

        Of instructions it understands one: to go on with an answer of which the conversation has the beginning.
        """
        rest = self._rest(prompt.messages) if _GO_ON.search(prompt.instructions) else None
        sentences = self._answer(prompt.messages) if rest is None else rest
        for number, sentence in enumerate(sentences, start=1):
            yield sentence if number == len(sentences) else f"{sentence} "

    def _answer(self, messages: tuple[Message, ...]) -> list[str]:
        said = [message.text.strip() for message in messages if message.role == "user"]
        name = next(filter(None, map(told_name, reversed(said))), None)
        newest = [
            m.text.strip() for m in takewhile(lambda m: m.role != "assistant", reversed(messages)) if m.role == "user"
        ]
        utterance = " ".join(_not_withdrawn(newest[::-1]))
        if not utterance:
            return _greeting(messages, name)
        before = said[: len(said) - len(newest)]
        answers = _without_repeats(self._wanted(utterance, before, name))
        answers = _with_greeting(utterance, answers, name, first=not any(m.role == "assistant" for m in messages))
        if not answers:
            return _fallback(utterance, len(said))
        return [sentence for answer in answers for sentence in answer.sentences]

    def _rest(self, messages: tuple[Message, ...]) -> list[str] | None:
        """What the last answer lacks; nothing where it is whole, or where another one would be given now.

        None where no answer came last.
        """
        begun = [m.text.strip() for m in takewhile(lambda m: m.role == "assistant", reversed(messages))][::-1]
        asked, said = messages[: len(messages) - len(begun)], " ".join(begun)
        if not begun or not asked:
            return None
        sentences = list[str]()
        for sentence in self._answer(asked):
            if said and not sentence.startswith(said) and not said.startswith(sentence):
                return []
            if rest := sentence[len(said) :].strip():
                sentences.append(rest)
            said = said[len(sentence) :].strip()
        return sentences

    def _wanted(self, utterance: str, before: list[str], name: str | None) -> list[Reply]:
        text = _plain(utterance)
        if repeated := _repeating(utterance):
            return repeated
        answers = [*_courtesy(text, name), *_clock(text, self._now()), *_arithmetic(text), *_counting(text)]
        if found := _ASKS_NAME.search(text):
            known = f"Your name is {name}." if name else "You have not told me your name yet."
            answers.append(Reply(found.start(), (known,)))
        if found := _STORY.search(text):
            told = sum(bool(_STORY.search(_plain(earlier))) for earlier in before)
            answers.append(Reply(found.start(), STORIES[told % len(STORIES)]))
        return sorted(answers, key=lambda answer: answer.at)


def _not_withdrawn(unanswered: list[str]) -> list[str]:
    """What is still to be answered: who says "stop" does not want what was asked before it."""
    stops = [at for at, text in enumerate(unanswered) if _STOP.search(_plain(text))]
    return unanswered[stops[-1] :] if stops else unanswered


def _greeting(messages: tuple[Message, ...], name: str | None) -> list[str]:
    """Asked to speak without being told anything."""
    called = f", {name}" if name else ""
    if any(message.role == "assistant" for message in messages):
        return [f"I am listening{called}.", "Ask me for the time, a sum or a story."]
    return [f"Hello{called}!", "I am the built-in responder.", "Ask me what I can do."]


def _with_greeting(utterance: str, answers: list[Reply], name: str | None, *, first: bool) -> list[Reply]:
    """A hello for a hello, and a welcome for a name. With nothing else to say, also what this is."""
    new_name = told_name(utterance)
    hello = _HELLO.search(_plain(utterance))
    if hello is None and new_name is None:
        return answers
    called = f", {name}" if name else ""
    sentences: tuple[str, ...] = (f"Hello{called}!",) if hello else ()
    if new_name:
        sentences += ("It is nice to meet you.",) if hello else (f"It is nice to meet you{called}.",)
    if hello and not answers:
        sentences += ABOUT if first else ("What can I do for you?",)
    return [Reply(0, sentences), *answers]


def _without_repeats(answers: list[Reply]) -> list[Reply]:
    said: dict[tuple[str, ...], Reply] = {}
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


# ---------------------------------------------------------------- skills: what can be asked for, and where it is


def _plain(text: str) -> str:
    """The utterance as the patterns expect it: lower case, straight apostrophes, single spaces."""
    text = text.lower().replace("\u2019", "'").replace("to-day", "today").replace("to-morrow", "tomorrow")
    return re.sub(r"\s+", " ", text).strip()


def _clock(text: str, now: datetime) -> list[Reply]:
    """The time, the date and the day of the week, by this computer's clock."""
    answers: list[Reply] = []
    if found := _TIME.search(text):
        time = f"{now.hour % 12 or 12}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'}"
        where = "I only know the clock of this computer: it is" if _ELSEWHERE.search(text) else "It is"
        answers.append(Reply(found.start(), (f"{where} {time}.",)))
    if found := _DATE.search(text):
        day, word = now, "Today"
        for name, days in (("tomorrow", 1), ("yesterday", -1)):
            if re.search(rf"\b{name}\b", text[max(0, found.start() - 20) : found.end() + 30]):
                day, word = now + timedelta(days=days), name.capitalize()
        verb = "was" if word == "Yesterday" else "is"
        answers.append(Reply(found.start(), (f"{word} {verb} {_date(day)}.",)))
    return answers


def _arithmetic(text: str) -> list[Reply]:
    """All sums, in their order."""
    words = tokens(text)
    return [Reply(_place(text, words, found.start), (found.answer,)) for found in sums(words)]


def _counting(text: str) -> list[Reply]:
    """ "Count to twenty", "count from 5 to 12", "count down from ten"."""
    words = tokens(text)
    if "count" not in words:
        return []
    start = words.index("count")
    at = start + 1
    down = False
    while at < len(words) and words[at] in ("up", "down", "backwards", "backward", "for", "me", "out", "loud", ","):
        down = down or words[at] in ("down", "backwards", "backward")
        at += 1
    first = read_number(words, at + (words[at : at + 1] == ["from"]))
    last = None
    if first is not None:
        at = first[1]
    while at < len(words) and words[at] in ("up", "down", "backwards", "all", "the", "way"):
        down = down or words[at] in ("down", "backwards")
        at += 1
    if words[at : at + 1] in (["to"], ["till"], ["until"]):
        last = read_misheard(words, at + 1)
    if first is None and last is None:
        return []
    begin = int(first[0]) if first else (10 if down else 1)
    end = int(last[0]) if last else (1 if down else begin + 9)
    return [Reply(_place(text, words, start), _count(begin, end))]


def _courtesy(text: str, name: str | None) -> list[Reply]:
    """Stop, thank you, how are you, goodbye, and what can you do."""
    called = f", {name}" if name else ""
    replies: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
        (_STOP, ("All right.",)),
        (_THANKS, ("You are welcome.",)),
        (_WELL, ("I am well, thank you.",)),
        (_BYE, (f"Goodbye{called}.",)),
        (_ASKS_ABOUT, ABOUT),
    )
    return [Reply(found.start(), reply) for pattern, reply in replies if (found := pattern.search(text))]


def _repeating(said: str) -> list[Reply]:
    """ "Repeat after me: the sun is up." Takes the utterance as it was written."""
    found = _REPEAT.search(said)
    return [Reply(found.start(), (found["words"].strip(),))] if found else []


def _count(begin: int, end: int) -> tuple[str, ...]:
    step = 1 if end >= begin else -1
    numbers = list(range(begin, end + step, step)[:LONGEST_COUNT])
    rows = [numbers[at : at + 10] for at in range(0, len(numbers), 10)]
    spoken = [", ".join(f"{number:,}" for number in row) for row in rows]
    sentences = (*(f"{row}," for row in spoken[:-1]), f"{spoken[-1]}.")
    if numbers[-1] != end:
        sentences += (f"I stop here: {LONGEST_COUNT} numbers at a time are enough for anyone.",)
    return sentences


def _date(day: datetime) -> str:
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def _place(text: str, words: list[str], number: int) -> int:
    """About where in the text this token stands: tokens are a little normalised, so they are looked up in order."""
    at = 0
    for word in words[: number + 1]:
        found = text.find(word, at)
        at = found if found >= 0 else at
    return at


def told_name(said: str) -> str | None:
    """The name that is told in one utterance, the last one if there are several; None where there is none."""
    found = [match for pattern in _TELLS for match in pattern.finditer(said)]
    for match in sorted(found, key=lambda match: match.start(), reverse=True):
        words = match["name"].split(" ")
        if words[0].lower() in _NO_NAMES:
            continue
        kept = [word for word in words if word.lower() not in _NO_NAMES]
        return " ".join(word[0].upper() + word[1:] for word in kept)
    return None


# Written for this program; each is spoken in about half a minute.
STORIES: Final[tuple[tuple[str, ...], ...]] = (
    (
        "Here is the story of the lighthouse that was afraid of the dark.",
        "It stood at the end of a long pier, and every evening it lit its lamp so that it would not be alone.",
        "One winter night the lamp went out, and the lighthouse saw the dark for the very first time.",
        "To its surprise the dark was full of small lights: stars above, boats below, and a window on the hill.",
        "In that window sat a girl who could not sleep, and who had always counted the turns of the lamp.",
        "She took her torch and blinked three times towards the sea.",
        "The lighthouse could not answer, but a boat saw the signal and found its way around the rocks.",
        "In the morning the lamp was mended, and since then it pauses for a moment each night, to look at the others.",
    ),
    (
        "Here is the story of the baker and the very slow clock.",
        "In a small town there was a bakery, and above its door hung a clock that lost ten minutes every day.",
        "The baker never set it right, because people who came too late for bread were always in time by that clock.",
        "One day a watchmaker moved in across the street, and she could not bear to look at it.",
        "At night she climbed a ladder and repaired it as a present.",
        "The next morning everybody came late, everybody hurried, and nobody stopped to talk.",
        "So in the evening the watchmaker climbed the ladder once more and made the clock slow again.",
        "She has had breakfast with the baker ever since, and neither of them can say at what time.",
    ),
    (
        "Here is the story of the fox who collected sounds.",
        "Other foxes kept bones, but this one kept sounds, each in its own little hollow under an old oak.",
        "It had the creak of a gate, the first drop of a storm, and the laughter of a child on a swing.",
        "When an owl came by who had lost its voice, the fox let it listen to every hollow, one after the other.",
        "None of them would fit, and the owl only shook its head.",
        "At last the fox gave it the smallest sound of all, which was the quiet just before snow begins to fall.",
        "The owl took it, spread its wings, and flew away without a whisper.",
        "That is why you never hear an owl at night, and why the fox looks up whenever it snows.",
    ),
)
"""Sentences, by story."""
