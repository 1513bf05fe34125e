"""The conversation on its way out of the screen: to the clipboard, and by a dialog to files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Checkbox, Input, Label, RadioButton, RadioSet, Static

from app.conversation.status import Status
from app.conversation.transcript import Entry, Party
from app.history.export import ExportError, ExportFormat, format_of, render
from app.history.export_file import ExportExistsError, write_export
from app.live.events import Live
from app.settings import Settings

FORMAT_NAMES: Final[dict[ExportFormat, str]] = {
    ExportFormat.MARKDOWN: "Markdown",
    ExportFormat.JSON: "JSON",
    ExportFormat.TEXT: "text",
    ExportFormat.SRT: "SRT",
    ExportFormat.VTT: "WebVTT",
}

_IN_VIEW: Final = {
    Party.USER: "your last turn in view",
    Party.ASSISTANT: "the last answer in view",
    Party.PROGRAM: "the last line in view",
}

_UNNUMBERED: Final = re.compile(r"-[2-9]$|-[1-9]\d$")
"""The number that makes a name another one."""

WriteExport: TypeAlias = Callable[[Path, ExportFormat, bool], Path]
"""Write the conversation to a file in a format, over one that is there or not; the full path. Raises ExportError."""


class ExportPlace(Struct, frozen=True):
    """Where and how the last export was made, to begin with the next time."""

    path: Path
    form: ExportFormat

    @classmethod
    def first(cls, folder: str, started_at: float) -> ExportPlace:
        """A name that tells the time of the conversation, in the folder set for exports."""
        name = datetime.fromtimestamp(started_at).strftime("conversation-%Y-%m-%d-%H%M") + ExportFormat.MARKDOWN
        return cls((Path(folder).expanduser() if folder else Path.cwd()) / name, ExportFormat.MARKDOWN)

    def free(self) -> ExportPlace:
        """The same under a name that no file has: `...-2.md`."""
        path, number = self.path, 1
        while path.exists():
            number += 1
            path = self.path.with_name(f"{_UNNUMBERED.sub('', self.path.stem)}-{number}{self.path.suffix}")
        return ExportPlace(path, self.form)

    def with_form(self, form: ExportFormat) -> ExportPlace:
        """The same in another format."""
        return ExportPlace(self.path.with_suffix(form), form)


class _FormatButton(RadioButton):
    """Textual tells by colour alone which one is on; this one by its sign, too."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802  (a constant of Textual's)
        """The sign in the button."""
        return "●" if self.value else " "


class _YesBox(Checkbox):
    """The same for a box."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802
        """The sign in the box."""
        return "X" if self.value else " "


class ExportDialog(ModalScreen[ExportPlace | None]):
    """Returns the place that was written to, None when the user thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", show=False)]
    AUTO_FOCUS = "#path"

    path_input = query_one("#path", Input)
    overwrite = query_one("#overwrite", Checkbox)
    problem = query_one("#problem", Static)

    def __init__(self, place: ExportPlace, write: WriteExport, turns: int) -> None:
        super().__init__()
        self._place = place
        self._write = write
        self._turns = turns

    def compose(self) -> ComposeResult:
        """Format, file, what is wrong, and the two ways out."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = "Export"
            with RadioSet(id="format", compact=True):
                for form, name in FORMAT_NAMES.items():
                    yield _FormatButton(name, form is self._place.form)
            yield Label("file", classes="dialog--label")
            yield Input(str(self._place.path), id="path", compact=True, select_on_focus=False)
            yield Static(self._summary(), id="problem", markup=False)
            with Horizontal(classes="dialog--ways"):
                yield _YesBox("overwrite it", id="overwrite", compact=True)
                yield Button("Export", variant="primary", id="export", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Overwriting is only asked for where there is something to overwrite."""
        self._look()

    @on(RadioSet.Changed)
    def _format_chosen(self, event: RadioSet.Changed) -> None:
        form = list(FORMAT_NAMES)[event.index]
        path = Path(self.path_input.value or self._place.path)
        self.path_input.value = str(path.with_suffix(form) if path.name else path)

    @on(Input.Changed, "#path")
    def _look(self) -> None:
        path = Path(self.path_input.value).expanduser()
        self.overwrite.display = path.is_file()
        self.overwrite.value = False
        self._say(f"{path.name} exists already." if path.is_file() else self._summary())

    @on(Input.Submitted, "#path")
    @on(Button.Pressed, "#export")
    def _export(self) -> None:
        try:
            form = format_of(self.path_input.value.strip())
            path = self._write(Path(self.path_input.value.strip()), form, self.overwrite.value)
        except ExportExistsError as error:
            self.overwrite.display = True
            self.overwrite.focus()
            self._say(str(error), is_wrong=True)
        except ExportError as error:
            self._say(str(error), is_wrong=True)
        else:
            self.dismiss(ExportPlace(path, form))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Think better of it."""
        self.dismiss(None)

    def _summary(self) -> str:
        return f"{self._turns:,} {'turn' if self._turns == 1 else 'turns'}. Enter writes the file."

    def _say(self, text: str, *, is_wrong: bool = False) -> None:
        self.problem.update(text)
        self.problem.set_class(is_wrong, "-wrong")


class Exporter:
    """Copies and exports for one screen; says on it what was done."""

    def __init__(
        self,
        screen: Screen[Any],
        live: Live,
        settings: Callable[[], Settings],
        remember: Callable[[ExportPlace], None],
        status: Callable[[], Status],
    ) -> None:
        """`settings` say where exports go and how at first, `remember` takes each place; `status` is the
        conversation's now."""
        self._screen, self._live, self._settings, self._remember = screen, live, settings, remember
        self._status = status
        self._place: ExportPlace | None = None

    def copy(self, turn: Entry | None) -> None:
        """Copy what is selected on the screen, or else this turn."""
        if selected := self._screen.get_selected_text():
            self._copy(selected, "what is selected")
        elif turn and turn.text:
            self._copy(turn.text, _IN_VIEW[turn.speaker])

    def copy_all(self) -> None:
        """Copy the whole conversation as plain text."""
        if self._has_something():
            self._copy(self._rendered(ExportFormat.TEXT), "the whole conversation")

    def open(self, form: ExportFormat | None = None) -> None:
        """The dialog for exports, with the last format or this one."""
        if not self._has_something():
            return
        place = self._place or self._first_place()
        place = (place.with_form(form) if form else place).free()
        dialog = ExportDialog(place, self._write, turns=sum(entry.is_turn for entry in self._live.entries))
        self._screen.app.push_screen(dialog, self._done)

    def _first_place(self) -> ExportPlace:
        settings = self._settings()
        place = ExportPlace.first(settings.export_folder, self._live.started_at)
        return place.with_form(ExportFormat(settings.export_format))

    def _has_something(self) -> bool:
        if not self._live.entries:
            self._screen.notify("Nothing has been said yet.", severity="warning", markup=False)
        return bool(self._live.entries)

    def _copy(self, text: str, what: str) -> None:
        self._screen.app.copy_to_clipboard(text)
        self._screen.notify(f"Copied {what} ({len(text):,} characters).", markup=False, timeout=3)

    def _rendered(self, form: ExportFormat) -> str:
        live, status = self._live, self._status()
        return render(
            live.entries,
            live.started_at,
            form,
            service=live.service_label,
            model=status.model,
            spending=status.spending,
        )

    def _write(self, path: Path, form: ExportFormat, overwrite: bool) -> Path:
        return write_export(path, self._rendered(form), overwrite=overwrite)

    def _done(self, place: ExportPlace | None) -> None:
        if place:
            self._place = place
            self._remember(place)
            self._screen.notify(str(place.path), title="Exported to", markup=False, timeout=8)
