"""How the assistant sounds, by key: volume, mute, speed."""

from __future__ import annotations

from collections.abc import Callable

from app.settings import SETTINGS, Settings
from app.ui.settings.controller import SettingsController
from app.ui.wording import KeyOf


class AssistantVoice:
    """Changes these settings step by step, and says each time how they are now. Volume and mute are remembered."""

    def __init__(
        self,
        controller: SettingsController,
        settings: Callable[[], Settings],
        change: Callable[[str, object], None],
        tell: Callable[[str], None],
        key_of: KeyOf,
    ) -> None:
        """`change` sets one setting; `tell` shows a few words for a moment."""
        self._controller, self._settings, self._change, self._tell = controller, settings, change, tell
        self._key_of = key_of

    def louder(self, steps: int) -> None:
        """The volume up, or down; who changes it wants to hear it, so muted is over."""
        self._step("volume", steps)
        if self._settings().muted:
            self._change("muted", False)
        self._controller.remember("volume", "muted")
        self._tell(self._sentence())

    def mute(self) -> None:
        """Let the assistant not be heard, or be heard again."""
        self._change("muted", not self._settings().muted)
        self._controller.remember("muted")
        self._tell(self._sentence())

    def faster(self, steps: int) -> None:
        """The speed up, or down. The service has a say in it, so the panel's mark tells whether it is so."""
        self._step("speed", steps)
        self._tell(f"speed {self._settings().speed:.2f} ×")

    def _step(self, name: str, steps: int) -> None:
        self._change(name, SETTINGS[name].stepped(getattr(self._settings(), name), steps))

    def _sentence(self) -> str:
        settings = self._settings()
        if settings.muted:
            return f"the assistant is muted, {self._key_of('mute_assistant')} lets it be heard"
        return f"volume {settings.volume} %"
