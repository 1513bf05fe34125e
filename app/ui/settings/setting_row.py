"""One setting in the panel: its name, its control, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, TextArea

from app.settings import Setting
from app.ui.painting import Run, StyledLine, Surface, painted
from app.ui.settings.controls import Choice, Control, Field, Slider, Value
from app.ui.transcript.wrapping import cut_to

_NUMBER_CELLS = len("10000 ms")


def control_for(setting: Setting, value: Value, suggestions: Sequence[str]) -> Control:
    """The control that fits the kind of a setting."""
    if setting.kind is bool:
        return Choice(value, (("off", False), ("on", True)))
    if setting.choices:
        return Choice(value, [(choice, choice) for choice in setting.choices])
    if setting.low is not None and setting.high is not None and not isinstance(value, str):
        return Slider(
            value,
            low=setting.low,
            high=setting.high,
            step=setting.about.step or 1.0,
            unit=setting.about.unit,
            none_text="none" if setting.is_optional else "",
            text_cells=_NUMBER_CELLS,
            is_finer_when_small=setting.about.is_finer_when_small,
        )
    return Field("" if value is None else str(value), empty_text=setting.about.empty, suggestions=suggestions)


class RowTitle(StyledLine):
    """A row's name. It is cut when it is painted, since only then its width is known for certain."""

    def row(self, surface: Surface) -> Strip:
        """The name, as much of it as there is room for."""
        room = max(1, self.size.width - 1)
        runs, left = [], room
        for text, role in self.runs:
            shown = cut_to(text, max(0, left))
            left -= cell_len(shown)
            runs.append((shown, role))
        return painted(self, runs, surface)


class SettingRow(Grid):
    """A row of the panel. Posts `Edited` with what the user has chosen or typed, unchecked."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave_editor", "leave the editor", show=False)]

    @dataclass
    class Edited(Message):
        """The user wants another value; it is not checked yet."""

        row: SettingRow
        value: Value

    @dataclass
    class Looked(Message):
        """The user is at this row, has begun to type or has ended it, or tried what is locked."""

        row: SettingRow

    def __init__(self, setting: Setting, value: Value, suggestions: Sequence[str] = ()) -> None:
        super().__init__()
        self.setting = setting
        self.control = control_for(setting, value, suggestions)
        self.control.add_class("settings-stop")
        self._title = RowTitle()
        self._mark = StyledLine()
        self._is_in_effect = True
        self._editor: Input | TextArea | None = None

    def compose(self) -> ComposeResult:
        """Name, control, mark; an editor comes when it is asked for."""
        yield self._title
        yield self.control
        yield self._mark

    def show(self, value: Value, mark: Sequence[Run], *, is_in_effect: bool) -> None:
        """Show what holds now: of the mark as much as fits. An editor that is open keeps what is typed."""
        self.control.show(value)
        self._mark.paint([(" ", "plain"), *mark])
        self._is_in_effect = is_in_effect
        self._draw_title()

    def suggest(self, suggestions: Sequence[str]) -> None:
        """Values to choose from, where the setting is a text."""
        if isinstance(self.control, Field):
            self.control.suggest(suggestions)

    @property
    def editing(self) -> Literal["", "line", "text"]:
        """Which editor is open: none, one line, or many."""
        if isinstance(self.control, Slider) and self.control.is_typing:
            return "line"
        if self._editor is None:
            return ""
        return "line" if isinstance(self._editor, Input) else "text"

    def take_editor(self) -> str | None:
        """Close the editor, if one is open, and give its text where that is another."""
        if isinstance(self.control, Slider):
            return self.control.take_typed()
        editor, self._editor = self._editor, None
        if editor is None:
            return None
        text = editor.value if isinstance(editor, Input) else editor.text
        self.control.display = True
        if editor.has_focus:
            self.control.focus()
        editor.remove()
        self.post_message(self.Looked(self))
        return text if text != self.control.value else None

    def on_click(self) -> None:
        """A click on the name is one on the control."""
        if self._editor is None:
            self.control.focus()

    def on_descendant_focus(self) -> None:
        """The user is here."""
        self._draw_title()
        self.post_message(self.Looked(self))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The user is gone; what was typed is kept. Another window in front is no leaving."""
        self._draw_title()
        if event.widget is self._editor and self.app.app_focus:
            self._keep_editor()

    def on_control_changed(self, message: Control.Changed) -> None:
        """The control has another value."""
        message.stop()
        self.post_message(self.Edited(self, message.value))

    @on(Slider.Typing)
    def _typing(self, message: Slider.Typing) -> None:
        message.stop()
        self.post_message(self.Looked(self))

    @on(Field.EditRequested)
    def _open_editor(self, message: Field.EditRequested) -> None:
        message.stop()
        if self._editor is not None:
            return
        text = str(self.control.value)
        if self.setting.about.is_multiline:
            self._editor = TextArea(text, compact=True, classes="setting-editor")
            self._editor.move_cursor(self._editor.document.end)
            self.mount(self._editor)
        else:
            self._editor = Input(text, compact=True, select_on_focus=False, classes="setting-editor")
            self.control.display = False
            self.mount(self._editor, after=self.control)
        self._editor.focus()
        self.call_after_refresh(self._show_editor)

    def _show_editor(self) -> None:
        """Bring all of it into view, wrapped."""
        # Of a size that comes about while it scrolls, Textual 8.2.8 tells nobody.
        if editor := self._editor:
            editor.post_message(events.Resize(editor.size, editor.virtual_size))
            self.scroll_visible(animate=False, immediate=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter keeps a line."""
        message.stop()
        self._keep_editor()

    def action_leave_editor(self) -> None:
        """Escape puts a line back, and keeps many: nobody should lose a long text to one key."""
        if isinstance(self._editor, TextArea):
            self._keep_editor()
        else:
            self.take_editor()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an editor, escape is for the panel."""
        return action != "leave_editor" or self._editor is not None

    def _keep_editor(self) -> None:
        text = self.take_editor()
        if text is not None:
            self.post_message(self.Edited(self, text))

    def _draw_title(self) -> None:
        title = self.setting.about.title
        if self.has_pseudo_class("focus-within"):
            self._title.paint([("› ", "accent"), (title, "strong")])
        else:
            self._title.paint([("  ", "plain"), (title, "plain" if self._is_in_effect else "track")])
