"""What a session of a service may hold, as far as that is known before anything is said to it (protocol reference,
sections 4, 7 and 9).

What is not known to be missing counts as there: a service that refuses a field is asked again without it.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

REASONING_EFFORTS: Final = ("minimal", "low", "medium", "high", "xhigh")
"""Of gpt-realtime-2 and later; the service's own choice where none is sent."""


class SessionCapabilities(Struct, frozen=True, kw_only=True):
    """What may be asked of a session. A field's path is the GA one, as `error.param` writes it after `session.`."""

    lacks: frozenset[str] = frozenset()
    """Paths that the service is known to refuse or to ignore, and all below each of them."""
    reasoning_efforts: tuple[str, ...] = REASONING_EFFORTS
    """The values of `reasoning.effort`; empty where the session knows none."""
    is_told_least: bool = False
    """At first only what the user has set, and what a conversation cannot do without: many of the services that speak
    the protocol refuse or misread the rest."""
    always_told: frozenset[str] = frozenset()
    """Paths that must be sent all the same, since the service's own default is another."""
    is_free: bool = False
    """Nothing that is used costs anything, so far as is known here."""
    has_truncate: bool = True
    """Whether it knows `conversation.item.truncate`."""
    voices: tuple[str, ...] = ()
    """Names of its voices; empty: those of the GA services."""

    def holds(self, path: str) -> bool:
        """Whether a field may be sent, so far as is known."""
        steps = path.split(".")
        return not any(".".join(steps[: count + 1]) in self.lacks for count in range(len(steps)))


ALL_OF_GA: Final = SessionCapabilities()
"""What a GA service has."""

_WITHOUT_REASONING: Final = re.compile(
    r"gpt-(4o-)?(mini-)?realtime(-preview|-mini|-1(\.\d+)?(-mini)?)*(-\d{4}-\d{2}-\d{2})?", re.IGNORECASE
)
"""gpt-realtime, its mini, 1.5 and what came before; gpt-realtime-2 and later reason (section 7)."""


def knows_reasoning(model: str) -> bool:
    """Whether `reasoning` may be asked for. A name that is not known, such as a deployment's, may be of any model."""
    return _WITHOUT_REASONING.fullmatch(model) is None
