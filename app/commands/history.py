"""`realtime history`: kept conversations listed, shown, exported, deleted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli import Group, examples, fail
from app.console import Ink, ask, is_terminal, say, tell, tell_inked
from app.exit_status import USAGE
from app.protocol.text import flat

if TYPE_CHECKING:
    from app.history.export import ExportFormat
    from app.history.store import Summary


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=examples(
        "realtime history list",
        "realtime history show last",
        "realtime history export last talk.md",
        "realtime history delete 2026-11-27_21",
    ),
)
@click.pass_context
def history(ctx: click.Context) -> None:
    """List, show, export and delete kept conversations.

    ID is the beginning of an id from the list, or `last`.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@history.command("list")
def list_all() -> None:
    """List them, newest first."""
    from app.history.saved import local_time
    from app.history.store import list_conversations

    with _errors_in_words():
        found = list_conversations(_root())
    if not found:
        say(f"No conversation is kept in {_root()} yet.")
        return
    from rich.cells import cell_len

    # What goes into a file or another program is not cut, and has no header.
    width = shutil.get_terminal_size().columns - 1 if is_terminal(sys.stdout) else None
    rows = [_row(each, f"{local_time(each.started_at):%a %d %b %Y %H:%M}") for each in found]
    widths = [max(cell_len(row[at]) for row in (_HEADER, *rows)) for at in range(len(_HEADER) - 1)]
    for row in (_HEADER, *rows) if width else rows:
        cells = [f"{cell}{' ' * (wide - cell_len(cell))}" for cell, wide in zip(row, widths, strict=False)]
        line = _cut("  ".join([*cells, row[-1]]), width)
        tell_inked([(line, Ink.BOLD if row is _HEADER else Ink.PLAIN)])
    for each in found:
        if each.trouble and each.trouble != each.first_words:
            say(each.trouble)


_HEADER: Final = ("id", "began", "length", "turns", "service", "first words")


def _row(each: Summary, began: str) -> tuple[str, ...]:
    seconds = each.length_ms // 1000
    length = (
        f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if seconds >= 3600
        else (f"{seconds // 60}:{seconds % 60:02}")
    )
    return flat(each.id), began, length, str(each.turns), flat(each.service), each.first_words


def _cut(text: str, width: int | None) -> str:
    """With an ellipsis where it is wider than so many cells; None: any width will do."""
    from rich.cells import cell_len, set_cell_size

    return text if width is None or cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


@history.command()
@click.argument("which", metavar="ID")
def show(which: str) -> None:
    """Print a conversation."""
    from app.history.export import ExportFormat

    with _errors_in_words():
        folder, text = _rendered(which, ExportFormat.TEXT)
    tell(text, end="")
    say(f"kept in {folder}")


@history.command()
@click.argument("which", metavar="ID")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def export(which: str, file: Path, force: bool) -> None:
    """Write a conversation to FILE, as its ending says: .md .json .txt .srt .vtt."""
    from app.history.export import format_of
    from app.history.export_file import ExportExistsError, write_export

    with _errors_in_words():
        _, text = _rendered(which, format_of(file))
        try:
            written = write_export(file, text, overwrite=force)
        except ExportExistsError:
            fail(f"{file} exists already and was left alone. Choose another name, or say --force.", USAGE)
    tell(f"written: {flat(str(written))}")


@history.command()
@click.argument("which", metavar="ID...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(which: tuple[str, ...], yes: bool) -> None:
    """Delete conversations, for good."""
    from app.history.store import delete as remove
    from app.history.store import find

    with _errors_in_words():
        root = _root()
        folders = list(dict.fromkeys(find(root, each) for each in which))
        if not yes and not _is_sure(folders):
            tell("Nothing was deleted.")
            return
        for folder in folders:
            remove(folder)
            tell(f"deleted: {flat(folder.name)}")


def _is_sure(folders: list[Path]) -> bool:
    names = "".join(f"  {flat(folder.name)}\n" for folder in folders)
    answer = ask(f"{names}Delete for good? [y/N]")
    if answer is None:
        fail("Nothing was deleted: there was no answer. Say --yes to delete without being asked.", USAGE)
    return answer.casefold() in ("y", "yes")


def _rendered(which: str, form: ExportFormat) -> tuple[Path, str]:
    from app.history.export import render
    from app.history.store import find, load, skipped_sentence

    folder = find(_root(), which)
    saved = load(folder)
    if skipped := skipped_sentence(saved):
        say(f"{folder.name}: {skipped}.")
    text = render(
        saved.entries, saved.started_at, form, service=saved.service, model=saved.model, spending=saved.spending
    )
    return folder, text


def _root() -> Path:
    from app.settings import folders

    return folders(os.environ).conversations


@contextmanager
def _errors_in_words() -> Iterator[None]:
    from app.history.export import ExportError
    from app.history.store import HistoryError

    try:
        yield
    except (HistoryError, ExportError) as error:
        fail(str(error), USAGE)
