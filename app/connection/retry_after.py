"""How long a service wants to be left alone: from the headers of a refusal, or from its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 86_400.0
"""What is told beyond a day is taken for a day."""

_MS_HEADERS: Final = ("retry-after-ms", "x-ms-retry-after-ms")
"""Azure's and OpenAI's, more exact than the standard one."""
_NUMBER: Final = re.compile(r"\s*\d{1,9}(?:\.\d{1,9})?\s*")
_IN_WORDS: Final = re.compile(
    r"(?:try again|retry)(?: \w+){0,3}? (?:in|after)"
    r" (?:(\d{1,5})h)?(?:(\d{1,5})m(?![si]))?(\d{1,9}(?:\.\d{1,9})?)?"
    r" ?(ms|milliseconds?|min(?:ute)?s?|hours?|s|sec|seconds?)?\b",
    re.IGNORECASE,
)
""""Please try again in 6.2s", "in 2m3.5s", "in 300ms", "Please retry after 12 seconds"."""


def wait_told_by(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds, from the headers of an HTTP refusal (RFC 9110, section 10.2.3); None where they do not say.

    The names in `headers` are in lower case. `now` is for dates; None means the system's clock.
    """
    for name in _MS_HEADERS:
        if (ms := headers.get(name)) and _NUMBER.fullmatch(ms):
            return min(float(ms) / 1000, LONGEST_WAIT_S)
    told = headers.get("retry-after")
    if not told:
        return None
    if _NUMBER.fullmatch(told):
        return min(float(told), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(told)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(0.0, (until - (now or datetime.now(UTC))).total_seconds()), LONGEST_WAIT_S)
    except (ValueError, TypeError, OverflowError):
        return None


def wait_told_in(words: str) -> float | None:
    """Seconds, from a sentence of a service; None where it does not say."""
    found = _IN_WORDS.search(words[:2_000])
    if found is None or not any(found.groups()[:3]):
        return None
    hours, minutes, number, unit = found.groups()
    scale = {"ms": 0.001, "mil": 0.001, "min": 60.0, "hou": 3600.0}.get((unit or "s").lower()[:3], 1.0)
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(number or 0) * scale
    return min(total, LONGEST_WAIT_S)
