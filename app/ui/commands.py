"""The command palette: everything the program can do, by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.app import SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider

from app.settings import SETTINGS
from app.ui.keys import bindings
from app.ui.screens.main_screen import MainScreen

_CHOICES = ("mode", "detection", "eagerness", "output", "noise_reduction", "talk_key")
"""Settings that can be changed while talking and have few values."""

_HIDDEN = frozenset({"copy", "say_again", "copy_all", "first", "follow", "notices", "devices", "keys_here"})
"""Commands that have no place in the row of keys."""


def commands_of(main: MainScreen) -> Iterable[SystemCommand]:
    """All commands, those with a key first."""
    from app.ui.screens.export_dialog import FORMAT_NAMES

    for binding in (*bindings.BINDINGS, bindings.KEYS_HERE):
        if binding.show or binding.id in _HIDDEN:
            key = main.key_of(binding.id or "")
            title = binding.description[:1].upper() + binding.description[1:]
            about = f"{binding.tooltip}  ({key})" if key else binding.tooltip
            yield SystemCommand(title, about, partial(main.run_action, _action(binding.action)))
    yield SystemCommand("Check the sound", "Hear a tone, say something and hear it back", main.action_check_sound)
    yield SystemCommand("Switch service", "Go on with another service or model", main.action_switch_service)
    yield SystemCommand("New session", "Begin a new session; what was said is carried over as text", main.action_renew)
    for form, name in FORMAT_NAMES.items():
        yield SystemCommand(f"Export as {name}", f"Write a {form} file", partial(main.exporter.open, form))
    for name in _CHOICES:
        setting = SETTINGS[name]
        for value in setting.choices:
            shown = value.replace("_", " ")
            title = f"{setting.about.title[:1].upper()}{setting.about.title[1:]}: {shown}"
            yield SystemCommand(title, setting.about.help, partial(main.change, name, value))


def _action(action: str) -> str:
    return "app.keys_here" if action == "keys_here" else action


class RealtimeCommands(Provider):
    """Offers the commands of the main screen."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.callback, help=command.help)

    async def search(self, query: str) -> Hits:
        """What fits the words."""
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(command.title), command.callback, help=command.help)

    def _commands(self) -> Iterable[SystemCommand]:
        if isinstance(self.screen, MainScreen):
            yield from commands_of(self.screen)
        yield from self.app.get_system_commands(self.screen)
