"""What server events have in common."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from app.protocol.convert import WireObject


class ServerEventBase(WireObject, frozen=True, kw_only=True):
    """`event_id` is the service's own; some services leave it out or send null."""

    event_id: str | None | UnsetType = UNSET


class AboutItem(ServerEventBase, frozen=True, kw_only=True):
    """Something happened to one item."""

    item_id: str = ""
