"""What the rest of the program may ask of a microphone and a speaker, and what can go wrong with them.

Two shapes, `Microphone` and `Speaker`, hide real devices, `.wav` files and nothing at all from the conversation.
Threads: each of their methods may be called from any one thread; what runs in the sound card's callback is behind the
port, or is the `Render` that a speaker was given, and only copies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

NONE: Final = "none"
"""What the user writes for no device at all."""

STANDARD_STREAM: Final = "-"
"""What the user writes for standard input or output."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono sound, shape (frames,), full scale is -1.0 to 1.0."""

Wake: TypeAlias = Callable[[], None]
"""Called by a port, from its own thread or callback, when there is something to look at: sound of a microphone, a
speaker that wants to be tended, a device that went away. It must return at once (it sets an event)."""

Render: TypeAlias = Callable[[Samples], bool]
"""Fills a speaker's next block, shape (frames,) at the speaker's rate; whether there is any sound in it. Called in the
sound card's callback: it only copies."""


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


@runtime_checkable
class Served(Protocol):
    """A microphone or speaker that a sound server has, reached past PortAudio."""

    @property
    def server(self) -> str:
        """What kind of server, for the user."""


def server_of(port: object) -> str:
    """The sound server that a microphone or speaker is reached through; empty for all others."""
    return port.server if isinstance(port, Served) else ""


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
    """A place where sound is handed out block by block. What that sound is, and how much of it was heard, is known to
    whoever renders the blocks."""

    @property
    def name(self) -> str:
        """The device or file, for the user."""

    @property
    def rate_hz(self) -> int:
        """The rate of its blocks; known after `start`, and perhaps another one after `resume`."""

    @property
    def failure(self) -> AudioError | None:
        """Why nothing sounds any more, when the device went away."""

    @property
    def far(self) -> FarEnd | None:
        """What is handed to the device, for an echo canceller; None where no microphone can hear it (a file)."""

    def start(self, render: Render, wake: Wake) -> None:
        """Open it; from now on it asks for block after block. Raises AudioError.

        `wake` is called when it wants to be tended, and when the device fails; not for every block.
        """

    def expect(self) -> None:
        """Sound will come soon: where the device rests it is woken. Returns at once; from any thread."""

    def tend(self) -> None:
        """Let the device rest or run as is needed, on the thread that owns it: that may take long. To be called
        after each `wake`; a device that does not run any more is lost (`failure`)."""

    def pause(self) -> None:
        """Release the device for a while: no block is asked for. After `start`."""

    def resume(self) -> None:
        """Open it again, and go on asking. Raises AudioError."""

    def close(self) -> None:
        """Stop and release the device (a `.wav` file is complete on return). Safe to call twice."""
