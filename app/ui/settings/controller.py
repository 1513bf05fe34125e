"""Changes of settings: to the conversation, to the screen, to the panel and to the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from app.conversation.bill import Budget
from app.conversation.status import Status
from app.live.events import Live
from app.live.service_choice import ServiceChoice
from app.settings import SettingError, Settings, save, which_service
from app.ui.messages import DevicesFound, ServicesFound
from app.ui.settings.edited_settings import EditedSettings

_REMEMBER_AFTER_S: Final = 1.0
"""A key that is held changes a setting many times; the file is written once."""

SERVICE_NAMES: Final = ("auto", "azure", "openai", "local")

if TYPE_CHECKING:
    from app.ui.screens.device_dialog import DeviceChoice
    from app.ui.screens.export_dialog import ExportPlace
    from app.ui.settings.panel import SettingsPanel


class SettingsController:
    """Owns the panel, which is loaded and made when it is first opened."""

    def __init__(
        self,
        screen: Screen[Any],
        live: Live,
        edited: EditedSettings,
        file: Path,
        suggestions: Mapping[str, Sequence[str]],
    ) -> None:
        """`suggestions` are values to choose from for settings that are texts."""
        self._screen, self._live, self._edited, self._file = screen, live, edited, file
        self._suggestions = suggestions
        self._panel: SettingsPanel | None = None
        self._voices: tuple[str, ...] = ()
        """Those that the panel offers."""
        self._is_open = False
        self._is_choosing_device = False
        self._status = Status()
        self._talks_with = _service_in(edited.settings)
        self._to_remember: set[str] = set()
        self._remembering: Timer | None = None

    @property
    def is_open(self) -> bool:
        """The panel is on the screen."""
        return self._is_open

    def show_status(self, status: Status) -> None:
        """What the service has taken and what not."""
        self._status = status
        self._edited.take_status(status)
        self._show()

    def change(self, name: str, value: object) -> None:
        """Set one setting, in the conversation at once where it knows it."""
        waits = name in self._status.fixed or (name == "voice" and self._status.is_voice_fixed)
        change = self._edited.change(name, value, waits=waits)
        if change.names:
            self._live.change(change)
        match name:
            case "mic":
                self._live.use_microphone(str(value))
            case "speaker":
                self._live.use_speaker(str(value))
            case "volume" | "muted":
                self._live.set_volume(0 if self._edited.settings.muted else self._edited.settings.volume)
            case "budget" | "budget_stops":
                settings = self._edited.settings
                self._live.limit_spending(Budget(settings.budget, settings.budget_stops))
        self._show()

    async def open(self, place: Widget) -> None:
        """Show the panel in a container, and put the keyboard on its first row."""
        self._is_open = True
        self._screen.add_class("-settings")
        if self._panel is None:
            from app.ui.settings.panel import SettingsPanel

            themes = sorted(self._screen.app.available_themes)
            suggestions = {"theme": themes, "service": SERVICE_NAMES, **self._suggestions}
            self._panel = SettingsPanel(self._edited.loaded, self._status, suggestions=suggestions)
            await place.mount(self._panel)
            self._screen.run_worker(self._look_for_devices, thread=True, exit_on_error=False, group="devices")
        self._panel.display = True
        self._show()
        self._panel.focus_first()

    def close(self) -> None:
        """Hide the panel; what was changed stays changed."""
        self._is_open = False
        self._screen.remove_class("-settings")
        if self._panel:
            self._panel.display = False

    def renew(self) -> None:
        """A new session with all that has waited for one."""
        change = self._edited.renewed()
        choice = _service_in(self._edited.settings)
        if choice == self._talks_with:
            self._live.renew(change)
        else:
            self._talks_with = choice
            self._live.switch(choice, change)
        self._show()

    def switch(self, choice: ServiceChoice | None) -> None:
        """Go on with this service (None: the user thought better of it), and have the settings say so."""
        if choice is None:
            return
        self._edited.change("service", choice.service)
        if choice.model:
            self._edited.change(_model_setting(choice.service), choice.model)
        self._talks_with = _service_in(self._edited.settings)
        self._live.switch(choice, self._edited.renewed())
        self._show()

    def save(self) -> None:
        """Write what was changed to the settings file."""
        if self._save(self._edited.unsaved):
            self._screen.notify(str(self._file), title="Settings saved in", markup=False)

    def remember_export(self, place: ExportPlace) -> None:
        """The next export is offered there and so."""
        used = {"export_folder": str(place.path.parent), "export_format": place.form.value}
        for name, value in used.items():
            self._edited.change(name, value)
        self._save(used)

    def remember(self, *names: str) -> None:
        """Write these to the settings file, soon: they are to be so with the next start."""
        self._to_remember.update(names)
        if self._remembering is not None:
            self._remembering.stop()
        self._remembering = self._screen.set_timer(_REMEMBER_AFTER_S, self.write_remembered)

    def write_remembered(self) -> None:
        """Write now what waits to be written, if anything does."""
        names, self._to_remember = self._to_remember & self._edited.unsaved.keys(), set()
        if names:
            self._save({name: getattr(self._edited.settings, name) for name in names})

    def _save(self, values: Mapping[str, object]) -> bool:
        try:
            save(self._file, values)
        except SettingError as error:
            self._screen.notify(str(error), severity="error", markup=False)
            return False
        self._edited.saved(values.keys())
        self._show()
        return True

    def _look_for_devices(self) -> None:
        """In a thread: a sound system may take its time to answer."""
        microphones, speakers = self._live.device_names()
        self._screen.post_message(DevicesFound(microphones, speakers))

    def look_for_services(self) -> None:
        """Which there are, told as a message; in a thread, since signing in may take its time."""
        self._screen.run_worker(self._tell_services, thread=True, exit_on_error=False, group="services")

    def _tell_services(self) -> None:
        self._screen.post_message(ServicesFound(self._live.services()))

    def choose_device(self) -> None:
        """The dialog for it, once it is known what there is."""
        self._is_choosing_device = True
        self._screen.run_worker(self._look_for_devices, thread=True, exit_on_error=False, group="devices")

    def services_found(self, found: ServicesFound) -> None:
        """What there is to choose from."""
        from app.ui.screens.service_dialog import ServiceDialog

        self._screen.app.push_screen(ServiceDialog(found.choices, self._live.service_label), self.switch)

    def devices_found(self, found: DevicesFound) -> None:
        """What there is to choose from."""
        if self._is_choosing_device:
            from app.ui.screens.device_dialog import DeviceDialog, device_choices

            self._is_choosing_device = False
            settings = self._edited.settings
            choices = device_choices(
                found.microphones, found.speakers, microphone=settings.mic, speaker=settings.speaker
            )
            self._screen.app.push_screen(DeviceDialog(choices), self._device_chosen)
        if self._panel:
            self._panel.suggest("mic", ("", *found.microphones, "none"))
            self._panel.suggest("speaker", ("", *found.speakers, "none"))

    def _device_chosen(self, choice: DeviceChoice | None) -> None:
        if choice is not None:
            self.change(choice.setting, choice.spec)

    def _show(self) -> None:
        if self._panel and self._is_open:
            if (voices := self._live.voices) != self._voices:  # another service has others
                self._voices = voices
                self._panel.suggest("voice", voices)
            self._panel.show_settings(self._edited.loaded, self._status, self._edited.unsaved.keys())


def _model_setting(service: str) -> str:
    """Which setting names the model there."""
    return "azure_deployment" if service == "azure" else "model"


def _service_in(settings: Settings) -> ServiceChoice:
    """What the settings choose."""
    service = which_service(settings)
    return ServiceChoice(service, "", getattr(settings, _model_setting(service)))
