"""What the tape knows of the last minutes: levels as they were sampled, the turns, and when the line was lost. Pure.

Times are milliseconds since the conversation began. What is older than `KEPT_MS` is forgotten.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from msgspec import Struct

from app.audio.capture import Levels
from app.conversation.transcript import Entry, Party

KEPT_MS: Final = 120_000
"""Longer than the widest tape is."""

KEPT_TURNS: Final = 100
"""More have no room on a tape, however fast they come."""

_CUT_BY_SPEAKING_MS: Final = (-1_000, 500)
"""Who spoke between the two around an answer's end cut it off by speaking: levels are sampled later than heard."""

_QUIET_DBFS: Final = -48.0
_LOUD_DBFS: Final = -12.0
"""Speech lies between the two: a level is what one hears, not the highest sample."""

STEPS: Final = 7
"""Heights of a bar. The eighth would touch the lane above."""

NEARLY: Final = 0.5
"""From this part of the threshold on, a sound that does not count as speech is worth a dot."""


class TapeSample(Struct, frozen=True):
    """How loud both were at one moment, 0 to `STEPS`."""

    you: int = 0
    """Above 0: what the microphone heard counted as speech."""
    is_near: bool = False
    """It did not, though not by much."""
    assistant: int = 0


SILENCE: Final = TapeSample()


class Column:
    """A stretch of time: the mean of what was loud in it, so that a syllable is seen as such."""

    __slots__ = ("_assistant", "_samples_of_assistant", "_samples_of_you", "_you", "sound")

    def __init__(self) -> None:
        self._you = self._samples_of_you = self._assistant = self._samples_of_assistant = 0
        self.sound = SILENCE
        """What is drawn of it."""

    def add(self, sound: TapeSample) -> None:
        """One more sample."""
        self._you += sound.you
        self._samples_of_you += sound.you > 0
        self._assistant += sound.assistant
        self._samples_of_assistant += sound.assistant > 0
        you, assistant = max(1, self._samples_of_you), max(1, self._samples_of_assistant)
        is_near = self.sound.is_near or sound.is_near
        self.sound = TapeSample(round(self._you / you), is_near, round(self._assistant / assistant))


def height(dbfs: float) -> int:
    """A level as the height of a bar: at least 1."""
    part = (dbfs - _QUIET_DBFS) / (_LOUD_DBFS - _QUIET_DBFS)
    return 1 + round((STEPS - 1) * min(1.0, part)) if part > 0 else 1


def sound_of(levels: Levels, threshold: float) -> TapeSample:
    """What is drawn of a sample."""
    is_heard = levels.input_dbfs > _QUIET_DBFS
    return TapeSample(
        you=height(levels.input_dbfs) if is_heard and levels.voice >= threshold else 0,
        is_near=is_heard and NEARLY * threshold <= levels.voice < threshold,
        assistant=height(levels.output_dbfs) if levels.output_dbfs > _QUIET_DBFS else 0,
    )


class Turn(Struct, frozen=True):
    """One turn as far as the tape shows it."""

    item_id: str
    speaker: Party
    start_ms: int
    end_ms: int | None
    """None: it goes on."""
    is_written: bool
    """Typed or read, and heard by nobody."""
    waited_ms: int = 0
    """From the user's last word to the first sound of this answer."""
    heard_ms: int | None = None
    """Where it was cut off: so much of it was heard."""
    unheard_ms: int = 0
    """Generated and never heard."""
    waits_to_sound: bool = False
    """An answer of which nobody has said yet that it sounds."""


def turn_of(entry: Entry) -> Turn:
    """What the tape shows of an entry."""
    is_cut = entry.speaker is Party.ASSISTANT and entry.is_interrupted and entry.is_spoken
    heard_ms = (entry.heard_ms or 0) if is_cut else None
    waited_ms = entry.latency.first_sound_ms if entry.latency is not None else None
    return Turn(
        item_id=entry.item_id,
        speaker=entry.speaker,
        start_ms=entry.started_ms,
        end_ms=entry.ended_ms if entry.is_spoken else entry.started_ms,
        is_written=not entry.is_spoken,
        waited_ms=waited_ms or 0,
        heard_ms=heard_ms,
        unheard_ms=max(0, entry.received_ms - heard_ms) if heard_ms is not None else 0,
        waits_to_sound=entry.waits_to_sound and waited_ms is None,
    )


class Timeline:
    """The last minutes, in columns of `column_ms`. Bounded: what is older than `KEPT_MS` is gone."""

    def __init__(self, column_ms: int = 600) -> None:
        self.now_ms = 0
        self.column_ms = column_ms
        self.losses: deque[tuple[int, int | None]] = deque()
        """When the line was lost, and when it stood again; None: not yet."""
        self._samples: deque[tuple[int, TapeSample]] = deque()  # silence is left out
        self._columns: dict[int, Column] = {}
        self._turns: dict[str, Turn] = {}
        self._sounding = ""

    def set_column(self, column_ms: int) -> None:
        """Another length of time for a column: what is known is put into them anew."""
        if column_ms != self.column_ms:
            self.column_ms = column_ms
            self._columns.clear()
            for at_ms, sound in self._samples:
                self._add(at_ms, sound)

    def sample(self, now_ms: int, sound: TapeSample) -> bool:
        """What is heard at this moment; whether the tape may be another with that.

        A clock that was set back is waited for.
        """
        last = self.now_ms // self.column_ms
        self.now_ms = max(self.now_ms, now_ms)
        has_moved = self.now_ms // self.column_ms != last
        is_blank = not (self._samples or self._turns or self.losses)
        if has_moved:
            self._forget(self.now_ms - KEPT_MS)
        is_new = False
        if sound != SILENCE:
            self._samples.append((self.now_ms, sound))
            is_new = self._add(self.now_ms, sound)
        return is_new or (has_moved and not is_blank)

    def put(self, entry: Entry) -> bool:
        """An entry is new or has changed; whether the tape is another with that."""
        turn = turn_of(entry)
        if not entry.is_turn or turn == self._turns.get(turn.item_id):
            return False
        self._turns[turn.item_id] = turn
        if len(self._turns) > KEPT_TURNS:
            del self._turns[next(iter(self._turns))]
        return True

    def hear(self, item_id: str) -> bool:
        """This answer sounds; whether that is news."""
        is_news, self._sounding = item_id != self._sounding, item_id
        return is_news

    def take_out(self, item_id: str) -> bool:
        """An entry is gone; whether the tape is another with that."""
        return self._turns.pop(item_id, None) is not None

    def line(self, *, is_lost: bool) -> bool:
        """Whether the line is lost now; whether that is news."""
        was_lost = bool(self.losses) and self.losses[-1][1] is None
        if is_lost == was_lost:
            return False
        if is_lost:
            self.losses.append((self.now_ms, None))
        else:
            self.losses[-1] = (self.losses[-1][0], self.now_ms)
        return True

    def column(self, number: int) -> TapeSample:
        """What was heard in the column that begins at `number * column_ms`."""
        column = self._columns.get(number)
        return SILENCE if column is None else column.sound

    def turns(self, since_ms: int) -> list[Turn]:
        """The turns of which something lies after a moment, in the order in which they began."""
        turns = (turn for turn in self._turns.values() if self.end_of(turn) >= since_ms)
        begun = (turn for turn in turns if not turn.waits_to_sound or turn.item_id == self._sounding)
        return sorted(begun, key=lambda turn: (turn.start_ms, turn.speaker is Party.ASSISTANT))

    def end_of(self, turn: Turn) -> int:
        """The end of what is shown of a turn, what was never heard of it included."""
        return self.now_ms if turn.end_ms is None else turn.end_ms + turn.unheard_ms

    def was_spoken_into(self, at_ms: int) -> bool:
        """The user was speaking then."""
        first, last = ((at_ms + around_ms) // self.column_ms for around_ms in _CUT_BY_SPEAKING_MS)
        return any(self.column(number).you for number in range(first, last + 1))

    def _add(self, at_ms: int, sound: TapeSample) -> bool:
        number = at_ms // self.column_ms
        column = self._columns.setdefault(number, Column())
        before = column.sound
        column.add(sound)
        return column.sound != before

    def _forget(self, oldest_ms: int) -> None:
        while self._samples and self._samples[0][0] < oldest_ms:
            self._columns.pop(self._samples.popleft()[0] // self.column_ms, None)
        while self.losses and (until_ms := self.losses[0][1]) is not None and until_ms < oldest_ms:
            self.losses.popleft()
        for old in [turn.item_id for turn in self._turns.values() if self.end_of(turn) < oldest_ms]:
            del self._turns[old]
