"""The user's sound: what of it goes to the service, when a spoken turn is complete, and when what was sent was said.

Nothing is sent that was captured while the microphone was closed, but for the moment before the talk key in
push-to-talk, once the key has opened it. What was captured before it closed is sent, also when it arrives here later
than the key.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from app.conversation.effects import Duck, Effects
from app.conversation.kept_sound import KeptChunk, KeptSound
from app.conversation.playback import BYTES_PER_MS

LEAST_TURN_MS: Final = 100
"""Less than this is refused as an empty commit (protocol reference, section 5.3)."""

CLOSING_GRACE_MS: Final = 250
"""How long the last captured sound may take from the sound card to here after the microphone was closed."""

TAIL_MS: Final = 400
"""Silence sent beyond the service's own silence window when the microphone closes hands-free, so that it notices
the end of a turn that was under way."""

_GAP_MS: Final = 60.0
"""Sound whose time differs by more than this from what the sound before it lets expect does not join it."""


class InputAudio:
    """Open, closing (waiting for what was captured before the key) or closed."""

    def __init__(self, preroll_ms: int = 0) -> None:
        """`preroll_ms`: so much of what is heard while the microphone is closed is kept here for `open_with_preroll`,
        and goes nowhere else."""
        self._preroll_ms = preroll_ms
        self._unsent: deque[KeptChunk] = deque()
        self.is_open = False
        self.turn_ms = 0.0
        """Sound sent since the microphone was opened."""
        self._appended_ms = 0.0
        """All sound ever sent: the clock of the service's audio_start_ms and audio_end_ms."""
        self._stretches: deque[tuple[float, float]] = deque(maxlen=16)
        """Where sound without a gap began on that clock, and what to add there for the conversation's clock."""
        self._closing_at_ms: float | None = None
        self._is_turn_ending = False
        self._tail_ms = 0.0
        self.is_held = False
        """There is no service to send to: sound is kept, until `release`."""
        self.kept = KeptSound()
        self.lost_voice_ms = 0.0
        """Of the user's voice, so much was held back and left again before it could be sent."""

    @property
    def is_ending_turn(self) -> bool:
        """The microphone is closed and the turn's last sound is awaited."""
        return self._is_turn_ending and self.turn_ms >= LEAST_TURN_MS

    @property
    def deadline_ms(self) -> float | None:
        """When to call `expire` at the latest."""
        return None if self._closing_at_ms is None else self._closing_at_ms + CLOSING_GRACE_MS

    def captured_at_ms(self, audio_ms: float) -> float | None:
        """When the sound at this place of all that was ever sent was captured; None where nothing was sent there."""
        if audio_ms > self._appended_ms:
            return None
        return next((audio_ms + offset for begin, offset in reversed(self._stretches) if begin < audio_ms), None)

    def open(self) -> None:
        """From now on everything is sent. A turn that was about to be complete goes on."""
        if not self._is_turn_ending:
            self.turn_ms = 0.0
        self.is_open, self._closing_at_ms, self._tail_ms, self._is_turn_ending = True, None, 0.0, False

    def open_with_preroll(self, now_ms: float) -> list[bytes]:
        """The same, with what was heard just before: a word is begun with the key, and often a little before it."""
        self.open()
        turn_ms = self.turn_ms
        since_ms = now_ms - self._preroll_ms
        recent = [chunk for chunk in self._unsent if chunk.captured_ms > since_ms]
        self._unsent.clear()
        sent = [self._append(chunk.pcm, chunk.captured_ms, is_voiced=chunk.is_voiced) for chunk in recent]
        self.turn_ms = turn_ms  # how long it was open decides whether it is a turn
        return [pcm for pcm in sent if pcm]

    def close(self, now_ms: float, *, tail_ms: float = 0.0) -> None:
        """Nothing captured after now is sent; `tail_ms` of silence follow in its place."""
        if self.is_open:
            self.is_open, self._closing_at_ms, self._tail_ms = False, now_ms, tail_ms

    def end_turn(self) -> bool:
        """The turn is to be committed when all of it was sent; whether that is the case already."""
        self._is_turn_ending = True
        return self._closing_at_ms is None and self._take_turn_end()

    def discard(self) -> None:
        """What was sent is to be thrown away: no late chunk and no tail follows."""
        self._closing_at_ms, self._tail_ms, self.turn_ms, self._is_turn_ending = None, 0.0, 0.0, False

    def hold(self) -> None:
        """From now on nothing is sent but kept, until there is another service: its clock begins anew."""
        self.is_held, self.lost_voice_ms = True, 0.0
        self._appended_ms = 0.0
        self._stretches.clear()

    def release(self) -> list[KeptChunk]:
        """There is a service again: what was kept for it, to be sent at once, in this order."""
        self.is_held = False
        for chunk in self.kept:
            self._count(chunk.length_ms, chunk.captured_ms)
        return list(self.kept)

    def captured(self, pcm: bytes, captured_ms: float, *, is_voiced: bool = False) -> tuple[bytes, bool]:
        """A chunk from the microphone, with the moment of its last sample on the conversation's clock.

        What to send (empty: nothing), and whether a turn is complete with that.
        """
        length_ms = len(pcm) / BYTES_PER_MS
        is_over = self._closing_at_ms is not None and captured_ms >= self._closing_at_ms
        is_before = self._closing_at_ms is not None and captured_ms - length_ms < self._closing_at_ms
        if self.is_open or is_before:  # at least partly from before the key
            self._unsent.clear()
            return self._append(pcm, captured_ms, is_voiced=is_voiced), is_over and self._closed()
        self._keep_unsent(KeptChunk(pcm, captured_ms, is_voiced))
        is_complete = is_over and self._closed()
        if self._tail_ms <= 0:
            return b"", is_complete
        self._tail_ms -= length_ms
        return self._append(bytes(len(pcm)), captured_ms), is_complete

    def expire(self, now_ms: float) -> bool:
        """Give up waiting for late chunks when it is time; whether a turn is complete with that."""
        return self.deadline_ms is not None and now_ms >= self.deadline_ms and self._closed()

    def finish(self, now_ms: float = 0.0) -> tuple[bytes, bool]:
        """No chunk will come any more: the rest of the tail at once, and whether a turn is complete with that."""
        rest_ms, self._tail_ms = round(max(0.0, self._tail_ms)), 0.0
        rest = bytes(rest_ms * BYTES_PER_MS)
        return (self._append(rest, now_ms) if rest and self.is_held else self._silence(rest)), self._closed()

    def _keep_unsent(self, chunk: KeptChunk) -> None:
        if self._preroll_ms:
            self._unsent.append(chunk)
            while self._unsent[0].captured_ms <= chunk.captured_ms - self._preroll_ms:
                self._unsent.popleft()

    def _silence(self, pcm: bytes) -> bytes:
        self._appended_ms += len(pcm) / BYTES_PER_MS
        return pcm

    def _append(self, pcm: bytes, captured_ms: float, *, is_voiced: bool = False) -> bytes:
        """What of this is to be sent: all of it, or nothing while it is held back."""
        length_ms = len(pcm) / BYTES_PER_MS
        self.turn_ms += length_ms
        lost_ms = self.kept.add(KeptChunk(pcm, captured_ms, is_voiced))
        if self.is_held:
            self.lost_voice_ms += lost_ms
            return b""
        self._count(length_ms, captured_ms)
        return pcm

    def _count(self, length_ms: float, captured_ms: float) -> None:
        offset_ms = captured_ms - length_ms - self._appended_ms
        if length_ms and (not self._stretches or abs(self._stretches[-1][1] - offset_ms) > _GAP_MS):
            self._stretches.append((self._appended_ms, offset_ms))
        self._appended_ms += length_ms

    def _closed(self) -> bool:
        self._closing_at_ms = None
        return self._take_turn_end()

    def _take_turn_end(self) -> bool:
        is_ending, self._is_turn_ending = self._is_turn_ending, False
        return is_ending


DUCK_DB: Final = -12.0
VOICED_MS: Final = 60.0
"""Voice for this long ducks; a click is shorter."""
HOLD_MS: Final = 700.0
"""Without voice for this long, and without the service having heard any, the volume comes back."""


class Ducking:
    """The assistant is quieter at the first sign of the user's voice, before the service has heard it.

    The local detector is fast and may be wrong, so what it does is gentle and takes itself back: the service's
    `speech_started` silences the assistant for good, its absence restores the volume. Fed with each captured chunk
    while the assistant sounds.
    """

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._voiced_ms = 0.0
        self._quiet_ms = 0.0
        self._is_ducked = False

    def heard(self, is_voice: bool, length_ms: float) -> None:
        """A chunk of that length."""
        if is_voice:
            self._voiced_ms, self._quiet_ms = self._voiced_ms + length_ms, 0.0
            if not self._is_ducked and self._voiced_ms >= VOICED_MS:
                self._is_ducked = True
                self._effects.add(Duck(DUCK_DB))
            return
        self._voiced_ms, self._quiet_ms = 0.0, self._quiet_ms + length_ms
        if self._quiet_ms >= HOLD_MS:
            self.release()

    def release(self) -> None:
        """Back to full volume, where it was lowered."""
        self._voiced_ms = self._quiet_ms = 0.0
        if self._is_ducked:
            self._is_ducked = False
            self._effects.add(Duck(0.0))
