"""`realtime history`: kept conversations listed, shown, exported, deleted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import Group, fail
from app.console import ask, is_terminal, say, tell
from app.exit_status import USAGE
from app.protocol.text import flat

if TYPE_CHECKING:
    from app.history.export import ExportFormat


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def history(ctx: click.Context) -> None:
    """List, show, export and delete kept conversations.

    ID is the beginning of an id from the list, or `last`.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@history.command("list")
def list_all() -> None:
    """List them, newest first: id, date, turns, first words."""
    from app.history.saved import local_time
    from app.history.store import list_conversations

    with _errors_in_words():
        found = list_conversations(_root())
    if not found:
        say(f"No conversation is kept in {_root()} yet.")
    # What goes into a file or another program is not cut.
    width = shutil.get_terminal_size().columns - 1 if is_terminal(sys.stdout) else None
    for each in found:
        began = local_time(each.started_at)
        turns = f"{each.turns} turn{'s' if each.turns != 1 else ''}"
        line = f"{flat(each.id)}  {began:%a %d %b %Y %H:%M}  {turns:>9}  {each.first_words}"
        tell(line if width is None or len(line) <= width else line[: width - 1] + "…")
    for each in found:
        if each.trouble and each.trouble != each.first_words:
            say(each.trouble)


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
    """Delete conversations, for good, with their recordings."""
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
