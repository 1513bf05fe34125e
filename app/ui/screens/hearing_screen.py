"""What the main screen has for the ear, by key: volume, mute and speed of the assistant, and a turn said again."""

from __future__ import annotations

from textual.getters import query_one
from textual.screen import Screen

from app.conversation.standing import Standing
from app.conversation.status import Status
from app.live.events import Ended, Live
from app.settings import SETTINGS
from app.ui import wording
from app.ui.meters.talk_strip import TalkStrip
from app.ui.settings.controller import SettingsController
from app.ui.settings.edited_settings import EditedSettings
from app.ui.transcript.pane import TranscriptPane


class HearingScreen(Screen[None]):
    """The part of a main screen. Each change is said as it is made; volume and mute are remembered."""

    live: Live
    status: Status
    edited: EditedSettings
    settings_controller: SettingsController
    ended: Ended | None
    pane = query_one(TranscriptPane)
    strip = query_one(TalkStrip)

    def change(self, name: str, value: object) -> None:
        """Set one setting, at once where that is possible."""
        raise NotImplementedError

    def key_of(self, binding_id: str) -> str:
        """The key of a binding as it is bound and shown."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the volume as it is set."""
        self.show_volume()

    def on_unmount(self) -> None:
        """What is to be remembered is not lost, whatever ends the program."""
        self.settings_controller.write_remembered()

    def show_volume(self) -> None:
        """Of the settings, on the meter."""
        self.strip.show_volume(self.edited.settings.volume, is_muted=self.edited.settings.muted)

    def action_volume(self, steps: int) -> None:
        """The volume up or down; who changes it wants to hear it, so muted is over."""
        self._step("volume", steps)
        if self.edited.settings.muted:
            self.change("muted", False)
        self._remember("volume", "muted")

    def action_mute_assistant(self) -> None:
        """Let the assistant not be heard, or be heard again."""
        self.change("muted", not self.edited.settings.muted)
        self._remember("muted")

    def action_speed(self, steps: int) -> None:
        """Faster or more slowly. The service has a say in it, so the panel's mark tells whether it is so."""
        standing = self.status.standings.get("speed")
        if standing is not None and standing.standing is Standing.LACKING:
            self.pane.flash("this service cannot speak faster or more slowly")
        else:
            self._step("speed", steps)
            self.pane.flash(f"speed {self.edited.settings.speed:.2f} ×")

    def action_say_again(self) -> None:
        """Let the turn in hand, or else the last one in view, be heard again."""
        if self.ended:
            self.notify(wording.NOT_SAID_AGAIN, severity="warning", markup=False)
        elif turn := self.pane.log_view.turn_in_view:
            self.live.say_again(turn.item_id)

    def _step(self, name: str, steps: int) -> None:
        self.change(name, SETTINGS[name].stepped(getattr(self.edited.settings, name), steps))

    def _remember(self, *names: str) -> None:
        self.settings_controller.remember(*names)
        settings = self.edited.settings
        self.pane.flash(wording.volume_line(settings.volume, settings.muted, self.key_of))
