"""Every setting, once: its type, default, limits, unit and meaning.

From this declaration come the options of the command line, the names in the environment and in `.env.example`, the
keys of the settings file, the checks, and the rows of the settings panel. It is read in three files, in the order of
the panel: a structure for each follows on the one before.
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from app.settings.about import About, Section, Setting
from app.settings.service_settings import ServiceSettings

_E, _L = Section.EXPERT, Section.LOOKS


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """All settings with their values."""

    # ---------------------------------------------------------------- expert
    max_output_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=4096)] | None,
        About(
            _E,
            "longest answer",
            "So many tokens an answer has at most; a spoken second has about 20. Empty: as many as the model gives.",
            "tokens",
            step=64,
        ),
    ] = None
    reasoning_effort: Annotated[
        Literal["auto", "minimal", "low", "medium", "high", "xhigh"],
        About(
            _E,
            "reasoning",
            "How long the model thinks before it speaks; gpt-realtime-2 and later. auto: the service's own choice.",
        ),
    ] = "auto"
    truncation: Annotated[
        Literal["auto", "disabled", "retention_ratio"],
        About(
            _E,
            "truncation",
            "What happens when the conversation is too long for the model. auto: the oldest is forgotten. "
            "disabled: the answer fails. retention_ratio: more is forgotten at once; later answers are cheaper.",
        ),
    ] = "auto"
    retention_ratio: Annotated[
        float,
        Meta(ge=0.0, le=1.0),
        About(_E, "retention", "With retention_ratio: the part of the conversation that stays.", step=0.05),
    ] = 0.8
    retention_tokens: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        About(
            _E,
            "retention limit",
            "With retention_ratio: the conversation is too long from so many tokens on. Empty: the model's own limit.",
            "tokens",
            step=1_000,
        ),
    ] = None
    transcription_prompt: Annotated[
        str,
        About(
            _E,
            "writing hint",
            "What the writer of your words should know, such as what you talk about. Not with gpt-realtime-whisper.",
            is_multiline=True,
        ),
    ] = ""
    transcription_keywords: Annotated[
        str,
        About(
            _E,
            "keywords",
            "Names and words that you use, with commas between; gpt-transcribe and gpt-live-transcribe.",
        ),
    ] = ""
    transcription_delay: Annotated[
        Literal["auto", "minimal", "low", "medium", "high", "xhigh"],
        About(
            _E,
            "writing delay",
            "How long the writer of your words waits to be surer of them; gpt-realtime-whisper. "
            "auto: the service's own choice.",
        ),
    ] = "auto"
    logprobs: Annotated[
        bool,
        About(_E, "show doubt", "Whether words of yours of which the service is not sure are underlined."),
    ] = False
    noise_reduction_strength: Annotated[
        Annotated[float, Meta(ge=0.0, le=1.0)] | None,
        About(_E, "noise strength", "How much noise reduction takes away. Empty: the service's own.", step=0.05),
    ] = None
    prompt_id: Annotated[
        str,
        About(_E, "prompt", "The id of a prompt that is kept at the service (pmpt_...). Empty: none.", empty="none"),
    ] = ""
    prompt_version: Annotated[
        str, About(_E, "prompt version", "Which version of that prompt. Empty: the current one.")
    ] = ""
    prompt_variables: Annotated[
        str,
        About(
            _E,
            "prompt variables",
            "What is put into that prompt, as a JSON object.",
            is_multiline=True,
            is_json_object=True,
        ),
    ] = ""
    tracing: Annotated[
        str,
        Meta(min_length=1, max_length=200),
        About(
            _E,
            "tracing",
            "Whether the service keeps a trace of the session for its dashboard: off, auto, or the name of a workflow. "
            "Once on, it cannot change in this session.",
        ),
    ] = "off"
    # ---------------------------------------------------------------- looks
    theme: Annotated[str, Meta(min_length=1), About(_L, "theme", "The colours of the screen.")] = "textual-dark"
    talk_key: Annotated[
        Literal["tap", "hold"],
        About(
            _L,
            "talk key",
            "tap: Space opens and closes the microphone; where the terminal tells when a key is let go, holding it "
            "works too. hold: it is open only while Space (or F9) is held.",
        ),
    ] = "tap"
    export_format: Annotated[
        Literal[".md", ".json", ".txt", ".srt", ".vtt"],
        About(_L, "export format", "What the export dialog offers first; the last one used is remembered."),
    ] = ".md"
    export_folder: Annotated[
        str,
        About(
            _L, "export folder", "Where exports go; the last one used is remembered. Empty: the folder of the start."
        ),
    ] = ""


def _taken_apart(name: str, hint: Any, default: Any) -> Setting:
    _, *notes = typing.get_args(hint)
    about = next(note for note in notes if isinstance(note, About))
    limits = next((note for note in notes if isinstance(note, Meta)), None)
    kind = typing.get_args(hint)[0]
    is_optional = typing.get_origin(kind) in (typing.Union, types.UnionType)
    if is_optional:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is Annotated:
        limits, kind = typing.get_args(kind)[1], typing.get_args(kind)[0]
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return Setting(
        name=name,
        about=about,
        kind=str if choices else kind,
        default=default,
        choices=choices,
        low=limits.ge if limits else None,
        high=limits.le if limits else None,
        is_optional=is_optional,
    )


_HINTS: Final = typing.get_type_hints(Settings, include_extras=True)

SETTINGS: Final[dict[str, Setting]] = {
    field.name: _taken_apart(field.name, _HINTS[field.name], field.default)
    for field in msgspec.structs.fields(Settings)
}
"""Every setting by its name, in the order of the panel."""
