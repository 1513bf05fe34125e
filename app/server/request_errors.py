"""Why the service says no, in the words and codes of the real one (protocol reference, sections 1.5, 2, 4.3, 5)."""

from __future__ import annotations

from dataclasses import dataclass

from app.protocol.items import ErrorDetail
from app.protocol.text import one_line

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"

_SHOWN_CHARS = 80
"""Of a value that is refused: what a client sends may be of any length."""


def _shown(value: object) -> str:
    return one_line(str(value), _SHOWN_CHARS)


class RefusedError(Exception):
    """A client event is refused as a whole and has changed nothing. `detail` is what the client is told."""

    def __init__(self, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.detail = ErrorDetail(type=INVALID_REQUEST, code=code, message=message, param=param, event_id=None)


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """An engine could not do its work. `message` is one or two sentences for the user, with the remedy."""

    code: str
    message: str
    type: str = SERVER_ERROR

    def detail(self) -> ErrorDetail:
        """As it stands in an `error` event."""
        return ErrorDetail(type=self.type, code=self.code, message=self.message, param=None, event_id=None)

    def outcome(self) -> ErrorDetail:
        """As it stands in a failed response: there it names neither a parameter nor an event of the client."""
        return ErrorDetail(type=self.type, code=self.code, message=self.message)


def invalid_value(param: str, message: str) -> RefusedError:
    """The value is of the right type and still not acceptable."""
    return RefusedError("invalid_value", message, param)


def not_supported(param: str, value: object, supported: tuple[str, ...]) -> RefusedError:
    """The value is none of a closed set."""
    names = ", ".join(f"'{name}'" for name in supported)
    return invalid_value(param, f"Invalid value: '{_shown(value)}'. Supported values are: {names}.")


def missing(param: str) -> RefusedError:
    """A key that must be there is not."""
    return RefusedError("missing_required_parameter", f"Missing required parameter: '{param}'.", param)


def unknown_parameter(param: str) -> RefusedError:
    """A key that the service does not know."""
    return RefusedError("unknown_parameter", f"Unknown parameter: '{param}'.", param)


def out_of_range(param: str, value: float, least: float, most: float) -> RefusedError:
    """A number below `least` or above `most`, each named as the real service names it."""
    kind = "integer" if isinstance(value, int) else "decimal"
    if value < least:
        sign, bound, side = ">=", least, "below_min"
    else:
        sign, bound, side = "<=", most, "above_max"
    words = side.replace("_min", " minimum").replace("_max", " maximum")
    message = (
        f"Invalid '{param}': {kind} {words} value. Expected a value {sign} {bound}, but got {_shown(value)} instead."
    )
    return RefusedError(f"{kind}_{side}_value", message, param)


def too_long(param: str, most: int, got: int) -> RefusedError:
    """A string with more characters than allowed."""
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {got} instead."
    )
    return RefusedError("string_above_max_length", message, param)


def no_such_item(verb: str, item_id: str) -> RefusedError:
    """`verb` is "retrieve", "delete" or "truncate"."""
    message = f"Error {verb.removesuffix('e')}ing item: the item with id '{_shown(item_id)}' does not exist."
    return RefusedError(f"item_{verb}_invalid_item_id", message, "item_id")


def wrong_type(param: str, more: str = "") -> RefusedError:
    """A value of a type that the key cannot have; `more` says what it may be."""
    return RefusedError("invalid_type", f"Invalid type for '{param}'{more}.", param)
