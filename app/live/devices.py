"""The devices of a running conversation: other ones, lost ones, and the check of the ones there are.

Runs on the audio worker's thread, where opening a device may take its time; what concerns the conversation is posted
to the line.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol

from app.audio.pcm import bytes_to_ms
from app.audio.ports import NONE, AudioError, Microphone, Speaker
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, Notice, Severity
from app.conversation.status import State
from app.live.events import Listener, SoundChecked
from app.live.line import Line
from app.live.sound import SoundWorker
from app.live.sound_check import SoundCheck
from app.live.speaker import LastingSpeaker

_ASIDE_GRACE_MS = 300
"""After the length of what is played beside the conversation: for the speaker to have played it."""


class SoundSystem(Protocol):
    """Where devices come from; this layer opens none by itself."""

    def open_microphone(self, spec: str | None) -> Microphone:
        """By name, number or file; None is the system's own. Not started. Raises AudioError."""

    def open_speaker(self, spec: str | None) -> Speaker:
        """By name, number or file; None is the system's own. Not started. Raises AudioError."""

    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Microphones and speakers that there are; may take a moment."""


class Devices:
    """Changes and checks microphone and speaker; what cannot be opened is said, and all is as before."""

    def __init__(
        self,
        line: Line,
        sound: SoundWorker,
        speaker: LastingSpeaker,
        listener: Listener,
        system: SoundSystem,
        microphone_name: str,
    ) -> None:
        self._system = system
        self._line, self._sound, self._speaker, self._listener = line, sound, speaker, listener
        self.microphone_name = microphone_name
        """The one in use; empty when there is none."""
        self.check = SoundCheck(self._play_aside, self._hold, lambda step: listener(SoundChecked(step)))

    def use_microphone(self, spec: str) -> bool:
        """Another one; whether it is in use now."""
        if spec.casefold() == NONE:
            self._sound.drop_microphone()
            self.microphone_name = ""
            self.check.microphone_went()
            self._hold(is_held=True)
            return True
        try:
            microphone = self._system.open_microphone(spec or None)
            self._sound.change_microphone(microphone)
        except AudioError as error:
            self._listener(Notice(f"{error} The microphone is as before.", Severity.WARNING))
            return False
        self.microphone_name = microphone.name
        self.check.microphone_went()
        self._hold(is_held=False)
        self._listener(Notice(f"The microphone is {microphone.name} now."))
        return True

    def use_speaker(self, spec: str) -> None:
        """Another one, in the middle of a word if need be."""
        try:
            speaker = self._system.open_speaker(spec or None)
            self._speaker.change(speaker)
        except AudioError as error:
            self._listener(Notice(f"{error} The speaker is as before.", Severity.WARNING))
            return
        self._listener(Notice(f"The speaker is {speaker.name} now."))

    def microphone_lost(self, error: AudioError) -> None:
        """It never opened, or went away."""
        self.microphone_name = ""
        self.check.microphone_went()
        self._listener(Notice(str(error), Severity.WARNING))
        self._hold(is_held=True)

    def speaker_failed(self, error: AudioError) -> None:
        """It never opened, or went away: of what was being said, no more than until now was heard."""
        self._listener(Notice(f"{error} The conversation goes on in writing.", Severity.WARNING))
        self._line.post(self._fall_silent)
        self._line.post(self._give_up)

    def record_check(self) -> None:
        """Listen for a while, to play it back."""
        if self.microphone_name:
            self.check.record()
        else:
            self._listener(Notice("There is no microphone to be checked.", Severity.WARNING))

    def _fall_silent(self, talk: Conversation, now_ms: int) -> list[Effect]:
        is_cut = self._speaker.failure is not None and talk.status.state is State.SPEAKING
        return talk.stop_key(now_ms) if is_cut else []  # an answer that has not begun is still wanted

    def _give_up(self, talk: Conversation, now_ms: int) -> list[Effect]:
        self._speaker.fall_back()
        return []

    def _hold(self, is_held: bool) -> None:
        """Take the microphone away from the conversation, or give it back; muted there stays muted."""
        has_microphone = bool(self.microphone_name) and not is_held
        self._line.post(lambda talk, now_ms: talk.microphone_came(has_microphone, now_ms))

    def _play_aside(self, pcm: bytes, when_over: Callable[[], None]) -> None:
        """By way of the line's thread, since that one plays. The conversation knows nothing of it."""

        def play(talk: Conversation, now_ms: int) -> list[Effect]:
            item_id = f"aside-{secrets.token_hex(4)}"
            self._speaker.play(item_id, pcm)
            self._speaker.finish(item_id)
            self._line.later(bytes_to_ms(len(pcm)) + _ASIDE_GRACE_MS, end)
            return []

        def end(talk: Conversation, now_ms: int) -> list[Effect]:
            self._sound.do(when_over)
            return []

        self._line.post(Conversation.stop_key)  # what is checked is not to wait for the end of an answer
        self._line.post(play)
