"""One setting in the panel: its name, its control, what has become of the last change, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.message import Message
from textual.widgets import Input, TextArea

from app.conversation.session import SessionSettings
from app.conversation.status import State, Status
from app.settings import Applies, Loaded, Setting, Settings, Source
from app.ui.painting import Run, StyledLine
from app.ui.settings.controls import Choice, Control, Field, Slider, Value
from app.ui.transcript.wrapping import cut_to

_SESSION: Final = frozenset(SessionSettings.__struct_fields__)
_BY_SILENCE: Final = frozenset({"threshold", "silence_ms", "prefix_padding_ms", "idle_timeout_ms"})
_BY_MEANING: Final = frozenset({"eagerness"})
_BY_THE_SERVICE: Final = frozenset({"detection", "create_response", "interrupt_response"})


def value_of(setting: Setting, settings: Settings) -> Value:
    """The setting's value."""
    value: Value = getattr(settings, setting.name)
    return value


def value_text(setting: Setting, value: Value) -> str:
    """A value as a user would say it, with its unit."""
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case int() | float():
            return f"{value:g} {setting.about.unit}".rstrip()
        case _:
            return value or "empty"


def is_in_effect(name: str, settings: Settings) -> bool:
    """Whether the setting decides anything, as the others stand."""
    is_hands_free = settings.mode == "hands-free"
    if name in _BY_SILENCE:
        return is_hands_free and settings.detection == "server_vad"
    if name in _BY_MEANING:
        return is_hands_free and settings.detection == "semantic_vad"
    return is_hands_free or name not in _BY_THE_SERVICE


def waits_for_session(setting: Setting, settings: Settings, status: Status) -> bool:
    """The assistant has spoken, so the service keeps its voice for this session; the next one takes the new voice."""
    return setting.name == "voice" and status.is_voice_fixed and status.settings.voice != settings.voice


def mark(setting: Setting, settings: Settings, status: Status, unsaved: Set[str]) -> Run:
    """What has become of it: `…` told to the service, `✓` confirmed by it, `↻` waits for a new session or start."""
    if waits_for_session(setting, settings, status):
        return "↻", "warning"
    if setting.name in _SESSION and is_in_effect(setting.name, settings):
        if setting.name in status.unacknowledged:
            return "…", "warning"
        if status.state not in (State.CONNECTING, State.RECONNECTING, State.OFFLINE):
            return "✓", "good"
    if setting.about.applies is not Applies.LIVE and setting.name in unsaved:
        return "↻", "warning"
    return " ", "dim"


def facts(setting: Setting, loaded: Loaded, unsaved: Set[str], status: Status) -> str:
    """Range, default, origin, and when a change counts, in one sentence."""
    parts = []
    if setting.low is not None and setting.high is not None:
        parts.append(f"{setting.low:g} to {value_text(setting, setting.high)}")
    source = loaded.source(setting.name)
    if setting.name not in unsaved and source is Source.DEFAULT:
        parts.append("at its default")
    else:
        if not setting.about.is_multiline:
            parts.append(f"default {value_text(setting, setting.default)}")
        parts.append("changed, not saved" if setting.name in unsaved else f"from: {source.value}")
    if waits_for_session(setting, loaded.settings, status):
        parts.append("takes effect with a new session: ctrl+n begins one, and what was said is carried over")
    elif setting.about.applies is not Applies.LIVE:
        parts.append(f"takes effect {setting.about.applies.value}")
    return ", ".join(parts)


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
        )
    return Field("" if value is None else str(value), empty_text="empty", suggestions=suggestions)


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
        self._title = StyledLine()
        self._mark = StyledLine()
        self._is_in_effect = True
        self._editor: Input | TextArea | None = None

    def compose(self) -> ComposeResult:
        """Name, control, mark; an editor comes when it is asked for."""
        yield self._title
        yield self.control
        yield self._mark

    def show(self, value: Value, mark: Run, *, is_in_effect: bool) -> None:
        """Show what holds now. An editor that is open keeps what is typed."""
        self.control.show(value)
        self._mark.paint([(" ", "plain"), mark])
        self._is_in_effect = is_in_effect
        self._draw_title()

    def suggest(self, suggestions: Sequence[str]) -> None:
        """Values to choose from, where the setting is a text."""
        if isinstance(self.control, Field):
            self.control.suggest(suggestions)

    @property
    def editing(self) -> Literal["", "line", "text"]:
        """Which editor is open: none, one line, or many."""
        if self._editor is None:
            return ""
        return "line" if isinstance(self._editor, Input) else "text"

    def take_editor(self) -> str | None:
        """Close the editor, if one is open, and give its text where that is another."""
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

    def on_resize(self) -> None:
        """As much of the name as there is room for."""
        self._draw_title()

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

    @on(Field.EditRequested)
    def _open_editor(self, message: Field.EditRequested) -> None:
        message.stop()
        if self._editor is not None:
            return
        text = str(self.control.value)
        if self.setting.about.is_multiline:
            self._editor = TextArea(text, compact=True, classes="setting-editor")
            self.mount(self._editor)
        else:
            self._editor = Input(text, compact=True, select_on_focus=False, classes="setting-editor")
            self.control.display = False
            self.mount(self._editor, after=self.control)
        self._editor.focus()

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
        room = max(1, self._title.size.width - 3)
        title = self.setting.about.title
        shown = cut_to(title, room)
        if self.has_pseudo_class("focus-within"):
            self._title.paint([("› ", "accent"), (shown, "strong")])
        else:
            self._title.paint([("  ", "plain"), (shown, "plain" if self._is_in_effect else "track")])
