"""A speaker that is always there: the device while it works, silence at the speed of time when it does not.

Without a speaker the conversation goes on in writing, and what would have been heard is still accounted for.
"""

from __future__ import annotations

from app.audio.files import silent_speaker
from app.audio.ports import AudioError, FarEnd, Heard, Playback, Speaker, Wake


class LastingSpeaker:
    """Stands in front of a speaker and falls back to silence."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._wake: Wake | None = None

    @property
    def name(self) -> str:
        """The device or file in use."""
        return self._speaker.name

    @property
    def failure(self) -> AudioError | None:
        """Why the device in use went away."""
        return self._speaker.failure

    @property
    def far(self) -> FarEnd | None:
        """What is handed to the device, for an echo canceller."""
        return self._speaker.far

    def start(self, wake: Wake) -> None:
        """Open it. Raises AudioError, and plays into silence from then on."""
        self._wake = wake
        try:
            self._speaker.start(wake)
        except AudioError:
            self.fall_back()
            raise

    def fall_back(self) -> None:
        """Give the device up. What it still held is gone: flush first."""
        self._speaker.close()
        self._speaker = silent_speaker()
        if self._wake is not None:
            self._speaker.start(self._wake)

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append speech of an item."""
        self._speaker.play(item_id, pcm)

    def finish(self, item_id: str) -> None:
        """No more sound will come for this item."""
        self._speaker.finish(item_id)

    def flush(self) -> tuple[Heard, ...]:
        """Silence, now; what was heard."""
        return self._speaker.flush()

    def duck(self, gain_db: float) -> None:
        """Play quieter, or as given."""
        self._speaker.duck(gain_db)

    def progress(self) -> Playback:
        """Where the playback is."""
        return self._speaker.progress()

    def close(self) -> None:
        """Release the device."""
        self._speaker.close()
