"""What the rest of the program may ask of a microphone and a speaker, and what can go wrong with them.

Two shapes, `Microphone` and `Speaker`, hide real devices, `.wav` files and nothing at all from the conversation.
Threads: `read` and `flush`, `play`, `progress` ... may be called from any one thread each; what runs in the
sound card's callback is behind the port and only copies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono sound, shape (frames,), full scale is -1.0 to 1.0."""

Wake: TypeAlias = Callable[[], None]
"""Called by a port, from its own thread or callback, when there is something to look at: sound of a microphone, the
first or the last sound of an item at a speaker, a device that went away. It must return at once (it sets an event)."""


class AudioError(Exception):
    """Something about sound that the user can do something about.

    `str(error)` is one or two sentences for the user: what happened, why, what to do.
    """


class PortAudioMissingError(AudioError):
    """The PortAudio library cannot be loaded, so no device can be used at all."""


class DevicesUnknownError(AudioError):
    """The library is there, but does not tell which devices there are."""


class DeviceNotFoundError(AudioError):
    """No device of that name or number, or no device of that kind at all."""


class DeviceBusyError(AudioError):
    """The device is there but cannot be opened: used by another program, or refused by the system."""


class DeviceLostError(AudioError):
    """The device went away while it was in use."""


class NotASoundFileError(AudioError):
    """The file is missing, unreadable, or holds no sound that we can read."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of one item really left the speaker (frames handed to the device count as heard)."""

    item_id: str
    heard_ms: int
    received_ms: int
    """All the sound that was given for the item, heard or not."""


@dataclass(frozen=True, slots=True)
class Playback:
    """Where the playback is at one moment."""

    items: tuple[Heard, ...]
    """The items that were given and not yet flushed or forgotten, oldest first."""


class FarEnd(Protocol):
    """The far end of an echo: a copy of every block handed to the speaker, for one reader."""

    @property
    def rate_hz(self) -> int:
        """The rate of what `read` returns; known after the speaker's `start`."""

    def read(self) -> Samples:
        """All that was handed out since the last call; what nobody fetched in time is lost."""


class Microphone(Protocol):
    """A source of mono sound at its own rate."""

    @property
    def name(self) -> str:
        """The device or file, for the user."""

    @property
    def rate_hz(self) -> int:
        """The rate of what `read` returns; known after `start`."""

    @property
    def ended(self) -> bool:
        """Nothing more will come after what `read` still holds: the file is over, or the device went away."""

    @property
    def failure(self) -> AudioError | None:
        """Why it ended, when it ended for a bad reason."""

    def start(self, wake: Wake) -> None:
        """Open it; sound flows from now on. Raises AudioError."""

    def wake_at(self, frames: int) -> None:
        """Call `wake` only when so many frames are there to be read; what comes in blocks may call for each."""

    def read(self) -> Samples:
        """All that came in since the last call; may be empty. Never waits."""

    def pause(self) -> None:
        """Release the device for a while: nothing is heard until `resume`. After `start`."""

    def resume(self) -> None:
        """Open it again; sound flows from now on. Raises AudioError."""

    def close(self) -> None:
        """Stop and release the device. Safe to call twice, and before `start`."""


class Speaker(Protocol):
    """A place where the assistant's speech sounds, item by item, in the order given."""

    @property
    def name(self) -> str:
        """The device or file, for the user."""

    @property
    def failure(self) -> AudioError | None:
        """Why nothing sounds any more, when the device went away."""

    @property
    def far(self) -> FarEnd | None:
        """What is handed to the device, for an echo canceller; None where no microphone can hear it (a file)."""

    @property
    def level_dbfs(self) -> float:
        """Of what was handed to the device last, worked out for whoever asks; from any thread."""

    def start(self, wake: Wake) -> None:
        """Open it; it plays silence until something is given. Raises AudioError.

        `wake` is called when an item begins to sound, when all that was given for one has sounded, and when the
        device fails; not for every block.
        """

    def play(self, item_id: str, pcm: bytes) -> None:
        """Append speech (PCM16 little endian, mono, 24 kHz) of an item. Never waits for the sound."""

    def finish(self, item_id: str) -> None:
        """No more sound will come for this item: what is buffered plays out without waiting for more."""

    def flush(self) -> tuple[Heard, ...]:
        """Silence, now: drop what waits, fade out within 10 ms, and tell for each item what was really heard.

        Exact: the fade counts as heard, and no frame after it of any of these items ever sounds.
        """

    def duck(self, gain_db: float) -> None:
        """Play quieter (negative) or, with 0, as given; reached by a ramp, without a click."""

    def expect(self) -> None:
        """Speech will come soon: where the device rests it is woken. Returns at once; from any thread."""

    def tend(self) -> None:
        """Let the device rest or run as is needed, on the thread that owns it: that may take long. To be called
        after each `wake`; a device that does not run any more is lost (`failure`)."""

    def progress(self) -> Playback:
        """Where the playback is. Items that are finished and wholly heard are reported once more, then forgotten."""

    def pause(self) -> None:
        """Release the device for a while: what waits is kept. After `start`."""

    def resume(self) -> None:
        """Open it again; what waits sounds from where it stopped. Raises AudioError."""

    def close(self) -> None:
        """Stop and release the device (a `.wav` file is complete on return). Safe to call twice."""
