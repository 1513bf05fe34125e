"""A speaker that is always there, whatever happens to devices; the one account of what it played.

While a device works it is the device. Where there is none, or it goes away, it is silence at the speed of time: the
conversation goes on in writing, and what would have been heard is still accounted for. Another device can take over
in the middle of a word: what the first had not played yet, the second plays.
"""

from __future__ import annotations

import threading

from app.audio.files import silent_speaker
from app.audio.playback import Began, PlaybackRing, PlayedOut
from app.audio.ports import AudioError, FarEnd, Render, Samples, Speaker, Wake, server_of


class LastingSpeaker:
    """Hands speech to the device that is in use.

    `start`, `tend`, `news`, `change`, `pause`, `resume` and `close` are for the thread that owns the devices, all else
    for another one. What is given before the device is open sounds when it is.
    """

    def __init__(self, speaker: Speaker, prebuffer_ms: int = 60) -> None:
        """`prebuffer_ms`: see `PlaybackRing`."""
        self._speaker = speaker
        self._wake: Wake = lambda: None
        self._lock = threading.Lock()  # over which device it is
        self._is_closed = False
        self._ring = PlaybackRing(prebuffer_ms=prebuffer_ms)
        self._ring.detach()

    @property
    def name(self) -> str:
        """The device or file in use."""
        return self._speaker.name

    @property
    def server(self) -> str:
        """The sound server that the device in use is reached through; mostly none."""
        return server_of(self._speaker)

    @property
    def failure(self) -> AudioError | None:
        """Why the device in use went away."""
        return self._speaker.failure

    @property
    def far(self) -> FarEnd | None:
        """What is handed to the device, for an echo canceller; another one after a change."""
        return self._speaker.far

    @property
    def level_dbfs(self) -> float:
        """Of what was handed to the device last, worked out for whoever asks; from any thread."""
        return self._ring.level_dbfs

    @property
    def heard_now(self) -> tuple[str, int] | None:
        """The item that sounds, and how many milliseconds of it were handed to the device; from any thread."""
        return self._ring.heard_now

    # ---------------------------------------------------------------- what is said

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append speech (PCM16 little endian, mono, 24 kHz) of an item. Never waits for the sound."""
        self._ring.play(item_id, pcm)
        self._speaker.expect()

    def finish(self, item_id: str) -> None:
        """No more sound will come for this item: what is buffered plays out without waiting for more."""
        if self._ring.finish(item_id):
            self._wake()

    def silence(self) -> dict[str, int]:
        """Silence, now: drop what waits, fade out within 10 ms, and tell how many milliseconds of each item were
        heard."""
        return self._ring.flush()

    def duck(self, gain_db: float) -> None:
        """Play quieter (negative) or, with 0, as given; reached by a ramp, without a click."""
        self._ring.duck(gain_db)

    def set_volume(self, percent: int) -> None:
        """The user's volume, 0 to 100; reached by a ramp. 50 is 12 dB below 100: as loudness is felt."""
        self._ring.set_volume((percent / 100) ** 2)

    def news(self) -> list[Began | PlayedOut]:
        """What has begun to sound and what has sounded to its end since this was last asked."""
        return self._ring.news()

    # ---------------------------------------------------------------- on what

    def start(self, wake: Wake) -> None:
        """Open it. Raises AudioError, and plays into silence from then on.

        `wake` is called when an item begins to sound, when all that was given for one has sounded, and when the device
        fails or wants to be tended; not for every block.
        """
        self._wake = wake
        try:
            self._speaker.start(self._render_for(self._speaker), wake)
        except AudioError:
            self._replace(self._silence())
            raise
        self._ring.attach(self._speaker, self._speaker.rate_hz)

    def change(self, speaker: Speaker) -> None:
        """From now on it is this one: the rest of what is being said goes on there. Raises AudioError where it cannot
        be opened, and keeps the one there is."""
        speaker.start(self._render_for(speaker), self._wake)
        self._replace(speaker)

    def fall_back(self) -> None:
        """Where the device went away, give it up: what it still held is played into silence."""
        if self.failure is not None:
            self._replace(self._silence(), only_lost=True)

    def expect(self) -> None:
        """Speech will come soon: where the device rests it is woken."""
        self._speaker.expect()

    def tend(self) -> None:
        """Let the device rest or run. Without the lock: speech that comes meanwhile does not wait for that."""
        self._speaker.tend()

    def pause(self) -> None:
        """Release the device for a while; what waits, and what comes meanwhile, is kept."""
        with self._lock:
            self._ring.detach()
            self._speaker.pause()

    def resume(self) -> None:
        """Open it again, and go on where it stopped. Raises AudioError, and plays into silence from then on."""
        try:
            with self._lock:
                self._speaker.resume()
                self._ring.attach(self._speaker, self._speaker.rate_hz)
        except AudioError:
            self._replace(self._silence())
            raise

    def close(self) -> None:
        """Release the device."""
        with self._lock:
            self._is_closed = True
        self._speaker.close()

    # ---------------------------------------------------------------- within

    def _silence(self) -> Speaker:
        silence = silent_speaker()
        silence.start(self._render_for(silence), self._wake)
        return silence

    def _replace(self, speaker: Speaker, *, only_lost: bool = False) -> None:
        before = speaker
        with self._lock:
            if not self._is_closed and not (only_lost and self._speaker.failure is None):
                before, self._speaker = self._speaker, speaker
                self._ring.attach(speaker, speaker.rate_hz)
        before.close()

    def _render_for(self, speaker: Speaker) -> Render:
        def render(out: Samples) -> bool:
            if self._ring.render(out, speaker):
                self._wake()
            return self._ring.is_sounding

        return render
