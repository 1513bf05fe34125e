"""What a service sends, without our own secrets: done once, where it comes in, so that nothing above has to remember.

Some services repeat the key they were given: in an error, in a log that they pass on, in the item of a failed answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.protocol.codec import SERVER_EVENTS
from app.protocol.convert import JsonObject
from app.protocol.server_events import ErrorEvent, OutputAudioDelta
from app.protocol.text import sanitise_text
from app.redaction import Redaction, is_data

_MESSAGES: Final = frozenset({"error", "warning", "status_details"})
"""Under these keys services explain themselves, in whatever event."""


def without_secrets_of(redaction: Redaction) -> Callable[[JsonObject], JsonObject]:
    """A function that gives an event back without the secrets, wherever in it they stand.

    Errors and what is of no known type are messages; everything else may be what somebody said.
    """

    def clean(event: JsonObject) -> JsonObject:
        kind = event.get("type")
        if kind == OutputAudioDelta.TYPE:  # nearly all of what comes, and it becomes sound
            return {key: value if key == "delta" else _walked(value, redaction, False) for key, value in event.items()}
        is_message = kind == ErrorEvent.TYPE or kind not in SERVER_EVENTS
        cleaned: JsonObject = _walked(event, redaction, is_message)
        return cleaned

    return clean


def _walked(value: Any, redaction: Redaction, is_message: bool) -> Any:
    match value:
        case str():
            if not is_data(value):  # before: what is left out of a text may stand in the middle of a key
                value = sanitise_text(value)
            return redaction.message(value) if is_message else redaction.speech(value)
        case dict():
            return {
                redaction.speech(sanitise_text(key)): _walked(item, redaction, is_message or key in _MESSAGES)
                for key, item in value.items()
            }
        case list():
            return [_walked(item, redaction, is_message) for item in value]
        case _:
            return value
