"""Headers as text: lines of `Name: value`, or one JSON object, which fits on one line of `.env`."""

from __future__ import annotations

import json


class HeadersError(Exception):
    """The text is no headers; `str` says what is wrong with it, without a value."""


def read_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values, in order. Raises HeadersError."""
    text = text.strip()
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise HeadersError("it begins with { and is no JSON object") from None
        if not all(isinstance(value, str) for value in found.values()):
            raise HeadersError("a value in its JSON object is no text")
        return tuple((name.strip(), value.strip()) for name, value in found.items())
    headers = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            name, colon, value = line.partition(":")
            if not colon or not name.strip() or not value.strip():
                raise HeadersError(f"its line {number} is not of the form `Name: value`")
            headers.append((name.strip(), value.strip()))
    return tuple(headers)
