"""A turn is said again: its kept sound through the speaker of the conversation, which knows nothing of it.

It is an item of its own there, so that nothing of it counts as heard. Whoever talks comes first: it stops for the
assistant's next word, and for whatever the user does. Hands-free the microphone is closed meanwhile, as if by the talk
key, since what it hears of the turn would be another one. On the line worker's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.audio.pcm import bytes_to_ms, ms_to_bytes
from app.conversation.conversation import Conversation
from app.conversation.effects import Effect, Notice
from app.conversation.session import Mode
from app.conversation.status import State, Status
from app.live.events import Listener, SayingAgain
from app.live.speaker import LastingSpeaker
from app.live.steps import Step
from app.live.turn_sounds import KEPT_MS, TurnSounds

_GIVEN_MS: Final = 4_000
_GIVEN_EVERY_MS: Final = 2_000
"""A long turn is given piece by piece: making all of it ready at once would keep the line waiting."""

_ECHO_MS: Final = 300
"""After the last sound: for the speaker to have played it, and for the room."""

_GRACE_MS: Final = 3_000
"""It is over so much later than it should have been, whatever the speaker says."""


class Replay:
    """One turn at a time. `later` lets a step happen after so many milliseconds, on the same thread."""

    def __init__(
        self,
        sounds: TurnSounds,
        speaker: LastingSpeaker,
        listener: Listener,
        later: Callable[[float, Step], None],
    ) -> None:
        self._sounds, self._speaker, self._listener, self._later = sounds, speaker, listener, later
        self._count = 0
        self._saying = ""
        """What the speaker knows it by; empty while nothing is said again."""
        self._rest = b""
        self._has_muted = False

    @property
    def is_saying(self) -> bool:
        """A turn is being said again."""
        return bool(self._saying)

    def say(self, item_id: str, talk: Conversation, now_ms: int) -> list[Effect]:
        """Say this turn again from its beginning; where that cannot be, a notice says why."""
        status, pcm = talk.status, self._sounds.of(item_id)
        if why_not := self._why_not(item_id, pcm, status):
            self._listener(Notice(why_not))
            return []
        self._fall_silent()
        effects: list[Effect] = []
        if status.settings.mode is Mode.HANDS_FREE and status.is_microphone_open:
            effects, self._has_muted = talk.talk_key(now_ms), True
        self._count += 1
        self._saying, self._rest = f"again-{self._count}", pcm
        self._give()
        self._listener(SayingAgain(item_id, is_microphone_closed=self._has_muted))
        self._later_if_still(bytes_to_ms(len(pcm)) + _GRACE_MS, self.stop)
        return effects

    def stop(self, talk: Conversation, now_ms: int) -> list[Effect]:
        """Say no more of it; the microphone is as it was before."""
        self.make_way()
        return []

    def make_way(self) -> None:
        """Somebody is about to speak: the assistant, or the user by key."""
        if self._saying:
            self._fall_silent()
            self._end()

    def leave_microphone(self) -> None:
        """The user says whether it is open: it is not opened again from here."""
        self._has_muted = False

    def played_out(self, item_id: str) -> None:
        """All that the speaker was given of an item has sounded."""
        if item_id == self._saying and not self._rest:
            self._end()

    # ---------------------------------------------------------------- within

    def _why_not(self, item_id: str, pcm: bytes, status: Status) -> str:
        if status.state is State.SPEAKING:
            return "The assistant is speaking. When it is silent, a turn can be said again."
        if status.settings.mode is Mode.PUSH_TO_TALK and status.is_microphone_open:
            return "The microphone is open. When your turn is over, one can be said again."
        if self._sounds.has_left(item_id):
            return f"The sound of this turn is no longer kept: there are only the last {KEPT_MS // 60_000} minutes."
        return "" if pcm else "There is no sound of this turn."

    def _give(self) -> None:
        size = ms_to_bytes(_GIVEN_MS)
        piece, self._rest = self._rest[:size], self._rest[size:]
        self._speaker.play(self._saying, piece)
        if self._rest:
            self._later_if_still(_GIVEN_EVERY_MS, self._give_more)
        else:
            self._speaker.finish(self._saying)

    def _give_more(self, talk: Conversation, now_ms: int) -> list[Effect]:
        self._give()
        return []

    def _later_if_still(self, delay_ms: float, step: Step) -> None:
        """After a while, unless something else is said by then."""
        saying = self._saying

        def act(talk: Conversation, now_ms: int) -> list[Effect]:
            return step(talk, now_ms) if self._saying == saying else []

        self._later(delay_ms, act)

    def _fall_silent(self) -> None:
        if self._saying:
            self._speaker.silence()  # nothing else sounds: the assistant's speech would have stopped it

    def _end(self) -> None:
        self._saying, self._rest = "", b""
        self._listener(SayingAgain(""))
        if self._has_muted:
            self._later(_ECHO_MS, self._open_again)

    def _open_again(self, talk: Conversation, now_ms: int) -> list[Effect]:
        """Unless the user did so, or a next turn is said again by now."""
        if not self._has_muted or self._saying:
            return []
        self._has_muted, status = False, talk.status
        is_muted = status.state is State.MUTED or (status.has_microphone and not status.is_microphone_open)
        return talk.talk_key(now_ms) if is_muted and status.settings.mode is Mode.HANDS_FREE else []
