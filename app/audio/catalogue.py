"""All devices that there are: PortAudio's, and where it sees none of a kind, those of a PulseAudio server."""

from __future__ import annotations

from collections.abc import Collection

from app.audio import portaudio, pulse_server
from app.audio.portaudio import Device, Kind
from app.audio.ports import AudioError


def list_devices(kinds: Collection[Kind] = tuple(Kind)) -> tuple[Device, ...]:
    """All of PortAudio's, and of these kinds the server's where it has none. Raises PortAudioMissingError,
    DevicesUnknownError where there are none at all."""
    try:
        return completed(portaudio.list_devices(), kinds)
    except AudioError:
        if found := completed((), kinds):
            return found
        raise


def completed(own: tuple[Device, ...], kinds: Collection[Kind] = tuple(Kind)) -> tuple[Device, ...]:
    """PortAudio's `own`, and the server's of each of these kinds of which they hold none."""
    unseen = [kind for kind in kinds if not any(each.channels(kind) for each in own)]
    return (*own, *pulse_server.list_devices(unseen))
