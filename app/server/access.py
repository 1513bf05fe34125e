"""Who may reach the service: whether it needs a token, and under which names this machine may be addressed. Pure."""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_address
from typing import Final

_HOST_HEADER: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s@]+)(?::\d{1,5})?")


class TokenError(ValueError):
    """A token that cannot be used; `str` is the sentence for the user."""


def token_for(host: str, given: str | None) -> tuple[str | None, bool]:
    """The token that clients must show, and whether it was made here because others can reach this address.

    Raises TokenError for a token that guards nothing or that no client could send.
    """
    if given is not None:
        if not given.strip():
            raise TokenError(
                "The token is empty, so everybody could come in: give one in REALTIME_SERVE_TOKEN, or none at all."
            )
        if not (given.isascii() and given.isprintable()) or " " in given:
            raise TokenError("The token holds a space or a sign that no header can carry: use letters and digits.")
        return given, False
    if is_this_machine(host):
        return None, False
    return secrets.token_urlsafe(24), True


def is_this_machine(host: str) -> bool:
    """Whether only this machine can reach what listens there. What is not known for sure counts as open to others."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def is_addressed(header: str, host: str) -> bool:
    """Whether a `Host` header names this machine, or what was listened on by name, with or without a port.

    A web page can make its own name mean this machine, and then counts as the same origin as the service; its name in
    this header gives it away (DNS rebinding).
    """
    found = _HOST_HEADER.fullmatch(header.strip())
    if found is None:
        return False
    name = found["name"].rstrip(".").lower()
    return is_this_machine(name) or name.strip("[]") == host.strip("[]").rstrip(".").lower()
