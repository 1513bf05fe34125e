"""Puts the parts together: from settings and a way to the service to a conversation that can be run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app.audio.catalogue import list_devices
from app.audio.files import WavMicrophone
from app.audio.open import open_microphone, open_speaker
from app.audio.portaudio import Kind
from app.audio.ports import NONE, STANDARD_STREAM, AudioError, Microphone, Speaker
from app.audio.standard_streams import StandardInput, StandardOutput
from app.conversation.active_response import ANSWER_TIMEOUT_MS
from app.conversation.bill import Budget
from app.conversation.effects import Notice, Severity
from app.conversation.session import Detection, Mode, SessionSettings
from app.history.writer import ConversationWriter, new_folder_name
from app.launch.prices import price_list
from app.launch.request import NoDeviceError
from app.live.conversation import LiveConversation
from app.live.dialling import Dialler
from app.live.events import Listener, WireEventsAfter
from app.live.switching import Switchboard
from app.settings import Loaded, Settings, Source, which_service

EXAMPLE = "example"

_SLOW_ANSWER_TIMEOUT_MS = 130_000
"""The embedded service itself waits 120 s for a chat endpoint, which may be loading its model, and says how it went."""


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
        except AudioError:  # no library and no server: there is nothing to choose from
            return (), ()
        microphones, speakers = (
            tuple(dict.fromkeys(device.name for device in found if device.channels(kind)))
            for kind in (Kind.MICROPHONE, Kind.SPEAKER)
        )
        return microphones, speakers


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
        transcription_prompt=settings.transcription_prompt or None,
        transcription_keywords=settings.transcription_keywords or None,
        transcription_delay=None if settings.transcription_delay == "auto" else settings.transcription_delay,
        logprobs=settings.logprobs,
        noise_reduction=None if settings.noise_reduction == "off" else settings.noise_reduction,
        noise_reduction_strength=settings.noise_reduction_strength,
        max_output_tokens=settings.max_output_tokens,
        truncation=settings.truncation,
        retention_ratio=settings.retention_ratio,
        retention_tokens=settings.retention_tokens,
        reasoning_effort=None if settings.reasoning_effort == "auto" else settings.reasoning_effort,
        tracing=None if settings.tracing == "off" else settings.tracing,
        prompt_id=settings.prompt_id or None,
        prompt_version=settings.prompt_version or None,
        prompt_variables=settings.prompt_variables or None,
    )


def chosen_settings(loaded: Loaded) -> frozenset[str]:
    """The settings of the session that the user has set anywhere."""
    default = Settings()
    return frozenset(
        name
        for name in SessionSettings.__struct_fields__
        if loaded.source(name) is not Source.DEFAULT or getattr(loaded.settings, name) != getattr(default, name)
    )


def answer_timeout_ms(settings: Settings) -> int:
    """How long the service may give no sign of life where something is due of it."""
    if settings.answer_timeout_s is not None:
        return settings.answer_timeout_s * 1000
    asks_elsewhere = which_service(settings) == "local" and settings.responder != "builtin"
    return _SLOW_ANSWER_TIMEOUT_MS if asks_elsewhere else ANSWER_TIMEOUT_MS


def open_sound(
    settings: Settings, *, needs_microphone: bool, given: Mapping[str, object], has_streams: bool = False
) -> Sound:
    """Microphone and speaker as set. What is missing becomes a notice, what was asked for by name an error.

    `has_streams`: standard input and output are free for sound.

    Raises NoDeviceError.
    """
    notices: list[str] = []
    microphone: Microphone | None = None
    speaks_example = settings.mic == EXAMPLE
    if not speaks_example and settings.mic != NONE and needs_microphone:
        try:
            is_stream = has_streams and settings.mic == STANDARD_STREAM
            microphone = StandardInput() if is_stream else open_microphone(settings.mic or None)
        except AudioError as error:
            if given.get("mic"):
                raise NoDeviceError(str(error)) from error
            notices.append(str(error))
    try:
        is_stream = has_streams and settings.speaker == STANDARD_STREAM
        speaker = StandardOutput() if is_stream else open_speaker(settings.speaker or None)
    except AudioError as error:
        if given.get("speaker"):
            raise NoDeviceError(str(error)) from error
        if str(error) not in notices:
            notices.append(str(error))
        speaker = open_speaker(NONE)
    if settings.muted:
        notices.append("The assistant is muted, as it was set: its answers can only be read.")
    is_recording = isinstance(microphone, WavMicrophone | StandardInput)
    return Sound(microphone, speaker, speaks_example, is_recording, tuple(notices))


def make_live(
    loaded: Loaded,
    dialler: Dialler,
    sound: Sound,
    listener: Listener,
    *,
    greets: bool,
    conversations: Path | None = None,
    switchboard: Switchboard | None = None,
    wire_events: WireEventsAfter = lambda _: (),
    stays_offline: bool = False,
) -> LiveConversation:
    """The conversation, ready to be run. It is kept under the folder `conversations`, unless the user said not to.

    `stays_offline`: where the line cannot be made again, the user may still ask for it.
    """
    settings = loaded.settings
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
        switchboard=switchboard,
        wire_events=wire_events,
        timeout_ms=answer_timeout_ms(settings),
        preroll_ms=settings.preroll_ms,
        volume=0 if settings.muted else settings.volume,
        prices=price_list(settings),
        budget=Budget(settings.budget, settings.budget_stops),
        chosen=chosen_settings(loaded),
        reconnect_s=settings.reconnect_s,
        stays_offline=stays_offline,
    )
