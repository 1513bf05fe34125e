"""The conversation on its way out of the screen: to the clipboard and to files. All it takes is loaded on demand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from app.conversation.transcript import Entry
from app.live.events import Live
from app.settings import Settings

if TYPE_CHECKING:
    from app.history.export import ExportFormat
    from app.ui.screens.export import ExportPlace


class Exporter:
    """Copies and exports for one screen; says on it what was done."""

    def __init__(
        self,
        screen: Screen[Any],
        live: Live,
        settings: Callable[[], Settings],
        remember: Callable[[ExportPlace], None],
        model: Callable[[], str],
    ) -> None:
        """`settings` say where exports go and how at first, `remember` is told of the last; `model` answers."""
        self._screen, self._live, self._settings, self._remember = screen, live, settings, remember
        self._model = model
        self._place: ExportPlace | None = None

    def copy(self, turn: Entry | None) -> None:
        """Copy what is selected on the screen, or else this turn."""
        if selected := self._screen.get_selected_text():
            self._copy(selected, "what is selected")
        elif turn and turn.text:
            self._copy(turn.text, "your last turn in view" if turn.speaker == "you" else "the last answer in view")

    def copy_all(self) -> None:
        """Copy the whole conversation as plain text."""
        from app.history.export import ExportFormat

        if self._has_something():
            self._copy(self._rendered(ExportFormat.TEXT), "the whole conversation")

    def open(self, form: ExportFormat | None = None) -> None:
        """The dialog for exports, with the last format or this one."""
        if not self._has_something():
            return
        from app.ui.screens.export import ExportDialog

        place = self._place or self._first_place()
        place = place.with_form(form) if form else place
        dialog = ExportDialog(place, self._write, turns=len(self._live.entries))
        self._screen.app.push_screen(dialog, self._done)

    def _first_place(self) -> ExportPlace:
        from app.history.export import ExportFormat
        from app.ui.screens.export import ExportPlace

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
        from app.history.export import render

        live = self._live
        return render(live.entries, live.started_at, form, service=live.service_label, model=self._model())

    def _write(self, path: Path, form: ExportFormat, overwrite: bool) -> Path:
        from app.history.export_file import write_export

        return write_export(path, self._rendered(form), overwrite=overwrite)

    def _done(self, place: ExportPlace | None) -> None:
        if place:
            self._place = place
            self._remember(place)
            self._screen.notify(str(place.path), title="Exported to", markup=False, timeout=8)
