"""A speaker that is always there, whatever happens to devices.

While a device works it is the device. Where there is none, or it goes away, it is silence at the speed of time: the
conversation goes on in writing, and what would have been heard is still accounted for. Another device can take over
in the middle of a word: what the first had not played yet, the second plays.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace

from app.audio.files import silent_speaker
from app.audio.pcm import bytes_to_ms, ms_to_bytes
from app.audio.ports import AudioError, FarEnd, Heard, Playback, Speaker, Wake

_REMEMBERED_ITEMS = 8
"""Items sound in order, so one that was given so many items ago has been heard."""


@dataclass(slots=True)
class _Given:
    """What was given for an item, and how much of it an earlier device had played."""

    pcm: bytearray = field(default_factory=bytearray)
    played_ms: int = 0
    is_finished: bool = False


class LastingSpeaker:
    """Stands in front of a speaker.

    `start`, `tend`, `progress`, `change` and `close` are for the thread that owns the devices, all else for another
    one. What is given before the device is open sounds when it is.
    """

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._wake: Wake | None = None
        self._lock = threading.Lock()  # over which device it is, and what it was given
        self._is_open = False
        self._is_closed = False
        self._given: dict[str, _Given] = {}
        self._over: deque[Heard] = deque()  # heard to their end just as the device was changed; not yet reported

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
        """What is handed to the device, for an echo canceller; another one after a change."""
        return self._speaker.far

    @property
    def level_dbfs(self) -> float:
        """Of what was handed to the device last."""
        return self._speaker.level_dbfs

    def start(self, wake: Wake) -> None:
        """Open it. Raises AudioError, and plays into silence from then on."""
        self._wake = wake
        try:
            self._speaker.start(wake)
        except AudioError:
            self._speaker.close()
            self._speaker = silent_speaker()
            self._speaker.start(wake)
            raise
        finally:
            with self._lock:
                self._is_open = True
                for item_id, given in self._given.items():
                    self._hand_over(item_id, given, given.pcm)

    def fall_back(self) -> None:
        """Where the device went away, give it up: what it still held is played into silence."""
        if self.failure is not None and self._wake is not None:
            silence = silent_speaker()
            silence.start(self._wake)
            self._replace(silence, only_lost=True)

    def change(self, speaker: Speaker) -> None:
        """From now on it is this one, which is started already. The rest of what is being said goes on there."""
        self._replace(speaker, only_lost=False)

    def _replace(self, speaker: Speaker, *, only_lost: bool) -> None:
        with self._lock:
            before = speaker
            if not self._is_closed and not (only_lost and self._speaker.failure is None):
                before, self._speaker = self._speaker, speaker
                self._move(before)
        before.close()
        if self._over and self._wake is not None:
            self._wake()

    def _move(self, before: Speaker) -> None:
        """What was not played yet goes to the device that is in use now."""
        for heard in before.flush():
            if given := self._given.get(heard.item_id):
                given.played_ms += heard.heard_ms
                rest = given.pcm[ms_to_bytes(given.played_ms) :]
                if rest:
                    self._hand_over(heard.item_id, given, rest)
                else:
                    self._over.append(Heard(heard.item_id, given.played_ms, given.played_ms))

    def _hand_over(self, item_id: str, given: _Given, pcm: bytearray) -> None:
        self._speaker.play(item_id, bytes(pcm))
        if given.is_finished:
            self._speaker.finish(item_id)

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append speech of an item."""
        with self._lock:
            self._given.setdefault(item_id, _Given()).pcm += pcm
            while len(self._given) > _REMEMBERED_ITEMS:
                del self._given[next(iter(self._given))]
            if self._is_open:
                self._speaker.play(item_id, pcm)

    def finish(self, item_id: str) -> None:
        """No more sound will come for this item."""
        with self._lock:
            if given := self._given.get(item_id):
                given.is_finished = True
            if self._is_open:
                self._speaker.finish(item_id)

    def flush(self) -> tuple[Heard, ...]:
        """Silence, now; what was heard."""
        with self._lock:
            if self._is_open:
                heard = tuple(map(self._whole, self._speaker.flush()))
            else:
                heard = tuple(Heard(item_id, 0, bytes_to_ms(len(each.pcm))) for item_id, each in self._given.items())
            self._given.clear()
        return heard

    def silence(self) -> dict[str, int]:
        """The same, as a conversation asks for it: milliseconds heard of each item."""
        return {heard.item_id: heard.heard_ms for heard in self.flush()}

    def duck(self, gain_db: float) -> None:
        """Play quieter, or as given."""
        with self._lock:
            self._speaker.duck(gain_db)

    def expect(self) -> None:
        """Speech will come soon."""
        self._speaker.expect()

    def tend(self) -> None:
        """Let the device rest or run. Without the lock: speech that comes meanwhile does not wait for that."""
        self._speaker.tend()

    def progress(self) -> Playback:
        """Where the playback is."""
        playback = self._speaker.progress()
        over = [self._over.popleft() for _ in range(len(self._over))]
        return replace(playback, items=(*over, *map(self._whole, playback.items)))

    def pause(self) -> None:
        """Release the device for a while; what waits, and what comes meanwhile, is kept."""
        with self._lock:
            self._speaker.pause()

    def resume(self) -> None:
        """Open it again, and go on where it stopped. Raises AudioError, and plays into silence from then on."""
        try:
            with self._lock:
                self._speaker.resume()
        except AudioError:
            silence = silent_speaker()
            if self._wake is not None:
                silence.start(self._wake)
            self._replace(silence, only_lost=False)
            raise

    def close(self) -> None:
        """Release the device."""
        with self._lock:
            self._is_closed = True
        self._speaker.close()

    def _whole(self, heard: Heard) -> Heard:
        """Counted over all devices that the item sounded on."""
        given = self._given.get(heard.item_id)
        if given is None or not given.played_ms:
            return heard
        return Heard(heard.item_id, heard.heard_ms + given.played_ms, heard.received_ms + given.played_ms)
