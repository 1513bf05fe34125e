"""The audio worker: one thread between the devices' callbacks and the line.

Woken by the microphone for what it captured, and by the speaker when an item begins or runs out. It works out levels
and the voice probability, hands chunks to the line, and notices what of the assistant's speech has begun and ended to
sound. It decides nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from app.audio.capture import Capture, Chunk, Levels
from app.audio.echo import open_canceller
from app.audio.files import ClipMicrophone
from app.audio.playback import Began, PlayedOut
from app.audio.ports import AudioError, FarEnd, Microphone, server_of
from app.audio.vad import SparingDetector, open_detector
from app.live.speaker import LastingSpeaker


class SoundListener(Protocol):
    """What the worker reports; every call returns at once."""

    def captured(self, chunk: Chunk) -> None:
        """20 ms of the microphone."""

    def sounding(self, item_id: str) -> None:
        """The first sound of an item left the speaker."""

    def played_out(self, item_id: str, played_ms: int) -> None:
        """Everything given for an item so far has sounded: so many milliseconds."""

    def microphone_ended(self, error: AudioError | None) -> None:
        """The file is over (None), or the device is gone or never came."""

    def speaker_failed(self, error: AudioError) -> None:
        """Nothing can be heard."""


class SoundWorker:
    """Owns the microphone, and the watch over the speaker, while `run` runs."""

    def __init__(
        self,
        microphone: Microphone | None,
        speaker: LastingSpeaker,
        listener: SoundListener,
        *,
        cancels_echo: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._microphone = microphone
        self._speaker = speaker
        self._listener = listener
        self._cancels_echo = cancels_echo
        self._clock = clock
        self._zero = clock()
        self._wake = threading.Event()
        self._is_closing = False
        self._is_paused = False
        self._is_over = False
        self._capture: Capture | None = None
        self._far: FarEnd | None = None
        self._tasks: deque[Callable[[], object]] = deque()
        self._speaker_failure: AudioError | None = None
        self._has_speaker_moved = False
        self.is_input_over = microphone is None
        """Nothing will come from the microphone any more: there is none, or its file is over."""

    @property
    def levels(self) -> Levels:
        """The levels now, worked out for whoever looks. From any thread."""
        if self._is_over:
            return Levels()
        capture, output_dbfs = self._capture, self._speaker.level_dbfs
        return capture.levels(self.now_ms(), output_dbfs) if capture else Levels(output_dbfs=output_dbfs)

    @property
    def server(self) -> str:
        """The sound server that one of the devices is reached through; mostly none. From any thread."""
        return server_of(self._microphone) or self._speaker.server

    def now_ms(self) -> int:
        """The conversation's clock: milliseconds since this worker was made."""
        return round((self._clock() - self._zero) * 1000)

    def close(self) -> None:
        """Let `run` return. From any thread."""
        self._is_closing = True
        self._wake.set()

    def suspend(self) -> threading.Event:
        """Close microphone and speaker for a while; the event is set when they are. From any thread."""
        closed = threading.Event()
        if not self.do(lambda: self._pause(closed)):
            closed.set()
        return closed

    def resume(self) -> None:
        """Open them again, as they were. From any thread."""
        self.do(self._resume)

    def take(self, microphone: Microphone) -> None:
        """Use this microphone from now on. From any thread."""
        self.is_input_over = False
        self.do(lambda: self._replace_microphone(microphone))

    def drop_microphone(self) -> None:
        """Do without one. Within `do`."""
        if self._microphone is not None:
            self._microphone.close()
        self._microphone, self._capture, self.is_input_over = None, None, True

    def _speaker_moved(self) -> None:
        """An item has begun or run out, or the speaker failed: look at it. From any thread."""
        self._has_speaker_moved = True
        self._wake.set()

    def do(self, task: Callable[[], object]) -> bool:
        """Let this be done on the worker's thread, where devices may take their time to open. From any thread.

        False: it is not done, since the worker's end has begun.
        """
        self._tasks.append(task)
        self._wake.set()
        return not self._is_closing

    def change_microphone(self, microphone: Microphone) -> None:
        """Use this one from now on, if it can be opened. Within `do`. Raises AudioError, and keeps the one there is."""
        microphone.start(self._wake.set)
        if self._microphone is not None:
            self._microphone.close()
        self._listen_to(microphone)
        self.is_input_over = False

    def run(self) -> None:
        """Until `close`. Devices are opened and released in here."""
        try:
            self._start_speaker()
            if self._microphone is not None:
                self._start_microphone(self._microphone)
            while not self._is_closing:
                self._wake.wait()
                self._wake.clear()
                if not self._is_closing:
                    self._step()
        finally:
            self._is_over = True
            with closing(self._speaker):
                if self._microphone is not None:
                    self._microphone.close()

    # ---------------------------------------------------------------- within

    def _start_speaker(self) -> None:
        try:
            self._speaker.start(self._speaker_moved)
        except AudioError as error:
            self._listener.speaker_failed(error)

    def _start_microphone(self, microphone: Microphone) -> None:
        try:
            microphone.start(self._wake.set)
        except AudioError as error:
            self._give_up_microphone(microphone, error)
            return
        self._listen_to(microphone)

    def _listen_to(self, microphone: Microphone) -> None:
        self._microphone = microphone
        self._far = self._speaker.far if self._cancels_echo else None
        canceller = open_canceller(self._far) if self._far else None
        self._capture = Capture(microphone, SparingDetector(open_detector()), canceller)

    def _replace_microphone(self, microphone: Microphone) -> None:
        if self._microphone is not None:
            self._microphone.close()
        self._start_microphone(microphone)

    def _pause(self, closed: threading.Event) -> None:
        try:
            self._is_paused = True
            if self._microphone is not None:
                self._microphone.pause()
            self._speaker.pause()
        finally:
            closed.set()

    def _resume(self) -> None:
        if not self._is_paused:
            return
        self._is_paused = False
        try:
            self._speaker.resume()
        except AudioError as error:
            self._listener.speaker_failed(error)
        if self._microphone is None:
            return
        try:
            self._microphone.resume()
        except AudioError as error:
            self._give_up_microphone(self._microphone, error)
        else:
            self._listen_to(self._microphone)

    def _give_up_microphone(self, microphone: Microphone, error: AudioError) -> None:
        self._microphone, self._capture, self.is_input_over = None, None, True
        microphone.close()
        self._listener.microphone_ended(error)

    def _step(self) -> None:
        while self._tasks:
            self._tasks.popleft()()
        if self._microphone is not None and self._cancels_echo and self._speaker.far is not self._far:
            self._listen_to(self._microphone)  # another speaker: another echo
        if self._microphone is not None and self._capture is not None:
            for chunk in self._capture.step(self.now_ms()):
                self._listener.captured(chunk)
            self._microphone.wake_at(self._capture.missing_frames)
            self._notice_end()
        if self._has_speaker_moved:
            self._has_speaker_moved = False  # before looking: what moves meanwhile is looked at again
            self._look_at_speaker()

    def _look_at_speaker(self) -> None:
        if not self._is_paused:
            self._speaker.tend()
        for news in self._speaker.news():
            match news:
                case Began(item_id):
                    self._listener.sounding(item_id)
                case PlayedOut(item_id, played_ms):
                    self._listener.played_out(item_id, played_ms)
        failure = self._speaker.failure
        if failure is not None and failure is not self._speaker_failure:
            self._speaker_failure = failure
            self._listener.speaker_failed(failure)

    def _notice_end(self) -> None:
        microphone = self._microphone
        if microphone is None or self._capture is None or not self._capture.ended:
            return
        failure = microphone.failure
        microphone.close()
        if failure is None:
            # A quiet room follows the end of a file: the service needs silence to find the end of the turn.
            self._start_microphone(ClipMicrophone(microphone.name))
        else:
            self._microphone, self._capture = None, None
        self.is_input_over = True
        self._listener.microphone_ended(failure)
