"""What the service says, and what each event means to the parts of a conversation."""

from __future__ import annotations

from app.conversation.bill import Bill
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.rate_limits import RateLimits
from app.conversation.responses import Responses
from app.conversation.service_errors import ServiceErrors
from app.conversation.transcript import Entry, Party
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turns import Turns
from app.protocol import server_events as sv
from app.protocol.response_events import ResponsePiece
from app.protocol.session import Session


class ServiceEvents:
    """Hands each event of the service to the parts that it concerns; knows what the service says of its session."""

    def __init__(
        self,
        turns: Turns,
        builder: TranscriptBuilder,
        responses: Responses,
        negotiation: SettingsNegotiation,
        bill: Bill,
        rate_limits: RateLimits,
        errors: ServiceErrors,
        *,
        model: str,
    ) -> None:
        """`model`: what is known of it before the service has said it."""
        self._turns, self._builder, self._responses = turns, builder, responses
        self._negotiation, self._bill, self._rate_limits, self._errors = negotiation, bill, rate_limits, errors
        self.model = model
        self.expires_at: int | None = None
        """When the service ends the session, in epoch seconds."""

    def learn(self, session: Session) -> None:
        """The service describes the session."""
        self.model = session.model or self.model
        self.expires_at = session.expires_at or self.expires_at

    def received(self, event: sv.ServerEvent, now_ms: int) -> None:  # noqa: PLR0912, PLR0915 - it is one table
        """What each event means. What concerns other clients (telephones, tools, WebRTC) changes nothing here."""
        turns, builder, responses = self._turns, self._builder, self._responses
        self._errors.went_on()
        if isinstance(event, ResponsePiece):
            responses.sign_of_life(event.response_id, event.item_id, now_ms)
        match event:
            case sv.ErrorEvent(error=error):
                self._errors.refused(error, now_ms)
            case sv.WarningEvent(warning=warning):
                self._errors.warned(warning)
            case sv.SessionUpdated(session=session):
                self.learn(session)
                self._negotiation.acknowledged(session, now_ms)
            case sv.SpeechStarted(item_id=item_id, audio_start_ms=audio_start_ms):
                turns.speech_started(item_id, now_ms, audio_start_ms)
            case sv.SpeechStopped(item_id=item_id, audio_end_ms=audio_end_ms):
                turns.speech_stopped(item_id, audio_end_ms, now_ms)
            case sv.InputCommitted():
                turns.committed(event, now_ms)
            case sv.InputTimeoutTriggered():
                responses.active.expect("", now_ms)
            case sv.ItemCreated() | sv.ItemDone():
                builder.item(event.item, event.previous_item_id, now_ms, is_done=True)
            case sv.ItemAdded():
                builder.item(event.item, event.previous_item_id, now_ms, is_done=False)
            case sv.ItemDeleted(item_id=item_id):
                builder.deleted(item_id)
            case sv.TranscriptionDelta() | sv.TranscriptionUpdated():
                builder.transcription_delta(event, now_ms)
            case sv.TranscriptionCompleted():
                spent = self._bill.transcription(event.usage or None, self._negotiation.effective)
                builder.transcription_completed(event, spent, now_ms)
            case sv.TranscriptionFailed():
                builder.transcription_failed(event, now_ms)
            case sv.ResponseCreated(response=response):
                responses.created(response.id, now_ms)
            case sv.ResponseDone(response=response):
                spent = self._bill.response(response.usage or None, self.model)
                responses.done(response, spent, now_ms)
            case sv.OutputItemAdded(response_id=response_id) | sv.OutputItemDone(response_id=response_id):
                responses.sign_of_life(response_id, event.item.id or "", now_ms)
                responses.item(response_id, event.item, now_ms)
            case sv.OutputTextDelta() | sv.OutputTranscriptDelta():
                responses.words(event, now_ms)
            case sv.OutputTextDone() | sv.OutputTranscriptDone() | sv.ContentPartDone():
                responses.words_done(event, now_ms)
            case sv.OutputAudioDelta():
                responses.audio(event, now_ms)
            case sv.OutputAudioDone(item_id=item_id):
                responses.audio_done(item_id, now_ms)
            case sv.RateLimitsUpdated(rate_limits=limits):
                self._rate_limits.updated(limits, now_ms)
            case sv.McpCallInProgress() | sv.McpCallCompleted() | sv.McpCallFailed():
                responses.active.extend(now_ms)

    def words_overdue(self, entry: Entry, now_ms: int) -> None:
        """Nothing came of this entry for too long. What is still being said has a limit of its own."""
        is_users = entry.speaker is Party.USER
        if self._turns.is_under_way(entry.item_id) if is_users else self._responses.active.has_begun:
            self._builder.expect(entry.item_id, now_ms)
        elif is_users:
            self._builder.not_written(entry.item_id)
        else:
            self._responses.broke_off(entry.item_id, now_ms)
