"""The full-screen program: one conversation, its two workers, its one screen."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from app import ending
from app.conversation.effects import Notice, Severity
from app.live.events import Listener, Live, LiveEvent
from app.private_files import replace_private_file
from app.protocol.text import one_line
from app.settings import Folders, Loaded, SettingError, Settings, redaction_of, save
from app.ui.commands import RealtimeCommands
from app.ui.keys import bindings
from app.ui.keys.driver_choice import can_suspend, driver_class
from app.ui.keys.keyboard_protocol import KeyReleased, KeyRepeated, ReleasesPromised
from app.ui.legibility import legible_variables
from app.ui.messages import LiveUpdate
from app.ui.notices import NoticeLog
from app.ui.screens.main_screen import MainScreen
from app.ui.settings.edited_settings import EditedSettings, SessionOf
from app.ui.terminal_output import HARMLESS, keep_terminal_title, restore_terminal_title
from app.ui.workers import GROUP, LiveWorkers

if TYPE_CHECKING:
    from app.ui.screens.welcome_screen import Begin, WelcomeScreen

_TOP: Final = Path(__file__).parents[2] / "app.tcss"
_IN_WHEEL: Final = Path(__file__).parents[1] / "app.tcss"

# A class of the screen from so many columns or rows on; app.tcss says what it changes.
_AGAIN_S: Final = 3.0
"""So long the second Ctrl+C may take."""

_WIDTHS: Final = [(0, "-tiny"), (60, "-narrow"), (100, "-wide"), (140, "-very-wide")]
_HEIGHTS: Final = [(0, "-flat"), (16, "-short"), (28, "-tall")]


class RealtimeApp(App[None]):
    """Makes the conversation when the screen is there, and ends it, whatever ends the program."""

    TITLE = "realtime"
    CSS_PATH = str(_IN_WHEEL if _IN_WHEEL.exists() else _TOP)
    BINDINGS: ClassVar[list[BindingType]] = [
        bindings.TALK_ANYWHERE,
        bindings.PALETTE,
        bindings.KEYS_HERE,
        bindings.QUIT,
        *bindings.SUSPENDING,
        Binding("ctrl+c", "copy_or_quit", show=False, system=True),
    ]
    COMMANDS: ClassVar = {RealtimeCommands}  # Textual's own are among them
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    PAUSE_GC_ON_SCROLL = True

    def __init__(
        self,
        make_live: Callable[[Listener], Live],
        loaded: Loaded,
        folders: Folders,
        *,
        session_of: SessionOf | None = None,
        suggestions: Mapping[str, Sequence[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`session_of` tells what of the settings the session knows; without it, changes wait for a new start.

        `suggestions` are values to choose from for settings that are texts: voices, devices. `clock` gives seconds
        and never goes back, `wall_clock` gives the time since the epoch.
        """
        super().__init__(driver_class=driver_class())
        self._make_live = make_live
        self._folders = folders
        self._edited = EditedSettings(loaded, session_of)
        self._talk_keys = bindings.talk_keys(loaded.keys)
        self._suggestions = suggestions or {}
        self._clock, self._wall_clock = clock, wall_clock
        self._notices = NoticeLog(wall_clock)
        self._workers_of_live: LiveWorkers | None = None
        self._main: MainScreen | None = None
        self._welcome: WelcomeScreen | None = None
        self._is_quitting = False
        self._asked_s = float("-inf")
        """When Ctrl+C was pressed last."""
        self._is_suspended = False
        self._early_events: list[LiveEvent] = []
        self._receiving = threading.Lock()  # over both, while the screen comes up

    # ---------------------------------------------------------------- beginning and end

    def get_default_screen(self) -> MainScreen:
        """The main screen is the first one: Textual's own, empty one would be laid out and painted for nothing."""
        self._set_looks()
        return MainScreen(
            self._make_live(self._receive),
            self._edited,
            self._folders.settings_file,
            suggestions=self._suggestions,
            clock=self._clock,
            wall_clock=self._wall_clock,
        )

    def on_mount(self) -> None:
        """The screen is there; now the conversation's threads."""
        self.app_resume_signal.subscribe(self, self._came_back)
        main = self.screen
        assert isinstance(main, MainScreen)  # see get_default_screen
        live = main.live
        if not self._edited.loaded.sources and not self._folders.settings_file.exists():
            self._show_welcome(main)
        with self._receiving:
            for event in self._early_events:
                main.post_message(LiveUpdate(event))
            self._early_events.clear()
            self._main = main
        self._workers_of_live = LiveWorkers(live)
        self._workers_of_live.start(self)
        if not self.is_headless and threading.current_thread() is threading.main_thread():
            ending.when_marked(self.stop)

    def _show_welcome(self, main: MainScreen) -> None:
        from app.ui.screens.welcome_screen import WelcomeScreen

        main.live.hold_microphone(True)
        self._welcome = WelcomeScreen(main.live, main.key_of)
        self.push_screen(self._welcome, self._welcomed)

    def _welcomed(self, begin: Begin | None) -> None:
        self._welcome = None
        self._save({})
        if self._main is None or begin is None:
            return
        self._main.live.hold_microphone(False)
        match begin.name:
            case "CHECKING_SOUND":
                self._main.action_check_sound()
            case "TYPING":
                self._main.action_type()

    def stop(self) -> None:
        """End it in good order. From any thread; microphone and line at once, whatever the screen is doing."""
        if self._main:
            self._main.live.close()
        self.call_later(self.action_quit)

    async def action_quit(self) -> None:
        """End the conversation, wait until its threads are done, and leave."""
        if self._is_quitting:
            return
        self._is_quitting = True
        ending.under_way()
        if self._workers_of_live:
            await self._workers_of_live.close()
        ended = self._main.ended if self._main else None
        self.exit(return_code=ended.exit_status if ended else 0)

    def on_unmount(self) -> None:
        """However the program ends: no thread outlives it."""
        if self._workers_of_live:
            self._workers_of_live.join()
        restore_terminal_title(self)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, after ours."""
        return [HARMLESS, *super().get_line_filters()]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, where what is written can be read."""
        self.theme_variables = legible_variables(super().get_css_variables())
        return self.theme_variables

    def _fatal_error(self) -> None:
        """Textual's way out after a fault of ours, in a sentence: its own prints locals, and keys may be among them."""
        redaction = redaction_of(self._edited.settings, os.environ)
        error = one_line(redaction.message(traceback.format_exc(limit=0).strip().splitlines()[-1]))
        report: Path | None = self._folders.logs / "fault.log"
        try:
            trace = redaction.message(traceback.format_exc()).encode(errors="backslashreplace")
            replace_private_file(self._folders.logs / "fault.log", trace)
        except OSError:
            report = None
        details = f" The details are in {report}." if report else ""
        self.panic(Text(f"realtime: a fault of the program ended it ({error}).{details}"))

    def _set_looks(self) -> None:
        theme = self._edited.settings.theme
        self.theme = theme if theme in self.available_themes else Settings().theme
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.set_keymap(dict(self._edited.loaded.keys))
        keep_terminal_title(self)

    # ---------------------------------------------------------------- notices

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Textual's toasts, every one of which comes by here: what they say is kept; who reads the list sees none."""
        self._notices.add(f"{title}: {message}" if title else message, Severity(severity))
        if self._welcome is not None:
            self._welcome.show_notice(message)
        elif self._notices.watcher is None:
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    # ---------------------------------------------------------------- away for a while

    async def action_suspend_program(self) -> None:
        """Give the terminal back to the shell until it says `fg`: nothing is heard or spoken meanwhile."""
        if not self._driver or not self._driver.can_suspend or self._is_suspended or self._is_quitting:
            return
        self._is_suspended = True
        if self._workers_of_live:
            await self._workers_of_live.suspend()
        if can_suspend(self._driver):
            self._suspend_signal()
            self._driver.suspend_process()
        else:
            self.action_suspend_process()

    def _came_back(self, _: App[None]) -> None:
        self._is_suspended = False
        if self._workers_of_live:
            self._workers_of_live.resume()
        self.refresh(layout=True)

    # ---------------------------------------------------------------- the conversation's threads

    def _receive(self, event: LiveEvent) -> None:
        """Called from any thread. What happens before there is a screen waits for it."""
        with self._receiving:
            if self._main is None:
                self._early_events.append(event)
            else:
                self._main.post_message(LiveUpdate(event))

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        """A fault in a thread is said, and the screen with everything said stays."""
        if event.worker.group == GROUP and event.state is WorkerState.ERROR:
            error = one_line(f"{type(event.worker.error).__name__}: {event.worker.error}")
            what = f"{event.worker.description}: stopped by a fault of the program ({error})"
            text = f"{what}. Export what was said, and start again."
            self._receive(Notice(text, Severity.ERROR))

    # ---------------------------------------------------------------- keys and commands

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes of the conversation are taken in the order in which they came."""
        main = self._main if self._main and self._main.is_mounted else None  # with all that is in it
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded and main and main is self.screen:
            if isinstance(event, events.Paste):
                is_taken = main.pane.take_paste(event.text)
            else:
                self.app_focus = True  # whoever types is there
                is_taken = await main.pane.take_key(event)
            if is_taken:
                return
        await super().on_event(event)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Of Textual's own: themes, a picture, the way out. The rest is said better by ours."""
        by_title = {command.title: command for command in super().get_system_commands(screen)}
        yield from (by_title[title] for title in ("Theme", "Screenshot", "Quit") if title in by_title)

    async def action_copy_or_quit(self) -> None:
        """Ctrl+C: copy what is selected; else quit, in a conversation at the second press."""
        if self.screen.get_selected_text():
            self.screen.action_copy_text()
            return
        is_talking = self._main is not None and self._main.ended is None and bool(self._main.live.entries)
        asked_s, self._asked_s = self._asked_s, self._clock()
        if not is_talking or self._asked_s - asked_s <= _AGAIN_S:
            await self.action_quit()
        else:
            self.notify("Ctrl+C again quits. Everything said is kept.", markup=False, timeout=_AGAIN_S)

    def action_keys_here(self) -> None:
        """The keys that work here and now."""
        from app.ui.screens.keys_screen import KeysScreen, key_groups

        if isinstance(self.screen, KeysScreen):
            self.pop_screen()
        else:
            self.push_screen(KeysScreen(key_groups(self.screen.active_bindings)))

    def action_events(self) -> None:
        """The events of the wire."""
        from app.ui.screens.events_screen import EventsScreen

        if self._main:
            self.push_screen(EventsScreen(self._main.live.wire_events))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A text field takes characters."""
        return not (action == "keys_here" and bindings.is_typed(self.screen, "question_mark"))

    def action_notices(self) -> None:
        """What was told so far."""
        from app.ui.screens.notices_screen import NoticesScreen

        self.clear_notifications()
        self.push_screen(NoticesScreen(self._notices))

    def action_talk(self) -> None:
        """The talk key that works everywhere."""
        if self._main:
            self._main.action_talk()

    @on(KeyRepeated)
    async def _key_repeated(self, message: KeyRepeated) -> None:
        """As if pressed again; but where the talk key talks, a repeat is no press, whatever has the focus by now."""
        focused = self.focused
        is_typed = focused is not None and focused.check_consume_key(message.key, message.character)
        if self._main and self._talks(message) and not is_typed:
            self._main.talk_control.repeat()
        else:
            await self.on_event(events.Key(message.key, message.character))

    @on(KeyReleased)
    def _key_released(self, message: KeyReleased) -> None:
        """It goes the way its press went, to what has the focus and up from there: else it could arrive first."""
        if not message.is_under_way:
            message.is_under_way = True
            if (self.focused or self.screen).post_message(message):
                return
        if self._main and self._talks(message):
            self._main.talk_control.release()

    @on(ReleasesPromised)
    def _releases_promised(self) -> None:
        if self._main:
            self._main.talk_control.promise_releases()

    def _talks(self, message: KeyRepeated | KeyReleased) -> bool:
        return message.key in self._talk_keys or message.character in self._talk_keys

    def on_app_blur(self) -> None:
        """The keyboard is somewhere else: a key held there is not held here."""
        if self._main:
            self._main.talk_control.let_go()

    def _keep_theme(self, theme: Theme) -> None:
        if theme.name != self._edited.settings.theme:
            self._edited.change("theme", theme.name)
        if "theme" in self._edited.unsaved:
            self._save({"theme": theme.name})

    def _save(self, values: Mapping[str, object]) -> None:
        try:
            save(self._folders.settings_file, values)
        except SettingError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self._edited.saved(values.keys())
