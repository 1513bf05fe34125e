"""What was said and typed while no service could take it, and what the next session is told of it."""

from __future__ import annotations

from app.conversation.effects import Effects
from app.conversation.retelling import retell
from app.conversation.transcript import Transcript
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turns import Turns


class Owed:
    """Goes from a session to the one that follows it, until the service gets it."""

    def __init__(self) -> None:
        self._said_again: tuple[str, ...] = ()  # items of turns whose sound is sent again: they come anew
        self._is_answer_due = False  # the user waits for an answer, which has to be asked for again
        self._lines: list[str] = []  # items that were typed while there was no line
        self._texts: list[str] = []  # typed before the service was ready, or held back; no items yet

    def cut(self, said_again: tuple[str, ...], *, is_answer_due: bool) -> None:
        """The line broke: these items will be said again, and the answer is asked for again."""
        self._said_again = (*self._said_again, *said_again)
        self._is_answer_due = self._is_answer_due or is_answer_due

    def keep_line(self, item_id: str) -> None:
        """An entry of the transcript is to be sent."""
        self._lines.append(item_id)

    def keep_text(self, text: str) -> None:
        """A typed text is to be sent."""
        self._texts.append(text)

    def lost(self, builder: TranscriptBuilder) -> None:
        """Nothing of it will be sent."""
        for item_id in self._lines:
            builder.change(item_id, note="not sent: there was no connection")

    def begin(
        self, transcript: Transcript, effects: Effects, builder: TranscriptBuilder, turns: Turns, now_ms: int
    ) -> None:
        """The service is ready: it is told what was said and typed before, and asked for what is due."""
        for item_id in self._said_again:
            builder.deleted(item_id)
        retell(transcript, effects, builder)
        for item_id in self._lines:
            builder.change(item_id, note="")
        is_due = self._is_answer_due or bool(self._lines)
        self._said_again, self._lines, self._is_answer_due = (), [], False
        turns.begin(now_ms)
        if is_due:
            turns.ask(now_ms, now_ms)

    def send_texts(self, turns: Turns, now_ms: int) -> bool:
        """What was typed and held back goes out, to be answered together; whether there was any."""
        texts, self._texts = self._texts, []
        if texts:
            turns.typed(texts, now_ms)
        return bool(texts)
