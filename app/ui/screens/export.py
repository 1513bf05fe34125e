"""The dialog for exports: a format, a place, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, RadioButton, RadioSet, Static

from app.history.export import ExportError, ExportFormat, format_of
from app.history.export_file import ExportExistsError

FORMAT_NAMES: Final[dict[ExportFormat, str]] = {
    ExportFormat.MARKDOWN: "Markdown",
    ExportFormat.JSON: "JSON",
    ExportFormat.TEXT: "text",
    ExportFormat.SRT: "SRT",
    ExportFormat.VTT: "WebVTT",
}

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
        """ExportFormat, file, what is wrong, and the two ways out."""
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
