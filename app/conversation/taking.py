"""Carries out the table of turn-taking: what opens and closes the microphone, ends a turn, silences the assistant."""

from __future__ import annotations

import math
from typing import assert_never

from app.conversation.effects import Effect, Notice, Send
from app.conversation.floor import Floor
from app.conversation.ids import Ids
from app.conversation.reception import Reception
from app.conversation.session import Mode
from app.conversation.settling import Settling
from app.conversation.turns import Action, Trigger, actions
from app.conversation.uplink import LEAST_TURN_MS, TAIL_MS, Uplink
from app.protocol.client_events import InputAppend, InputClear, InputCommit, ResponseCreate


class TurnTaking:
    """The user's turn. Mute (the microphone closed by hand) outlives the microphone: another one stays closed."""

    def __init__(self, ids: Ids, reception: Reception, floor: Floor, settling: Settling, uplink: Uplink) -> None:
        self.has_microphone = False
        self._is_muted = False
        self._ids, self._reception, self._floor = ids, reception, floor
        self._settling, self._uplink = settling, uplink

    def take_over(self, other: TurnTaking) -> None:
        """Have the microphone that the other has; muted there is muted here."""
        self.has_microphone, self._is_muted = other.has_microphone, other._is_muted

    @property
    def _mode(self) -> Mode:
        return self._settling.wanted.mode

    def do(self, trigger: Trigger, now_ms: int) -> list[Effect]:
        """What the table says to do about it."""
        return self._do(self._mode, trigger, now_ms)

    def mode_changed(self, old: Mode, now_ms: int) -> list[Effect]:
        """The mode was another one, whether the user wished for this one or it was put back after a refusal."""
        if self._mode is old or not self._reception.is_live:
            return []
        # A turn whose last chunk is still awaited is complete as it is: the service is about to judge for itself.
        effects = self.commit(now_ms) if old is Mode.PUSH_TO_TALK and self._uplink.expire(math.inf) else []
        trigger = Trigger.TO_HANDS_FREE if self._mode is Mode.HANDS_FREE else Trigger.TO_PUSH_TO_TALK
        return effects + self._do(old, trigger, now_ms)

    def microphone_came(self) -> None:
        """A microphone is there; hands-free it is open unless the user had closed it."""
        self.has_microphone = True
        if self._reception.is_live and self._mode is Mode.HANDS_FREE and not self._is_muted:
            self._uplink.open()

    def microphone_went(self, now_ms: int) -> list[Effect]:
        """No chunk will come any more. What was said so far counts; the tail goes out at once."""
        self.has_microphone = False
        was_open = self._uplink.is_open
        self._uplink.close(now_ms, tail_ms=self._tail_ms())
        if was_open and self._mode is Mode.PUSH_TO_TALK:
            self._uplink.end_turn()
        rest = self._uplink.finish()
        effects: list[Effect] = [Send(InputAppend(audio=rest.pcm))] if rest.pcm else []
        return effects + (self.commit(now_ms) if rest.is_turn_complete else [])

    def commit(self, now_ms: int) -> list[Effect]:
        """The turn is complete: hand it over and ask for an answer, unless it is too short to be one."""
        if self._uplink.take_ms < LEAST_TURN_MS:
            notice = Notice("That was too short to be heard: keep the microphone open while you speak.")
            return [Send(InputClear(event_id=self._ids.event())), notice]
        self._floor.turn_ended(now_ms)
        self._floor.ask(ResponseCreate())
        return [Send(InputCommit(event_id=self._ids.event()))]

    # ---------------------------------------------------------------- within

    def _do(self, mode: Mode, trigger: Trigger, now_ms: int) -> list[Effect]:
        effects: list[Effect] = []
        for action in actions(mode, self._uplink.is_open, trigger):
            effects += self._act(action, trigger, now_ms)
        return effects

    def _act(self, action: Action, trigger: Trigger, now_ms: int) -> list[Effect]:
        match action:
            case Action.INTERRUPT:
                is_unwanted = self._reception.is_answer_expected and trigger is Trigger.STOP_KEY
                self._reception.is_answer_expected = False
                return self._floor.interrupt(now_ms, is_cancelled_by_service=False, is_answer_expected=is_unwanted)
            case Action.INTERRUPT_UNLESS_SERVER_DOES:
                if self._settling.effective.interrupt_response:
                    return self._floor.interrupt(now_ms, is_cancelled_by_service=True)
            case Action.OPEN:
                self._is_muted = False
                if self.has_microphone:
                    self._uplink.open()
                    self._reception.turn_began(now_ms)
            case Action.CLOSE:
                self._is_muted = True
                self._uplink.close(now_ms, tail_ms=self._tail_ms())
            case Action.END_TURN:
                if self._uplink.end_turn():
                    return self.commit(now_ms)
            case Action.DISCARD:
                self._uplink.discard()
                return [*self._reception.turn_discarded(), Send(InputClear(event_id=self._ids.event()))]
            case _:
                assert_never(action)
        return []

    def _tail_ms(self) -> float:
        settings = self._settling.effective
        return settings.silence_ms + TAIL_MS if settings.mode is Mode.HANDS_FREE else 0.0
