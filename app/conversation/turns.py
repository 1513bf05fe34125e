"""The user's turn: what opens and closes the microphone, what ends or discards a turn, what the service heard of it.

Carries out the table of turn-taking.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Final, assert_never

from msgspec import Struct

from app.conversation.effects import Effects, Severity, earliest
from app.conversation.input_audio import LEAST_TURN_MS, TAIL_MS, InputAudio
from app.conversation.kept_sound import KEPT_MS, KeptChunk
from app.conversation.negotiation import SettingsNegotiation
from app.conversation.responses import Responses
from app.conversation.session import Detection, Mode
from app.conversation.transcript import NOT_SENT_YET, Party
from app.conversation.transcript_builder import TranscriptBuilder
from app.conversation.turn_table import TURNS, Action, Trigger
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputClear, InputCommit, ItemCreate, ResponseCreate
from app.protocol.items import user_text

_REMEMBERED_TURNS: Final = 16
_SAME_MS: Final = 1_000
"""Beginnings are known as well as the service and the network tell them: a turn is whole with that much less."""


class SpokenSpan(Struct, frozen=True):
    """When the user said something, on the conversation's clock."""

    begin_ms: float
    end_ms: float | None = None


class Turns:
    """The user's turn. Muted (the microphone closed by hand) outlives the microphone: another one stays closed."""

    def __init__(
        self,
        effects: Effects,
        builder: TranscriptBuilder,
        responses: Responses,
        negotiation: SettingsNegotiation,
        timeout_ms: int,
        *,
        has_microphone: bool,
        preroll_ms: int = 0,
        earlier: Turns | None = None,
    ) -> None:
        """`timeout_ms`: how long the service may hear the user while the microphone hears no voice. `preroll_ms`: so
        much of what was heard before the talk key is part of a turn in push-to-talk.

        `earlier`: of the session before. The microphone stays as it was, and what it hears is kept until `begin`.
        """
        self.has_microphone = has_microphone
        self.is_muted: bool = earlier is not None and earlier.is_muted
        self.has_asked: bool = earlier is not None and earlier.has_asked
        """The user asked for an answer: typed, or ended a turn in push-to-talk."""
        self.is_voiced = False
        """The microphone hears a voice now."""
        self.is_user_speaking = False
        """The service hears the user."""
        self._effects, self._builder, self._responses, self._negotiation = effects, builder, responses, negotiation
        self._mode = negotiation.wanted.mode
        self._input: InputAudio = earlier._input if earlier else InputAudio(preroll_ms)
        self._timeout_ms = timeout_ms
        self._typed_items: dict[str, str] = {}
        self._item_id = ""
        self._opened_ms: int | None = earlier._opened_ms if earlier else None
        self._released_ms: int | None = earlier._released_ms if earlier else None
        self._last_voice_ms: float | None = earlier._last_voice_ms if earlier else None
        self._speech_due_ms = 0
        self._spans: dict[str, SpokenSpan] = {}
        self._handed_over: deque[SpokenSpan] = deque()  # turns that we ended, of which the service has said nothing
        if earlier:
            self._input.hold()

    @property
    def is_open(self) -> bool:
        """The microphone is open."""
        return self._input.is_open

    @property
    def are_ended_by_service(self) -> bool:
        """Hands-free; else the user ends them."""
        return self._mode is Mode.HANDS_FREE

    @property
    def are_answered_by_itself(self) -> bool:
        """The service answers without being asked."""
        return self.are_ended_by_service and self._negotiation.effective.create_response

    @property
    def is_handing_over(self) -> bool:
        """The user has ended a turn, which is complete in a moment; an answer is asked for then."""
        return self._input.is_ending_turn

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        return earliest(self._input.deadline_ms, self._speech_due_ms if self.is_user_speaking else None)

    # ---------------------------------------------------------------- what the user does

    def do(self, trigger: Trigger, now_ms: int) -> None:
        """What the table says to do about it."""
        for action in TURNS[self._mode, self.is_open, trigger]:
            self._act(action, trigger, now_ms)

    def follow_mode(self, now_ms: int, *, is_live: bool) -> None:
        """The mode may be another one, because the user wished for it or because it was refused."""
        before, after = self._mode, self._negotiation.wanted.mode
        if is_live and before is not after:
            # A turn whose last chunk is still awaited is complete as it is: the service is about to judge for itself.
            if before is Mode.PUSH_TO_TALK and self._input.expire(math.inf):
                self._commit(now_ms)
            self.do(Trigger.TO_HANDS_FREE if after is Mode.HANDS_FREE else Trigger.TO_PUSH_TO_TALK, now_ms)
        self._mode = after

    def ask(self, ended_ms: int, now_ms: int) -> None:
        """The user's turn is over, and the user wants an answer to it."""
        self.has_asked = True
        self._responses.turn_ended(ended_ms, now_ms)
        self._responses.active.want(ResponseCreate())

    def typed(self, texts: Sequence[str], now_ms: int) -> None:
        """The user typed these lines, to be answered together."""
        for text in texts:
            item_id = self._effects.new_item_id()
            self._builder.user_typed(item_id, text, now_ms)
            event_id = self._effects.send(ItemCreate(item=user_text(item_id, text)))
            self._typed_items[event_id] = item_id
        self.ask(now_ms, now_ms)

    def keep_line(self, text: str, now_ms: int) -> str:
        """The user typed this while there is no line; its item. It is sent, and answered, when there is one again."""
        item_id = self._effects.new_item_id()
        self.do(Trigger.TEXT, now_ms)
        self._builder.user_typed(item_id, text, now_ms)
        self._builder.change(item_id, note=NOT_SENT_YET)
        self.has_asked = True
        return item_id

    def text_refused(self, event_id: str, why: str) -> bool:
        """The service refused an event; whether it was a typed line."""
        item_id = self._typed_items.pop(event_id, None)
        if item_id is not None:
            note = f"The service did not take it: {why}"
            self._builder.change(item_id, note=note)
            self._effects.notify(note, Severity.ERROR)
        return item_id is not None

    def microphone_came(self, *, is_live: bool) -> None:
        """A microphone is there; hands-free it is open, once the service hears us, unless the user had closed it."""
        self.has_microphone = True
        if is_live and self._mode is Mode.HANDS_FREE and not self.is_muted:
            self._input.open()

    def hold_microphone(self, is_held: bool, now_ms: int, *, is_live: bool) -> None:
        """Closed as if by the talk key, or open again; in push-to-talk it is the user's anyway."""
        if self._mode is Mode.HANDS_FREE and is_held is not self.is_muted:
            if self.is_open:
                self.do(Trigger.TALK_KEY, now_ms)
            self.is_muted = is_held
            if self.has_microphone:
                self.microphone_came(is_live=is_live)

    def microphone_went(self, now_ms: int) -> None:
        """No chunk will come any more. What was said so far counts; the tail goes out at once."""
        self.has_microphone = False
        was_open = self.is_open
        self._input.close(now_ms, tail_ms=self._tail_ms)
        if was_open and self._mode is Mode.PUSH_TO_TALK:
            self._input.end_turn()
        self._sent(*self._input.finish(now_ms), now_ms)

    def begin(self, now_ms: int) -> None:
        """The service is ready: it gets what was kept for it, and from now on all that the microphone hears."""
        if self.has_microphone:
            self.microphone_came(is_live=True)
        if not self._input.is_held:
            return
        lost_s = self._input.lost_voice_ms / 1000
        for chunk in self._input.release():
            self._effects.send(InputCommit() if chunk.is_turn_end else InputAppend(audio=chunk.pcm))
        if lost_s >= 0.1:
            self._effects.remark(
                f"Of what you said meanwhile, the last {KEPT_MS // 1000} s could be kept; {lost_s:.1f} s were lost."
            )

    def captured(self, pcm: bytes, captured_ms: float, voice: float, now_ms: int) -> None:
        """A chunk of the microphone: see `Conversation.captured`."""
        self.is_voiced = voice >= self._negotiation.wanted.threshold
        if self.is_voiced and self.is_open:
            self._last_voice_ms = captured_ms
            self._speech_due_ms = now_ms + self._timeout_ms
        self._sent(*self._input.captured(pcm, captured_ms, is_voiced=self.is_voiced), now_ms)

    def cut(self) -> tuple[str, ...]:
        """The line broke: what the service may not have got is kept, to be sent again.

        The items of the turns that will be said again with it. Told before their entries become final.
        """
        kept = self._input.kept
        spans = list(self._spans.items())
        arrived = list(takewhile(lambda each: not self._is_unheard(each[0]), spans))
        kept.forget_until(max((span.end_ms for _, span in arrived if span.end_ms is not None), default=-math.inf))
        if self._mode is Mode.HANDS_FREE:
            kept.forget_silence()
        self.is_user_speaking = self.is_voiced = False
        since_ms = kept.since_ms
        if since_ms is None:
            return ()
        # Those after the first unheard one are said again with it, else they would change places with it.
        return tuple(item_id for item_id, span in spans[len(arrived) :] if span.begin_ms >= since_ms - _SAME_MS)

    def _is_unheard(self, item_id: str) -> bool:
        """The turn has neither words nor an answer: nothing shows that the service got it, and none is lost by saying
        it again."""
        return self._builder.is_unwritten(item_id) and not self._builder.is_followed_by_answer(item_id)

    def close_microphone(self) -> None:
        """Nobody will hear it for a while, perhaps never. What was kept stays."""
        self._input.close(0)
        self._input.expire(math.inf)

    def lost(self) -> None:
        """The line is gone: nothing more is sent."""
        self._input.close(0)
        self._input.discard()

    def tick(self, now_ms: int) -> None:
        """Time has passed: see `deadline_ms`."""
        if self.is_user_speaking and now_ms >= self._speech_due_ms:
            self.is_user_speaking, self._item_id = False, ""
            seconds = f"{self._timeout_ms / 1000:g} s"
            self._effects.notify(
                f"The service heard you and did not say for {seconds} that you stopped. Say it again or type it."
            )
        if self._input.expire(now_ms):
            self._commit(now_ms)

    # ---------------------------------------------------------------- what the service heard

    def is_under_way(self, item_id: str) -> bool:
        """The service hears the user say this item."""
        return self.is_user_speaking and item_id == self._item_id

    def speech_started(self, item_id: str, now_ms: int, audio_start_ms: int = 0) -> None:
        """The service hears the user."""
        if self._mode is Mode.HANDS_FREE:  # else crossed by the update that switches detection off
            self.is_user_speaking, self._item_id = True, item_id
            self._speech_due_ms = now_ms + self._timeout_ms
            self._responses.active.expect_none()
            self._builder.began(item_id, Party.USER, now_ms)
            self._remember(item_id, SpokenSpan(self._began_ms(audio_start_ms, now_ms)))
        self.do(Trigger.SPEECH_STARTED, now_ms)

    def speech_stopped(self, item_id: str, audio_end_ms: int, now_ms: int) -> None:
        """The service judges that the turn is over."""
        self.is_user_speaking = False
        if (span := self._spans.get(item_id)) is not None:
            end_ms = self._input.captured_at_ms(audio_end_ms) if audio_end_ms else None
            self._spans[item_id] = SpokenSpan(span.begin_ms, now_ms if end_ms is None else end_ms)
        self._responses.turn_ended(self._fell_silent_ms(audio_end_ms, now_ms), now_ms)
        settings = self._negotiation.effective
        if settings.create_response and settings.mode is Mode.HANDS_FREE:
            self._responses.active.expect(item_id, now_ms)

    def committed(self, event: sv.InputCommitted, now_ms: int) -> None:
        """The user's turn has become an item."""
        self.is_user_speaking, self._item_id = False, ""
        if self._handed_over:
            self._remember(event.item_id, self._handed_over.popleft())
        began_ms, self._opened_ms = (now_ms if self._opened_ms is None else self._opened_ms), None
        is_transcribed = self._negotiation.effective.transcription_model is not None
        self._builder.committed(event, now_ms, began_ms=began_ms, is_transcribed=is_transcribed)

    # ---------------------------------------------------------------- within

    def _act(self, action: Action, trigger: Trigger, now_ms: int) -> None:
        match action:
            case Action.INTERRUPT:
                self._responses.interrupt(now_ms, is_expected_unwanted=trigger is Trigger.STOP_KEY)
            case Action.INTERRUPT_UNLESS_SERVER_DOES:
                if self._negotiation.effective.interrupt_response:
                    self._responses.interrupt(now_ms, is_cancelled_by_service=True)
            case Action.OPEN:
                self.is_muted, self._released_ms = False, None
                if self.has_microphone:
                    self._open(trigger, now_ms)
            case Action.CLOSE:
                self.is_muted, self._released_ms = True, now_ms
                self._input.close(now_ms, tail_ms=self._tail_ms)
            case Action.END_TURN:
                if self._input.end_turn():
                    self._commit(now_ms)
            case Action.DISCARD:
                self._input.discard()
                self.is_user_speaking, self._opened_ms = False, None
                item_id, self._item_id = self._item_id, ""
                self._builder.dropped(item_id)
                self._input.kept.forget_turn()
                self._effects.send(InputClear())
            case _:
                assert_never(action)

    def _open(self, trigger: Trigger, now_ms: int) -> None:
        if trigger is Trigger.TALK_KEY and self._mode is Mode.PUSH_TO_TALK:
            for pcm in self._input.open_with_preroll(now_ms):
                self._effects.send(InputAppend(audio=pcm))
        else:  # hands-free, what is said to a muted microphone is not meant for the service
            self._input.open()
        self._opened_ms = now_ms

    def _sent(self, pcm: bytes, is_complete: bool, now_ms: int) -> None:
        if pcm:
            self._effects.send(InputAppend(audio=pcm))
        if is_complete:
            self._commit(now_ms)

    def _commit(self, now_ms: int) -> None:
        """The turn is complete: hand it over and ask for an answer, unless it is too short to be one."""
        released_ms, self._released_ms = self._released_ms, None
        if self._input.turn_ms < LEAST_TURN_MS:
            self._input.kept.forget_turn()
            self._effects.send(InputClear())
            too_short = "That was too short to be heard: keep the microphone open while you speak."
            self._effects.notify(too_short, Severity.INFORMATION)
            return
        began_ms = now_ms if self._opened_ms is None else self._opened_ms
        self._handed_over.append(SpokenSpan(began_ms, now_ms))
        self._input.kept.add(KeptChunk(b"", now_ms))
        if not self._input.is_held:  # else it follows its sound
            self._effects.send(InputCommit())
        self.ask(now_ms if released_ms is None else released_ms, now_ms)

    def _remember(self, item_id: str, span: SpokenSpan) -> None:
        self._spans[item_id] = span
        if len(self._spans) > _REMEMBERED_TURNS:
            del self._spans[next(iter(self._spans))]

    def _began_ms(self, audio_start_ms: int, now_ms: int) -> float:
        """When the user began to speak, about. What the service puts before the voice may be sound from before the
        microphone was closed and opened again."""
        if not audio_start_ms:
            return now_ms
        padding_ms = self._negotiation.effective.prefix_padding_ms
        places_ms = (audio_start_ms + padding_ms, audio_start_ms)
        moments_ms = (self._input.captured_at_ms(place_ms) for place_ms in places_ms)
        return next((moment_ms for moment_ms in moments_ms if moment_ms is not None), now_ms)

    def _fell_silent_ms(self, audio_end_ms: int, now_ms: int) -> int:
        """When the user stopped speaking, on the conversation's clock.

        The service's `audio_end_ms` is the end of all that it judged by, so the silence that it waited for is part of
        it. Semantic detection waits for as long as it likes: there the last voice at the microphone counts. A service
        that does not say where the speech ended is taken to have judged what was captured just now.
        """
        judged_ms = self._input.captured_at_ms(audio_end_ms) if audio_end_ms else None
        end_ms = now_ms if judged_ms is None else min(judged_ms, now_ms)
        if self._negotiation.effective.detection is Detection.SERVER_VAD:
            end_ms -= self._negotiation.effective.silence_ms
        elif self._last_voice_ms is not None:
            end_ms = min(end_ms, self._last_voice_ms)
        return max(0, round(end_ms))

    @property
    def _tail_ms(self) -> float:
        settings = self._negotiation.effective
        return settings.silence_ms + TAIL_MS if settings.mode is Mode.HANDS_FREE else 0.0
