"""The command palette: everything the program can do, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct
from textual.command import DiscoveryHit, Hit, Hits, Provider

from app.settings import SETTINGS
from app.ui.keys import bindings
from app.ui.screens.main_screen import MainScreen

Run: TypeAlias = Callable[[], Any]

_CHOICES = ("mode", "detection", "eagerness", "output", "noise_reduction", "talk_key")
"""Settings that can be changed while talking and have few values."""


class PaletteCommand(Struct, frozen=True):
    """One line of the palette."""

    title: str
    help: str
    run: Run


def commands_of(main: MainScreen) -> Iterable[PaletteCommand]:
    """All commands, those with a key first."""
    from app.ui.screens.export_dialog import FORMAT_NAMES

    for binding in bindings.BINDINGS:
        if binding.show or binding.id in ("copy", "copy_all", "first", "follow"):
            key = main.key_of(binding.id or "")
            title = binding.description[:1].upper() + binding.description[1:]
            about = f"{binding.tooltip}  ({key})" if key else binding.tooltip
            yield PaletteCommand(title, about, partial(main.run_action, binding.action))
    yield PaletteCommand("Check the sound", "Hear a tone, say something and hear it back", main.action_check_sound)
    yield PaletteCommand("New session", "Begin a new session; what was said is carried over as text", main.action_renew)
    for form, name in FORMAT_NAMES.items():
        yield PaletteCommand(f"Export as {name}", f"Write a {form} file", partial(main.exporter.open, form))
    for name in _CHOICES:
        setting = SETTINGS[name]
        for value in setting.choices:
            shown = value.replace("_", " ")
            title = f"{setting.about.title[:1].upper()}{setting.about.title[1:]}: {shown}"
            yield PaletteCommand(title, setting.about.help, partial(main.change, name, value))


class RealtimeCommands(Provider):
    """Offers the commands of the main screen."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """What fits the words."""
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(command.title), command.run, help=command.help)

    def _commands(self) -> Iterable[PaletteCommand]:
        return commands_of(self.screen) if isinstance(self.screen, MainScreen) else ()
