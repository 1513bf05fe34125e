"""A conversation as a document: Markdown, JSON, plain text, SRT or WebVTT. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from enum import StrEnum
from pathlib import PurePath
from typing import assert_never

from app.conversation.transcript import Entry
from app.conversation.usage import Spending, total
from app.history.documents import ExportedConversation, as_json, as_markdown, as_text
from app.history.sanitise import sanitised
from app.history.saved import local_time
from app.history.subtitles import as_srt, as_vtt
from app.protocol.text import one_line


class ExportError(Exception):
    """An export that cannot be; `str` is one or two sentences for the user."""


class UnknownFormatError(ExportError):
    """The file's ending names no format of ours."""


class ExportFormat(StrEnum):
    """What an export can be; the value is the file's ending."""

    MARKDOWN = ".md"
    JSON = ".json"
    TEXT = ".txt"
    SRT = ".srt"
    VTT = ".vtt"


def format_of(path: str | PurePath) -> ExportFormat:
    """The format that the file's ending asks for, in any case. Raises UnknownFormatError."""
    try:
        return ExportFormat(PurePath(path).suffix.lower())
    except ValueError:
        known = ", ".join(list(ExportFormat)[:-1]) + f" or {list(ExportFormat)[-1]}"
        name = one_line(PurePath(path).name, 80)
        raise UnknownFormatError(f"The export's format is told by the file's ending: {name!r} needs {known}.") from None


def render(
    entries: Sequence[Entry],
    started_at: float,
    form: ExportFormat,
    *,
    service: str = "",
    model: str = "",
    spending: Spending | None = None,
    zone: tzinfo | None = None,
) -> str:
    """The whole conversation in the given form, always encodable as UTF-8 and ending with a newline.

    `started_at` is the zero of the entries' times, in epoch seconds. `spending`: of the whole conversation, where more
    is known than the entries tell. Clock times are of `zone`; None means the
    system's, with the offset it had at that moment.
    """
    began = local_time(started_at, zone)
    conversation = ExportedConversation(
        tuple(sanitised(entry) for entry in entries),
        began,
        one_line(service),
        one_line(model),
        total(entry.spending for entry in entries) if spending is None else spending,
    )
    match form:
        case ExportFormat.MARKDOWN:
            return as_markdown(conversation)
        case ExportFormat.JSON:
            return as_json(conversation)
        case ExportFormat.TEXT:
            return as_text(conversation)
        case ExportFormat.SRT:
            return as_srt(conversation)
        case ExportFormat.VTT:
            return as_vtt(conversation)
        case _:
            assert_never(form)
