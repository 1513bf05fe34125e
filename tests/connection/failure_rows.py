"""What failure looks like, row by row: how each kind of service, and what stands before it, refuses and ends.

The tables of the protocol reference (section 1.5), what services of section 9 do otherwise, and the shapes in which
frameworks and gateways say the same. Each is played by a real socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from websockets.http11 import Response

from app.connection.failures import FailureKind
from app.connection.services import Service, azure, compatible, openai
from tests.connection.loopback import CREATED, Script, answered, drops, error, event, http, says

KEY: Final = "k3y-0123456789abcdef"
K = FailureKind
REQUEST: Final = "invalid_request_error"
HOUR: Final = "Your session hit the maximum duration of 60 minutes."


def at_azure(port: int) -> Service:
    return azure(f"http://127.0.0.1:{port}", KEY, "voice")


def at_openai(port: int) -> Service:
    return openai(KEY, f"http://127.0.0.1:{port}/v1", "gpt-x")


def at_server(port: int) -> Service:
    return compatible(f"ws://127.0.0.1:{port}/v1/realtime", KEY, "m")


@dataclass(frozen=True)
class Row:
    """One way to fail, and what is to come of it."""

    name: str
    make: Callable[[int], Service]
    plays: Script | Response
    kind: FailureKind
    fatal: bool
    says: tuple[str, ...] = ()
    """What the sentence holds: the service's own words, the signal, the remedy."""
    retry_after_s: float | None = None


def told(code: object, message: str, **more: object) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, **more}}).encode()


def twice(response: Response, name: str, value: str) -> Response:
    """A header that both the service and what stands before it have set."""
    response.headers[name] = value
    response.headers[name] = value
    return response


def page(title: str) -> bytes:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{'x' * 50_000}</body></html>".encode()


def refused(kind: str, code: str | None, close: int, message: str = "So it is.", *before: str) -> Script:
    return says(*before, error(kind, code, message), code=close, reason=f"{kind}.{code}")


def shaped(*said: dict[str, object], code: int = 1011) -> Script:
    return says(*(json.dumps(each) for each in said), code=code)


AZURE_ROWS: Final = (
    Row("the deployment's model is not a realtime one", at_azure,
        http(400, told("OpperationNotSupported", "The operation is not supported with this model.")),
        K.MODEL_UNKNOWN, True, ("HTTP 400", "not supported with this model", "AZURE_OPENAI_DEPLOYMENT")),
    Row("the same, spelt right", at_azure, http(400, told("OperationNotSupported", "No.")),
        K.MODEL_UNKNOWN, True, ("AZURE_OPENAI_DEPLOYMENT",)),
    Row("no credential", at_azure, http(401, b""), K.KEY_REFUSED, True, ("HTTP 401", "AZURE_OPENAI_API_KEY")),
    Row("a wrong key", at_azure,
        http(401, told("401", "Access denied due to invalid subscription key or wrong API endpoint.")),
        K.KEY_REFUSED, True, ("Access denied due to invalid subscription key", "AZURE_OPENAI_API_KEY")),
    Row("an identity without the role", at_azure, http(401, told("PermissionDenied", "Principal lacks the role.")),
        K.PERMISSION, True, ("Principal lacks the role.", "Cognitive Services OpenAI User")),
    Row("no such deployment", at_azure, http(404, told("DeploymentNotFound", "The API deployment is gone.")),
        K.MODEL_UNKNOWN, True, ("The API deployment is gone.", "AZURE_OPENAI_DEPLOYMENT")),
    Row("a wrong path", at_azure, http(404, told("404", "Resource not found")),
        K.MODEL_UNKNOWN, True, ("Resource not found", "AZURE_OPENAI_ENDPOINT")),
    Row("too much asked", at_azure, http(429, told("429", "Slow down."), **{"Retry-After": "7"}),
        K.RATE_LIMITED, False, ("Slow down.", "quota of AZURE_OPENAI_DEPLOYMENT"), 7.0),
    Row("too much asked, to the millisecond", at_azure,
        http(429, told("429", "Slow down."), **{"Retry-After": "8", "retry-after-ms": "7250"}),
        K.RATE_LIMITED, False, (), 7.25),
    Row("too much asked, said twice", at_azure,
        twice(http(429, told("429", "Slow down.")), "Retry-After", "7"), K.RATE_LIMITED, False, (), 7.0),
    Row("an api-version where none is taken", at_azure,
        http(401, told("401", "The api-version is not supported on this route.")), K.REFUSED, True,
        ("Leave the api-version out of AZURE_OPENAI_ENDPOINT",)),
    Row("a body that begins with a mark", at_azure,
        http(401, b"\xef\xbb\xbf" + told("PermissionDenied", "No role.")), K.PERMISSION, True, (": No role.",)),
    Row("a body in UTF-16", at_azure, http(401, told("PermissionDenied", "No role.").decode().encode("utf-16")),
        K.PERMISSION, True, (": No role.",)),
    Row("the gateway before it has no key", at_azure,
        http(401, b'{"statusCode":401,"message":"Access denied due to missing subscription key."}'),
        K.KEY_REFUSED, True, ("missing subscription key",)),
)  # fmt: skip

OPENAI_ROWS: Final = tuple(
    Row(name, at_openai, play, kind, fatal, sentence)
    for row, kind_word, code, close, kind, fatal, remedy in (
        ("a bad key", REQUEST, "invalid_api_key", 3000, K.KEY_REFUSED, True, "OPENAI_API_KEY"),
        ("no model", REQUEST, "missing_model", 4000, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
        ("an unknown model", REQUEST, "invalid_model", 4000, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
        ("a retired model", REQUEST, "model_not_found", 4004, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
        ("the beta header", REQUEST, "beta_api_shape_disabled", 4000, K.REFUSED, True, "GA dialect"),
        ("no credit", "insufficient_quota", "insufficient_quota", 1013, K.QUOTA, True, "billing"),
        ("no credit, renamed", "insufficient_quota", "credit_balance_exhausted", 1013, K.QUOTA, True, "billing"),
        ("no credit, renamed again", "insufficient_quota", "not_invented_yet", 1013, K.QUOTA, True, "billing"),
        ("the account is closed", REQUEST, "account_deactivated", 3000, K.PERMISSION, True, "OPENAI_API_KEY"),
        ("the hard limit", REQUEST, "billing_hard_limit_reached", 1013, K.QUOTA, True, "billing"),
    )
    for name, play, sentence in (
        (row, refused(kind_word, code, close), ("So it is.", remedy)),
        (f"{row}, after the session began", refused(kind_word, code, close, "So it is.", CREATED),
         ("So it is.", f"close code {close}", remedy)),
        (f"{row}, the event swallowed", says(code=close, reason=f"{kind_word}.{code}"),
         (f"{kind_word}.{code}", f"close code {close}", remedy)),
    )
)  # fmt: skip

ENDS: Final = (
    Row("the hour is over", at_openai, refused(REQUEST, "session_expired", 1001, HOUR, CREATED),
        K.EXPIRED, False, (HOUR, "longest duration")),
    Row("the hour is over, told by the close alone", at_openai, says(CREATED, code=1001, reason=HOUR),
        K.EXPIRED, False, (HOUR,)),
    Row("the hour is over, told by an event alone", at_openai,
        says(CREATED, error(REQUEST, "session_expired", HOUR), code=1000), K.EXPIRED, False, (HOUR,)),
    Row("a restart", at_openai, says(CREATED, code=1001), K.LOST, False, ("close code 1001",)),
    Row("overload", at_openai, says(CREATED, code=1013), K.OVERLOADED, False, ("close code 1013",)),
    Row("overload in words", at_openai, says(CREATED, code=1013, reason="Overloaded, please try again in 2.5s"),
        K.OVERLOADED, False, (), 2.5),
    Row("no credit, and a failed answer before the close", at_openai,
        says(CREATED, error("insufficient_quota", "credit_balance_exhausted", "Empty."),
             event("response.done", response={"id": "r1", "status": "failed"}), event("rate_limits.updated"),
             code=1013),
        K.QUOTA, True, ("Empty.",)),
    Row("overload, long after a model was missing", at_openai,
        says(CREATED, error(REQUEST, "model_not_found", "No whisper."), *answered("Good day."), code=1013),
        K.OVERLOADED, False, ("close code 1013",)),
    Row("a restart, long after too much was asked", at_openai,
        says(CREATED, error("tokens", "rate_limit_exceeded", "Slow down."), *answered("Good day."), code=1001),
        K.LOST, False, ()),
    Row("a broken line", at_openai, drops(CREATED), K.LOST, False, ("close code 1006", "network")),
    Row("a broken line, some time after a model was missing", at_server,
        drops(CREATED, error(REQUEST, "model_not_found", "No whisper."), event("session.updated", session={})),
        K.LOST, False, ("close code 1006",)),
    Row("a broken line, some time after an error and nothing new", at_server,
        drops(CREATED, error(REQUEST, "model_not_found", "No whisper."), event("ping")),
        K.LOST, False, ("close code 1006",)),
    Row("a gateway that swallows the close", at_server,
        drops(CREATED, error("insufficient_quota", "insufficient_quota", "Empty.")), K.QUOTA, True, ("Empty.",)),
    Row("a cancel that came late, then a broken line", at_server,
        drops(CREATED, error(REQUEST, "response_cancel_not_active", "Nothing to cancel.")), K.LOST, False, ()),
    Row("an internal error", at_openai, says(CREATED, error("server_error", None, "Oh."), code=1011, reason="x"),
        K.OVERLOADED, False, ("Oh.",)),
)  # fmt: skip

PROXY_ROWS: Final = (
    Row("401 from a proxy", at_openai, http(401, page("401 Authorization Required")), K.KEY_REFUSED, True,
        ("401 Authorization Required",)),
    Row("402", at_openai, http(402, page("Payment Required")), K.QUOTA, True, ("HTTP 402", "billing")),
    Row("403 from a proxy", at_openai, http(403, page("Blocked by Corp &amp; Co.")), K.PERMISSION, True,
        ("HTTP 403", "Blocked by Corp & Co.")),
    Row("407", at_openai, http(407, page("Proxy Authentication Required")), K.UNREACHABLE, True,
        ("HTTP 407", "HTTPS_PROXY", "user:password")),
    Row("502", at_azure, http(502, page("502 Bad Gateway")), K.OVERLOADED, False, ("HTTP 502", "502 Bad Gateway")),
    Row("503 with a wait", at_azure, http(503, page("Sorry"), **{"Retry-After": "30"}), K.OVERLOADED, False,
        ("HTTP 503",), 30.0),
    Row("504", at_server, http(504, page("504 Gateway Time-out")), K.OVERLOADED, False, ("HTTP 504",)),
    Row("a page without a title", at_openai, http(502, b"<html><body><h1>502 <i>Bad</i> Gateway</h1></body></html>"),
        K.OVERLOADED, False, ("502 Bad Gateway",)),
    Row("XML", at_server, http(503, b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce'
                               b"</Message></Error>"), K.OVERLOADED, False, ("Please reduce",)),
    Row("a country that is not served", at_openai,
        http(403, told("unsupported_country_region_territory", "Country not supported")), K.PERMISSION, True,
        ("Country not supported",)),
    Row("a portal's page", at_openai, http(200, page("Please log in")), K.PROTOCOL, True,
        ("Please log in", "OPENAI_BASE_URL")),
    Row("a portal's redirect", at_openai, http(302, b"", Location="http://portal.example/"), K.REFUSED, True,
        ("HTTP 302",)),
    Row("429 with words", at_openai, http(429, told("rate_limit_exceeded", "Please try again in 6.2s.")),
        K.RATE_LIMITED, False, (), 6.2),
    Row("429 that is no credit", at_openai, http(429, told("x", "Empty.", type="insufficient_quota")),
        K.QUOTA, True, ("Empty.",)),
)  # fmt: skip

SERVER_ROWS: Final = (
    Row("speaches refuses a key", at_server, says(code=1008), K.KEY_REFUSED, True,
        ("close code 1008", "REALTIME_API_KEY")),
    Row("speaches refuses a key in words", at_server, says(code=1008, reason="Invalid API key"), K.KEY_REFUSED, True,
        ("Invalid API key",)),
    Row("LocalAI loads its model", at_server,
        says(error("server_error", "model_load_error", "Loading."), code=1011), K.OVERLOADED, False, ("Loading.",)),
    Row("LiteLLM knows no such model", at_server,
        says(error("server_error", "500", "litellm.BadRequestError: invalid model name"), code=1011),
        K.MODEL_UNKNOWN, True, ("invalid model name",)),
    Row("FastAPI's detail", at_server, http(403, b'{"detail":"Not authenticated"}'), K.KEY_REFUSED, True,
        ("Not authenticated",)),
    Row("FastAPI's list", at_server, http(422, b'{"detail":[{"loc":["query","model"],"msg":"Field required"}]}'),
        K.REFUSED, True, ("Field required",)),
    Row("words alone", at_server, shaped({"error": "Model X is not available", "code": "model_not_found"}),
        K.MODEL_UNKNOWN, True, ("Model X is not available",)),
    Row("a list of errors", at_server, shaped({"type": "error", "errors": [{"message": "Bad key", "code": 401}]}),
        K.KEY_REFUSED, True, ("Bad key",)),
    Row("an empty list of errors", at_server, shaped({"type": "error", "errors": []}), K.REFUSED, True),
    Row("an object for words", at_server,
        shaped({"type": "error", "error": {"message": {"text": "No credits left", "code": "insufficient_quota"}}}),
        K.QUOTA, True, ("No credits left",)),
    Row("errors within errors", at_server,
        shaped({"type": "error", "error": {"error": {"error": {"message": "Deep", "code": "invalid_api_key"}}}}),
        K.KEY_REFUSED, True, ("Deep",)),
    Row("a number for a code", at_server, shaped({"type": "error", "error": {"message": "Slow", "code": 429}}),
        K.RATE_LIMITED, False, ("Slow",)),
    Row("a code of a word", at_server, shaped({"type": "error", "error": {"code": "Unauthorized", "message": ""}}),
        K.KEY_REFUSED, True),
    Row("an exception's name", at_server, shaped({"type": "AuthenticationError", "message": "Nope"}),
        K.KEY_REFUSED, True, ("Nope",)),
    Row("an error object as words", at_server,
        says(error("server_error", None, told("model_not_found", "No such thing.").decode()), code=1011),
        K.MODEL_UNKNOWN, True, (": No such thing.",)),
    Row("an error object as the reason", at_server, says(CREATED, code=1011, reason=told("429", "Slow.").decode()),
        K.RATE_LIMITED, False, (": Slow.",)),
    Row("silent for too long", at_server, says(CREATED, code=1008, reason="Session idle timeout"), K.LOST, False,
        ("Session idle timeout",)),
    Row("the same, under a code of its own", at_server, says(CREATED, code=4000, reason="Closed due to inactivity"),
        K.LOST, False, ("inactivity",)),
    Row("an error, then silence", at_server, says(error(REQUEST, "invalid_api_key", "Bad.")), K.KEY_REFUSED, True,
        ("Bad.",)),
    Row("an error of another kind, then silence", at_server, says(event("error", error="It hurts.")),
        K.REFUSED, True, ("It hurts.",)),
    *(
        Row(f"close code {code}", at_server, says(CREATED, code=code), kind, fatal, (f"close code {code}",))
        for code, kind, fatal in (
            (3000, K.KEY_REFUSED, True),
            (3003, K.PERMISSION, True),
            (3008, K.TIMEOUT, False),
            (4000, K.REFUSED, True),
            (4004, K.MODEL_UNKNOWN, True),
            (4401, K.KEY_REFUSED, True),
            (4402, K.QUOTA, True),
            (4403, K.PERMISSION, True),
            (4404, K.MODEL_UNKNOWN, True),
            (4408, K.TIMEOUT, False),
            (4429, K.RATE_LIMITED, False),
            (4500, K.OVERLOADED, False),
            (4503, K.OVERLOADED, False),
            (4999, K.REFUSED, True),
        )
    ),
)  # fmt: skip

ROWS: Final = (*AZURE_ROWS, *OPENAI_ROWS, *ENDS, *PROXY_ROWS, *SERVER_ROWS)
