"""Settings of the talk itself: who may speak when, how the assistant speaks, and the sound on this machine."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.settings.about import About, Applies, Section

_T, _V, _S = Section.TURNS, Section.VOICE, Section.SOUND


class TalkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """With their values. The names that a session knows too are the same there."""

    # ---------------------------------------------------------------- turn taking
    mode: Annotated[
        Literal["hands-free", "push-to-talk"],
        About(
            _T,
            "mode",
            "hands-free: speak whenever you like. push-to-talk: only what you say while the microphone "
            "is open is heard.",
        ),
    ] = "hands-free"
    detection: Annotated[
        Literal["server_vad", "semantic_vad"],
        About(
            _T,
            "detection",
            "How the service finds the end of your turn: by silence (server_vad) or by meaning (semantic_vad).",
        ),
    ] = "server_vad"
    threshold: Annotated[
        float,
        Meta(ge=0.0, le=1.0),
        About(
            _T,
            "threshold",
            "How sure the service must be that it hears speech. Higher in a noisy room.",
            step=0.05,
            env="REALTIME_VAD_THRESHOLD",
        ),
    ] = 0.5
    silence_ms: Annotated[
        int,
        Meta(ge=100, le=10_000),
        About(
            _T,
            "silence",
            "So much silence ends your turn. Shorter answers sooner, longer lets you think.",
            "ms",
            step=50,
            is_finer_when_small=True,
        ),
    ] = 500
    prefix_padding_ms: Annotated[
        int,
        Meta(ge=0, le=5_000),
        About(
            _T,
            "prefix",
            "Sound kept from before speech was noticed, so that no first syllable is lost.",
            "ms",
            step=50,
            is_finer_when_small=True,
        ),
    ] = 300
    preroll_ms: Annotated[
        int,
        Meta(ge=0, le=1_000),
        About(
            _T,
            "before the key",
            "In push-to-talk, so much of what was heard just before the talk key is part of your turn: a word begun "
            "with the key is whole. 0: nothing of it.",
            "ms",
            step=50,
            applies=Applies.START,
        ),
    ] = 200
    idle_timeout_ms: Annotated[
        Annotated[int, Meta(ge=5_000, le=30_000)] | None,
        About(
            _T,
            "idle timeout",
            "After this much silence the assistant speaks by itself. Empty: never.",
            "ms",
            step=1_000,
        ),
    ] = None
    eagerness: Annotated[
        Literal["auto", "low", "medium", "high"],
        About(_T, "eagerness", "With semantic_vad: how soon the assistant takes its turn."),
    ] = "auto"
    create_response: Annotated[
        bool, About(_T, "answer by itself", "Whether the service answers when your turn is over.")
    ] = True
    interrupt_response: Annotated[bool, About(_T, "interruptible", "Whether speaking interrupts the assistant.")] = True
    # ---------------------------------------------------------------- voice
    voice: Annotated[
        str,
        Meta(min_length=1),
        About(
            _V,
            "voice",
            "The assistant's voice: a name, or the id of a voice of your own (voice_...). It can change until the "
            "assistant has first spoken.",
        ),
    ] = "marin"
    speed: Annotated[
        float, Meta(ge=0.25, le=1.5), About(_V, "speed", "How fast the assistant speaks.", "×", step=0.05)
    ] = 1.0
    instructions: Annotated[
        str, About(_V, "instructions", "What the assistant should know and how it should behave.", is_multiline=True)
    ] = "You are a friendly voice assistant. Keep your answers short, and speak as people speak."
    output: Annotated[
        Literal["audio", "text"], About(_V, "output", "Whether the assistant answers in speech or in writing.")
    ] = "audio"
    greeting: Annotated[bool, About(_V, "greeting", "Whether the assistant speaks first.", applies=Applies.SESSION)] = (
        True
    )
    # ---------------------------------------------------------------- sound
    mic: Annotated[
        str,
        About(
            _S,
            "microphone",
            "A device's name or number, a .wav file, `example`, `none`, or `-`. Empty: the system's.",
            empty="system default",
        ),
    ] = ""
    speaker: Annotated[
        str,
        About(
            _S,
            "speaker",
            "A device's name or number, a .wav file to write, `none`, or `-`. Empty: the system's.",
            empty="system default",
        ),
    ] = ""
    volume: Annotated[
        int, Meta(ge=0, le=100), About(_S, "volume", "How loud the assistant is. 100: as it is sent.", "%", step=5)
    ] = 100
    muted: Annotated[
        bool, About(_S, "assistant muted", "The assistant speaks and is not heard; the volume stays for later.")
    ] = False
    echo_cancelling: Annotated[
        bool,
        About(
            _S,
            "echo cancelling",
            "Takes the assistant's own voice out of the microphone, for open speakers.",
            applies=Applies.START,
        ),
    ] = True
    noise_reduction: Annotated[
        Literal["off", "near_field", "far_field"],
        About(_S, "noise reduction", "The service's own: near_field for headsets, far_field for laptops and rooms."),
    ] = "off"
    transcription_model: Annotated[
        str,
        About(
            _S,
            "transcription",
            "The model that writes down what you say. `auto`: the service's usual one; `off`: none.",
        ),
    ] = "auto"
    language: Annotated[
        str,
        Meta(pattern="^([a-z]{2,3}( *, *[a-z]{2,3})*)?$"),
        About(
            _S,
            "language",
            "The language you speak, as two letters (en, de, ja); several with commas, for models that take them. "
            "Empty: found out by itself.",
            empty="found out",
        ),
    ] = ""
