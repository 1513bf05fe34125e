"""What a declaration says of a setting beside its type."""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct


class Section(StrEnum):
    """Where a setting stands in the panel."""

    TURNS = "Turn taking"
    VOICE = "Voice"
    SOUND = "Sound"
    SERVICE = "Service"
    COST = "Cost"
    EXPERT = "Expert"
    LOOKS = "Looks"


class Applies(StrEnum):
    """When a change takes effect."""

    LIVE = "at once"
    SESSION = "with a new session"
    START = "with the next start"


class About(Struct, frozen=True):
    """What a user wants to know of a setting."""

    section: Section
    title: str
    help: str
    unit: str = ""
    step: float = 0.0
    env: str = ""
    """The name in the environment, where it is not REALTIME_ and the name in capitals."""
    applies: Applies = Applies.LIVE
    is_secret: bool = False
    """Never written to a file, never shown."""
    is_multiline: bool = False
    is_finer_when_small: bool = False
    """Most values worth choosing are near the low end: a slider gives them most of its room."""
    empty: str = "empty"
    """What an empty text means, in a word or two."""
    is_json_object: bool = False
    """A text that is the JSON of an object, or empty."""


class Setting(Struct, frozen=True):
    """One setting's declaration, taken apart."""

    name: str
    about: About
    kind: type
    """bool, int, float or str."""
    default: bool | int | float | str | None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    is_optional: bool = False

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return self.about.env or f"REALTIME_{self.name.upper()}"

    @property
    def option(self) -> str:
        """Its name on the command line, where it has one."""
        return "--" + self.env.removeprefix("REALTIME_").lower().replace("_", "-")

    def stepped(self, value: float, steps: int) -> float:
        """A number so many of its steps further, within its limits; whole where the setting is."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        number = round(min(high, max(low, value + steps * self.about.step)), 2)
        return int(number) if self.kind is int else number

    @property
    def must_be(self) -> str:
        """What a value has to be, for messages."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is bool:
            return "yes or no"
        if self.about.is_json_object:
            return 'a JSON object such as {"name": "value"}, or empty'
        if self.kind is str:
            return {
                "language": "two letters such as en, several with commas between, or empty",
                "deployment_models": "NAME=MODEL, or several of these with commas between them",
                "service": "auto, azure, openai, local, xai, litellm, localai, speaches, speech-to-speech, or the "
                "address of a server such as ws://localhost:8080",
            }.get(self.name, "some text")
        noun = "a whole number" if self.kind is int else "a number"
        unit = f" {self.about.unit}" if self.about.unit.isalpha() else ""
        return f"{noun} from {self.low:g} to {self.high:g}{unit}" + (", or empty" if self.is_optional else "")
