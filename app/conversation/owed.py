"""What was said and typed while no service could take it, and what the next session is told of it."""

from __future__ import annotations

from app.conversation.active_response import ActiveResponse
from app.conversation.due import Due
from app.conversation.effects import Effects
from app.conversation.responses import Responses
from app.conversation.retelling import retell
from app.conversation.transcript import Transcript
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turns import Turns
from app.protocol.client_events import ResponseCreate


class Owed:
    """Goes from a session to the one that follows it, until the service gets it."""

    def __init__(self) -> None:
        self._said_again: tuple[str, ...] = ()  # items of turns whose sound is sent again: they come anew
        self._due = Due.NOTHING
        self._lines: list[str] = []  # items that were typed while there was no line
        self._texts: list[str] = []  # typed before the service was ready, or held back; no items yet

    def cut(self, turns: Turns, responses: Responses) -> None:
        """The line broke: what is said again, and what is asked for again.

        What is said again is answered along with what was said before it.
        """
        said_again = turns.cut()
        self._said_again = (*self._said_again, *said_again)
        self._due = Due.NOTHING if said_again and turns.are_answered_by_itself else responses.due

    def want_again(self, active: ActiveResponse, instructions: str) -> None:
        """Let the next session be asked for what is due, unless the user interrupts before that."""
        due, self._due = self._due, Due.NOTHING
        match due:
            case Due.ANSWER:
                active.want(ResponseCreate())
            case Due.REST:
                active.want_rest(instructions)
            case Due.NOTHING:
                pass

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
        self,
        transcript: Transcript,
        effects: Effects,
        builder: TranscriptBuilder,
        turns: Turns,
        responses: Responses,
        now_ms: int,
    ) -> None:
        """The service is ready: it is told what was said and typed before, and asked for what is due.

        Hands-free it is asked before it gets the sound that was kept: what the user says in that is an interruption,
        as it would have been, and answered by itself. Asked afterwards, while it answers that, it would refuse.
        """
        for item_id in self._said_again:
            builder.deleted(item_id)
        retell(transcript, effects, builder)
        for item_id in self._lines:
            builder.change(item_id, note="")
        has_lines, active = bool(self._lines), responses.active
        self._said_again, self._lines = (), []
        if has_lines:
            turns.ask(now_ms, now_ms)
        elif active.has_request_waiting and not (active.wants_rest or responses.has_question):
            responses.turn_ended(now_ms, now_ms)
        if turns.are_ended_by_service:
            active.ask_if_due(now_ms)
        turns.begin(now_ms)

    def send_texts(self, turns: Turns, now_ms: int) -> bool:
        """What was typed and held back goes out, to be answered together; whether there was any."""
        texts, self._texts = self._texts, []
        if texts:
            turns.typed(texts, now_ms)
        return bool(texts)
