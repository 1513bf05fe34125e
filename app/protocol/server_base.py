"""What server events have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.protocol.convert import UNSET, JsonObject, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEventBase:
    """`event_id` is the service's own; some services leave it out or send null."""

    event_id: str | None | Unset = UNSET
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutItem(ServerEventBase):
    """Something happened to one item."""

    item_id: str = ""
