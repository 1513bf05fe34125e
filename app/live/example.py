"""Decides when the spoken example says its next sentence.

A polite user: waits until the assistant has finished and a moment more. Except for the sentences that are meant to
interrupt: those come while the assistant speaks. Pure; the owner passes time and keeps the timer.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.audio.example import Clip
from app.conversation.status import State

PAUSE_MS = 900.0
"""Silence before the next sentence."""
INTERRUPT_AFTER_MS = 4_000.0
"""So long the assistant may speak before a sentence that interrupts."""
PATIENCE_MS = 6_000.0
"""Silence before the next sentence when the last one was not answered."""

_BUSY = frozenset({State.HEARING, State.THINKING, State.SPEAKING})


class ExampleDirector:
    """Walks through the clips as the conversation's state allows."""

    def __init__(self, clips: Sequence[Clip], *, is_automatic: bool) -> None:
        self._clips = list(clips)
        self._is_automatic = is_automatic
        self._state = State.CONNECTING
        self._since_ms = 0.0
        self._is_answered = True
        self._busy_until_ms = 0.0

    @property
    def next_clip(self) -> Clip | None:
        """What would be said next."""
        return self._clips[0] if self._clips else None

    @property
    def is_over(self) -> bool:
        """Everything was said."""
        return not self._clips

    @property
    def due_ms(self) -> float | None:
        """When to say the next sentence, as things are; None while it is not its time."""
        clip = self.next_clip
        if clip is None or not self._is_automatic:
            return None
        if clip.interrupts:
            return self._since_ms + INTERRUPT_AFTER_MS if self._state is State.SPEAKING else None
        if self._state is not State.LISTENING and self._state is not State.READY:
            return None
        return max(self._since_ms, self._busy_until_ms) + (PAUSE_MS if self._is_answered else PATIENCE_MS)

    def only_offer(self) -> None:
        """Say nothing by itself any more: the user has another microphone."""
        self._is_automatic = False

    def observe(self, state: State, now_ms: float) -> None:
        """The conversation's state, whenever it is told."""
        if state is self._state:
            return
        self._state, self._since_ms = state, now_ms
        if state is State.SPEAKING:
            self._is_answered = True
        clip = self.next_clip
        if clip is not None and clip.interrupts and state in (State.LISTENING, State.READY) and self._is_answered:
            self._clips[0] = Clip(clip.text, clip.path, interrupts=False)  # too late to interrupt: say it all the same

    def take(self, now_ms: float, length_ms: float) -> Clip | None:
        """The next sentence is being said now, and lasts so long."""
        if not self._clips:
            return None
        self._is_answered, self._busy_until_ms = False, now_ms + length_ms
        return self._clips.pop(0)
