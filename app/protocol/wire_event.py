"""An event as it stood on the wire, for people to look at: without sound and secrets."""

from __future__ import annotations

from msgspec import Struct


class WireEvent(Struct, frozen=True):
    """One frame, or several of sound in a row."""

    number: int
    """Counted from the first of the program's run."""
    at: float
    """When, in epoch seconds."""
    direction: str
    """`sent`, `received`, or `note` for what happened to the connection itself."""
    kind: str
    """Its type on the wire; of a note, what happened."""
    detail: str = ""
    """The event as indented JSON."""

    @property
    def sign(self) -> str:
        """Its direction as one character."""
        return {"sent": "→", "received": "←"}.get(self.direction, "·")

    @property
    def line(self) -> str:
        """All of it on one line, for a list."""
        return f"{self.sign} {self.kind}"
