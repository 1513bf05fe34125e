"""The screen of the conversation. What it opens on demand, dialogs and the settings panel, is loaded on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, assert_never

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.getters import query_one

from app.conversation.effects import EntryChanged, EntryRemoved, Interrupted, Notice, StatusChanged
from app.conversation.session import Mode
from app.conversation.status import State, Status
from app.live.events import Ended, ExampleOffered, Live, SayingAgain, SoundChecked
from app.live.sound_check import CheckStep
from app.protocol.text import sanitise_text
from app.ui import wording
from app.ui.keys import bindings
from app.ui.keys.bindings import bound_key, key_hints, talk_binding
from app.ui.keys.key_bar import KeyBar
from app.ui.keys.situation import GIVE_UP, LEAVE, Situation, stop_word
from app.ui.keys.talk_key import TalkControl
from app.ui.messages import (
    DevicesFound,
    LiveUpdate,
    ServicesFound,
    SessionRenewalRequested,
    SettingChanged,
    SettingsClosed,
    SettingsSaveRequested,
)
from app.ui.meters.lamp import TalkPressed, TalkReleased
from app.ui.meters.level_meter import ThresholdChanged, stepped
from app.ui.meters.sampling import Moment, Sampling
from app.ui.meters.status_line import HeaderLine
from app.ui.meters.talk_strip import TalkStrip
from app.ui.painting import StyledLine
from app.ui.screens.hearing_screen import HearingScreen
from app.ui.settings.controller import SettingsController
from app.ui.settings.edited_settings import EditedSettings
from app.ui.tape.tape import Tape
from app.ui.terminal_output import set_terminal_title
from app.ui.transcript.pane import TranscriptPane
from app.ui.transcript.wrapping import shown

if TYPE_CHECKING:
    from app.ui.screens.export_dialog import Exporter


_RULE: Final = "─" * 1000
"""Longer than any screen is wide; what has no room is left out."""


class MainScreen(HearingScreen):
    """Shows the conversation, and passes on what the user wants of it."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings.BINDINGS)
    AUTO_FOCUS = "TranscriptLog"

    header = query_one(HeaderLine)
    tape = query_one(Tape)
    key_bar = query_one(KeyBar)

    def __init__(
        self,
        live: Live,
        edited: EditedSettings,
        settings_file: Path,
        *,
        suggestions: Mapping[str, Sequence[str]],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        """`suggestions` are values to choose from for settings that are texts. `clock` gives seconds and never goes
        back; `wall_clock` gives the time since the epoch."""
        super().__init__()
        self.live = live
        self.edited = edited
        self.status = Status()
        self.ended: Ended | None = None
        self.settings_controller = SettingsController(self, live, edited, settings_file, suggestions)
        self.talk_control = TalkControl(
            self, self._toggle, self._tapped, self._is_open, clock, holds=edited.settings.talk_key == "hold"
        )
        self._example: str | None = None
        self.sampling = Sampling(self, live, clock, wall_clock, self._show_moment)

    @cached_property
    def exporter(self) -> Exporter:
        """Copies and exports."""
        from app.ui.screens.export_dialog import Exporter

        remember = self.settings_controller.remember_export
        return Exporter(self, self.live, lambda: self.edited.settings, remember, lambda: self.status)

    # ---------------------------------------------------------------- building

    def compose(self) -> ComposeResult:
        """From the top to the bottom."""
        yield HeaderLine(self.live.service_label, self.live.started_at)
        with Horizontal(id="middle"):
            yield TranscriptPane(self._time_of_day, self.key_of, self._typed)
        rule = StyledLine(id="rule")
        rule.paint([(_RULE, "plain")])
        yield rule
        yield Tape(self._time_of_day)
        yield TalkStrip()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to sample levels and time."""
        self.sampling.begin(self.header.tick)
        self.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        self._show_status()

    def key_of(self, binding_id: str) -> str:
        """The key of a binding as it is bound and shown."""
        return bound_key(binding_id, self.edited.loaded.keys)

    @property
    def situation(self) -> Situation:
        """What decides now what the keys mean."""
        closes = self.pane.has_something_open or self.settings_controller.is_open
        holds = self.edited.settings.talk_key == "hold"
        return Situation(
            self.status,
            holds=holds,
            is_over=self.ended is not None,
            closes=closes,
            has_turn=self.pane.log_view.turn_in_hand is not None,
            is_saying_again=self.pane.is_saying_again,
        )

    def _time_of_day(self, ms: int) -> str:
        return datetime.fromtimestamp(self.live.started_at + ms / 1000).strftime("%H:%M:%S")

    # ---------------------------------------------------------------- what the conversation does

    def on_live_update(self, message: LiveUpdate) -> None:
        """Something has happened in the running conversation."""
        match message.event:
            case EntryChanged(entry, index):
                self.pane.put(entry, index)
                self.tape.put(entry)
                self.sampling.along()
            case EntryRemoved(item_id):
                self.pane.take_out(item_id)
                self.tape.take_out(item_id)
            case StatusChanged(status):
                self._take_status(status)
            case Notice(text, severity):
                self.notify(shown(text), severity=severity.value, markup=False, timeout=8)
            case Interrupted():
                self.strip.flash_heard()
            case ExampleOffered(text):
                self._example = text
                self._show_status()
            case SoundChecked(step):
                self._show_check(step)
            case SayingAgain() as saying:
                self.pane.show_saying(saying)
            case Ended() as ended:
                self._end(ended)
            case _:
                assert_never(message.event)

    def _take_status(self, status: Status) -> None:
        self.status = status
        self.talk_control.status_changed()
        self.settings_controller.show_status(status)
        self._show_status()

    def _end(self, ended: Ended) -> None:
        """No more comes; everything said stays. What ended it first is why, and not that it is closed then."""
        if self.ended is not None:
            return
        self.ended = ended
        self.pane.say.keeps = True
        if ended.why:
            why = shown(ended.why)
            self.notify(why, title="The conversation is over", severity="error", markup=False, timeout=60)
        self._show_keys()

    def _show_check(self, step: CheckStep) -> None:
        from app.ui.screens.sound_check_screen import SoundCheckScreen

        if isinstance(self.app.screen, SoundCheckScreen):
            self.app.screen.show_step(step)

    def on_devices_found(self, message: DevicesFound) -> None:
        """Microphones and speakers to choose from."""
        self.settings_controller.devices_found(message)

    def action_devices(self) -> None:
        """Choose another microphone or speaker; what there is is found out first."""
        self.settings_controller.choose_device()

    def action_switch_service(self) -> None:
        """Choose another service; what there is is found out first."""
        self.settings_controller.look_for_services()

    def on_services_found(self, message: ServicesFound) -> None:
        """Services to choose from."""
        self.settings_controller.services_found(message)

    def action_check_sound(self) -> None:
        """Hear a tone, see the level, say something and hear it back."""
        from app.ui.screens.sound_check_screen import SoundCheckScreen

        self.app.push_screen(SoundCheckScreen(self.live))

    # ---------------------------------------------------------------- showing

    def _show_status(self) -> None:
        self.header.show_service(self.live.service_label, self.live.sound_server)
        self.header.show_status(self.status)
        self.tape.show_status(self.status)
        set_terminal_title(self.app, wording.terminal_title(self.status))
        self._show_keys()

    @on(TranscriptPane.Changed)
    def _show_keys(self) -> None:
        now, remapped = self.situation, self.edited.loaded.keys
        self.strip.show_keys(self.key_of(talk_binding(self, remapped)), self.key_of("stop"))
        self.strip.show(now)
        self.key_bar.show(key_hints(self, now, remapped))
        self.pane.show_first_steps(wording.first_steps(now, self.live.service_label, self._example, self.key_of))

    def _show_moment(self, moment: Moment) -> None:
        if moment.heard:
            self.pane.log_view.hear(moment.heard.item_id, moment.heard.heard_ms)
        self.tape.sample(moment.now_ms, moment.levels, moment.heard)
        if moment.are_levels_shown:
            self.strip.show_levels(moment.levels)

    # ---------------------------------------------------------------- what the user wants

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What works now; the rest is not shown either."""
        match action:
            case "search_step":
                return self.pane.is_searching
            case "example":
                return self._example is not None and self.ended is None
            case "reconnect":
                is_broken = self.status.state in (State.RECONNECTING, State.OFFLINE)
                return is_broken and self.ended is None
            case "mode" | "threshold":
                return self.status.state is not State.OFFLINE
        return True

    def _is_open(self) -> bool:
        return self.status.is_microphone_open

    def _toggle(self) -> bool:
        now = self.situation
        if now.can_talk:
            self.live.talk_key()
        else:
            self.notify(wording.cannot_talk(now, self._example, self.key_of), severity="warning", markup=False)
        return now.can_talk

    def _tapped(self) -> None:
        now = self.situation
        cannot = None if now.can_talk else wording.cannot_talk(now, self._example, self.key_of)
        self.notify(cannot or wording.held(self.key_of), markup=False)

    def action_talk(self) -> None:
        """The talk key."""
        self.talk_control.press()

    @on(TalkPressed)
    def _mouse_talks(self) -> None:
        self.talk_control.mouse_down()

    @on(TalkReleased)
    def _mouse_stops(self) -> None:
        self.talk_control.mouse_up()

    def action_stop(self) -> None:
        """Close what is open; where nothing is, interrupt the assistant."""
        self.clear_selection()
        meaning = stop_word(self.situation)
        if not self.pane.is_saying_again and self.pane.close_something():
            return
        if self.settings_controller.is_open and not self.pane.is_saying_again:
            self._close_settings()
        elif meaning == LEAVE:
            self.pane.log_view.leave_turn()
        else:
            self.live.stop_key()
            if meaning == GIVE_UP:
                self.live.stay_offline()

    def action_reconnect(self) -> None:
        """Make a broken line again now."""
        self.live.reconnect()

    def action_example(self) -> None:
        """Speak the example's next question."""
        self.live.speak_example()

    def action_type(self) -> None:
        """Open the line to write in."""
        self.pane.open_say()

    def _typed(self, text: str) -> None:
        if self.ended:
            self.notify(wording.NOT_SENT, severity="warning", markup=False)
        else:
            self.live.say(sanitise_text(text))

    def action_mode(self) -> None:
        """The other of the two modes."""
        is_hands_free = self.status.settings.mode is Mode.HANDS_FREE
        self.change("mode", (Mode.PUSH_TO_TALK if is_hands_free else Mode.HANDS_FREE).value)

    def action_threshold(self, steps: int) -> None:
        """The VAD threshold up or down."""
        value = stepped(self.edited.settings.threshold, steps)
        self.change("threshold", value)
        self.strip.voice.tell_unseen(value)

    @on(ThresholdChanged)
    def _threshold_dragged(self, event: ThresholdChanged) -> None:
        self.change("threshold", event.value)

    def change(self, name: str, value: object) -> None:
        """Set one setting, at once where that is possible."""
        self.settings_controller.change(name, value)
        match name:
            case "theme":
                self.app.theme = str(value)
            case "talk_key":
                self.talk_control.set_holds(value == "hold")
            case "volume" | "muted":
                self.show_volume()

    async def action_settings(self) -> None:
        """Open the panel, or close it."""
        if self.settings_controller.is_open:
            self._close_settings()
        else:
            await self.settings_controller.open(self.query_one("#middle"))

    @on(SettingsClosed)
    def _close_settings(self) -> None:
        self.settings_controller.close()
        self.pane.focus_log()

    @on(SettingChanged)
    def _setting_changed(self, event: SettingChanged) -> None:
        self.change(event.name, event.value)

    @on(SessionRenewalRequested)
    def action_renew(self) -> None:
        """A new session; what was said is carried over."""
        self.settings_controller.renew()

    @on(SettingsSaveRequested)
    def _save_settings(self) -> None:
        self.settings_controller.save()

    # ---------------------------------------------------------------- the transcript

    def action_search(self) -> None:
        """Look for words."""
        self.pane.open_search()

    def action_search_step(self, step: int) -> None:
        """To the next place found, or the one before."""
        self.pane.log_view.search_step(step)

    def action_page(self, step: int) -> None:
        """A page of the transcript."""
        self.pane.log_view.page(step)

    def action_first(self) -> None:
        """To the beginning of the transcript."""
        self.pane.log_view.scroll_home(animate=False)

    def action_follow(self) -> None:
        """To the end of the transcript, and stay there."""
        self.pane.log_view.follow()

    @on(Tape.TurnChosen)
    def _show_turn(self, event: Tape.TurnChosen) -> None:
        self.pane.log_view.show_turn(event.item_id)

    # ---------------------------------------------------------------- copies, exports, help

    def action_copy(self) -> None:
        """Copy what is selected, or else the last turn in view."""
        self.exporter.copy(self.pane.log_view.turn_in_view)

    def action_copy_all(self) -> None:
        """Copy the whole conversation."""
        self.exporter.copy_all()

    def action_export(self) -> None:
        """The dialog for exports."""
        self.exporter.open()

    def action_help(self) -> None:
        """What every key does."""
        from app.ui.screens.help_screen import HelpScreen

        self.app.push_screen(HelpScreen(self.key_of))
