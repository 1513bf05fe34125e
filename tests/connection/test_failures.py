"""Each row of the failure tables of the protocol reference (section 1.5) has its kind, its words and its remedy."""

from __future__ import annotations

import errno
import json
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosedError,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
    ProxyError,
)
from websockets.frames import Close
from websockets.http11 import Response

from app.connection.failures import FailureKind, ServiceFailure, advice_on
from app.connection.proxies import Proxy, ProxySettingError
from app.connection.refusals import OPENING_ERRORS, from_close, from_closed, from_error, from_exception, from_status
from app.connection.services import Extras, Service, azure, compatible, embedded, openai
from app.protocol.benign import is_benign
from app.protocol.items import ErrorDetail

KEY = "k3y-0123456789abcdef"
AZURE = azure("res.openai.azure.com", KEY, "voice")
OPENAI = openai(KEY, model="m-1")
SERVER = compatible("ws://h:1/v1/realtime", KEY, extras=Extras(allow_plain="h"))
KEYLESS = compatible("ws://h:1/v1/realtime")
EMBEDDED = embedded("ws://127.0.0.1:1/v1/realtime", KEY)
ALL = [AZURE, OPENAI, SERVER, KEYLESS, EMBEDDED]

K = FailureKind


def sentences(failure: ServiceFailure) -> str:
    text = str(failure)
    assert "\n" not in text
    assert text.endswith(".") or failure.remedy == ""
    return text


# ---------------------------------------------------------------- OpenAI: an error event, then a close

REQUEST = "invalid_request_error"
OPENAI_ROWS = [
    ("bad key", REQUEST, "invalid_api_key", 3000, K.KEY_REFUSED, True, "OPENAI_API_KEY"),
    ("no model", REQUEST, "missing_model", 4000, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
    ("unknown model", REQUEST, "invalid_model", 4000, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
    ("retired model", REQUEST, "model_not_found", 4004, K.MODEL_UNKNOWN, True, "REALTIME_MODEL"),
    ("beta header", REQUEST, "beta_api_shape_disabled", 4000, K.REFUSED, True, "GA dialect"),
    ("no credit", "insufficient_quota", "insufficient_quota", 1013, K.QUOTA, True, "billing"),
    ("no credit, new code", "insufficient_quota", "credit_balance_exhausted", 1013, K.QUOTA, True, "billing"),
    ("no credit, next code", "insufficient_quota", "not_invented_yet", 1013, K.QUOTA, True, "billing"),
    ("account closed", REQUEST, "account_deactivated", 3000, K.PERMISSION, True, "OPENAI_API_KEY"),
    ("billing limit", REQUEST, "billing_hard_limit_reached", 1013, K.QUOTA, True, "billing"),
    ("hour over", REQUEST, "session_expired", 1001, K.EXPIRED, False, "Connect again"),
    ("too fast", "tokens", "rate_limit_exceeded", 1013, K.RATE_LIMITED, False, "minute"),
]
rows = pytest.mark.parametrize(("kind_word", "code", "close", "kind", "fatal", "remedy"), [r[1:] for r in OPENAI_ROWS],
                               ids=[r[0] for r in OPENAI_ROWS])  # fmt: skip


@rows
def test_error_event_before_the_session(kind_word, code, close, kind, fatal, remedy):
    failure = from_error(ErrorDetail(type=kind_word, code=code, message="So it is."), OPENAI)
    assert (failure.kind, failure.fatal, failure.words) == (kind, fatal, "So it is.")
    assert remedy in sentences(failure)


@rows
def test_close_after_its_error_event(kind_word, code, close, kind, fatal, remedy):
    last = ErrorDetail(type=kind_word, code=code, message="So it is.")
    failure = from_close(close, "", last, OPENAI, opened=True)
    assert (failure.kind, failure.fatal, failure.words) == (kind, fatal, "So it is.")
    assert f"close code {close}" in sentences(failure)


@rows
def test_close_whose_error_event_was_swallowed(kind_word, code, close, kind, fatal, remedy):
    failure = from_close(close, f"{kind_word}.{code}", None, OPENAI, opened=True)
    assert (failure.kind, failure.fatal) == (kind, fatal)
    assert failure.words == f"{kind_word}.{code}"
    assert remedy in sentences(failure)


@pytest.mark.parametrize(
    ("code", "reason", "opened", "kind", "fatal"),
    [
        (1000, "", True, K.LOST, False),
        (1000, "", False, K.LOST, False),
        (1001, "", True, K.LOST, False),
        (1001, "Your session hit the maximum duration of 60 minutes.", True, K.EXPIRED, False),
        (1002, "", True, K.PROTOCOL, False),
        (1003, "", True, K.PROTOCOL, False),
        (1005, "", True, K.LOST, False),
        (1006, "", True, K.LOST, False),
        (1007, "", True, K.PROTOCOL, False),
        (1008, "", False, K.KEY_REFUSED, True),
        (1008, "", True, K.REFUSED, True),
        (1009, "", True, K.PROTOCOL, False),
        (1011, "keepalive ping timeout", True, K.LOST, False),
        (1012, "", True, K.OVERLOADED, False),
        (1013, "", True, K.OVERLOADED, False),
        (1014, "", True, K.OVERLOADED, False),
        (3000, "", False, K.KEY_REFUSED, True),
        (3003, "", False, K.PERMISSION, True),
        (3500, "", True, K.REFUSED, True),
        (4000, "", False, K.REFUSED, True),
        (4004, "", False, K.MODEL_UNKNOWN, True),
        (4999, "", True, K.REFUSED, True),
        (1099, "", True, K.LOST, False),
    ],
)
def test_bare_close_codes(code: int, reason: str, opened: bool, kind: FailureKind, fatal: bool):
    failure = from_close(code, reason, None, SERVER, opened=opened)
    assert (failure.kind, failure.fatal, failure.words) == (kind, fatal, reason)
    assert f"close code {code}" in sentences(failure)


# Where a service gives no code that says anything, its words are read: (type, code, message) -> kind
WORDS_ROWS = [
    (
        "server_error",
        None,
        "Invalid model name passed in model=nope. Call `/v1/models` to view models.",
        K.MODEL_UNKNOWN,
    ),
    ("server_error", "500", "litellm.BadRequestError: invalid model name", K.MODEL_UNKNOWN),
    (None, None, "The model `gpt-x` does not exist or you do not have access to it.", K.MODEL_UNKNOWN),
    (None, None, "The model 'gpt-x' does not exist.", K.MODEL_UNKNOWN),
    (None, None, "Model whisper-large is not available", K.MODEL_UNKNOWN),
    (None, None, "model not found", K.MODEL_UNKNOWN),
    (None, None, "Unknown model: x", K.MODEL_UNKNOWN),
    (None, None, "The API deployment for this resource does not exist.", K.MODEL_UNKNOWN),
    (None, None, "No healthy deployments available for this model", K.MODEL_UNKNOWN),
    ("api_error", "404", "could not find model x", K.MODEL_UNKNOWN),
    ("server_error", None, "Incorrect API key provided: sk-…", K.KEY_REFUSED),
    ("server_error", "401", "Authentication Error, Invalid proxy server token passed.", K.KEY_REFUSED),
    (None, None, "API key not valid. Please pass a valid API key.", K.KEY_REFUSED),
    (None, None, "Not authenticated", K.KEY_REFUSED),
    (None, None, "You exceeded your current quota, please check your plan and billing details.", K.QUOTA),
    ("server_error", "400", "ExceededBudget: Budget has been exceeded! Current cost: 1, Max budget: 1", K.QUOTA),
    (None, None, "key not allowed to access model. This key can only access models=['a']", K.PERMISSION),
    (None, None, "Permission denied", K.PERMISSION),
    (None, None, "Rate limit reached for requests", K.RATE_LIMITED),
    (None, "429", "slow down", K.RATE_LIMITED),
    (None, None, "The engine is currently overloaded, please try again later", K.OVERLOADED),
    ("server_error", None, "boom", K.OVERLOADED),
    ("internal_server_error", None, "boom", K.OVERLOADED),
    (None, None, "Your session hit the maximum duration of 60 minutes.", K.EXPIRED),
    # The code says more than the words.
    ("server_error", "invalid_api_key", "Invalid model name", K.KEY_REFUSED),
    # About one of our events, and not about the connection.
    ("invalid_request_error", "invalid_value", "Unknown model 'x'.", K.REFUSED),
    ("invalid_request_error", "integer_above_max_value", "The rate limit is 5.", K.REFUSED),
    (None, None, "The microphone model is fine", K.REFUSED),
    (None, None, "", K.REFUSED),
]


@pytest.mark.parametrize(("kind_word", "code", "words", "kind"), WORDS_ROWS)
def test_the_words_say_what_the_code_does_not(kind_word, code, words, kind):
    error = ErrorDetail(type=kind_word, code=code, message=words)
    assert from_error(error, SERVER).kind is kind
    assert words.rstrip(".") in sentences(from_error(error, SERVER)) or "…" in words


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, b'{"error":{"message":"Invalid model name passed in model=nope","type":"None","code":"400"}}',
         K.MODEL_UNKNOWN, "Invalid model name passed in model=nope"),
        (500, b'{"error":{"type":"server_error","message":"Invalid model name passed in model=nope"}}',
         K.MODEL_UNKNOWN, "Invalid model name passed in model=nope"),
        (404, b'{"detail":"The model `x` does not exist"}', K.MODEL_UNKNOWN, "The model `x` does not exist"),
        (403, b'{"error":"Invalid API key"}', K.KEY_REFUSED, "Invalid API key"),
        (422, b'{"detail":[{"loc":["query","model"],"msg":"Field required"}]}', K.REFUSED, "Field required"),
        (401, b'{"message":"Unauthorized"}', K.KEY_REFUSED, "Unauthorized"),
        (500, b'{"error":{"error":{"message":"deep","code":"model_not_found"}}}', K.MODEL_UNKNOWN, "deep"),
        (400, b'{"error":"words","code":"insufficient_quota"}', K.QUOTA, "words"),
        (500, b'{"errors":[{"message":"a"},{"message":"b"}]}', K.OVERLOADED, "a; b"),
        (400, b'{"error":{"code":' + b"1" * 5_000 + b',"message":"M"}}', K.REFUSED, "M"),
        (429, b"You exceeded your current quota", K.QUOTA, "You exceeded your current quota"),
    ],
)  # fmt: skip
def test_the_words_of_an_http_refusal(status: int, body: bytes, kind: FailureKind, words: str):
    failure = from_status(status, body, SERVER)
    assert (failure.kind, failure.words) == (kind, words)


def test_the_reason_decides_when_the_error_before_it_does_not():
    strange = ErrorDetail(type="strange", code="new", message="Told in other words.")
    failure = from_close(1001, "maximum duration of 60 minutes", strange, OPENAI, opened=True)
    assert (failure.kind, failure.words) == (K.EXPIRED, "Told in other words.")
    assert from_close(4000, "x", strange, OPENAI, opened=False).words == "Told in other words."


def closed(rcvd: Close | None, sent: Close | None, rcvd_first: bool | None) -> ConnectionClosedError:
    return ConnectionClosedError(rcvd, sent, rcvd_first)


@pytest.mark.parametrize(
    ("error", "kind", "signal"),
    [
        (closed(None, None, None), K.LOST, "close code 1006"),
        (closed(None, Close(1011, "keepalive ping timeout"), None), K.LOST, "close code 1011"),
        (closed(None, Close(1002, "reserved bits"), None), K.PROTOCOL, "close code 1002"),
        (closed(Close(1002, ""), Close(1007, "no UTF-8"), False), K.PROTOCOL, "close code 1007"),
        (closed(Close(4004, ""), Close(4004, ""), True), K.MODEL_UNKNOWN, "close code 4004"),
    ],
)
def test_the_first_of_two_closes_counts(error: ConnectionClosedError, kind: FailureKind, signal: str):
    failure = from_closed(error, None, OPENAI, opened=True)
    assert (failure.kind, failure.signal) == (kind, signal)


def test_a_broken_line_tells_the_systems_reason():
    error = closed(None, None, None)
    error.__cause__ = OSError(errno.ETIMEDOUT, "No route")
    assert from_closed(error, None, OPENAI, opened=True).words == "No route"


# ---------------------------------------------------------------- Azure and proxies: an HTTP status


def azure_body(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("service", "status", "body", "kind", "words", "remedy"),
    [
        (AZURE, 400, azure_body("OpperationNotSupported", "Not with voice."), K.MODEL_UNKNOWN, "Not with voice.",
         "AZURE_OPENAI_DEPLOYMENT"),
        (AZURE, 400, azure_body("OperationNotSupported", "No."), K.MODEL_UNKNOWN, "No.", "AZURE_OPENAI_DEPLOYMENT"),
        (AZURE, 401, azure_body("401", "Access denied."), K.KEY_REFUSED, "Access denied.", "AZURE_OPENAI_API_KEY"),
        (AZURE, 401, azure_body("PermissionDenied", "No role."), K.PERMISSION, "No role.", "OpenAI User"),
        (AZURE, 404, azure_body("DeploymentNotFound", "Gone."), K.MODEL_UNKNOWN, "Gone.", "AZURE_OPENAI_DEPLOYMENT"),
        (AZURE, 404, azure_body("404", "Resource not found"), K.MODEL_UNKNOWN, "Resource not found",
         "AZURE_OPENAI_ENDPOINT"),
        (AZURE, 429, azure_body("429", "Slow down."), K.RATE_LIMITED, "Slow down.", "AZURE_OPENAI_DEPLOYMENT"),
        (AZURE, 401, b'{"statusCode":401,"message":"Missing subscription key"}', K.KEY_REFUSED,
         "Missing subscription key", "AZURE_OPENAI_API_KEY"),
        (OPENAI, 401, b"", K.KEY_REFUSED, "Unauthorized", "OPENAI_API_KEY"),
        (OPENAI, 403, b"<!DOCTYPE html><html><head><title>Blocked &amp; logged</title></head>", K.PERMISSION,
         "Blocked & logged", "OPENAI_API_KEY"),
        (OPENAI, 429, b'{"error":{"type":"insufficient_quota","code":"credit_balance_exhausted","message":"Empty."}}',
         K.QUOTA, "Empty.", "billing"),
        (OPENAI, 429, b"slow down", K.RATE_LIMITED, "slow down", "minute"),
        (OPENAI, 502, b"<html><body>nothing</body></html>", K.OVERLOADED, "Bad Gateway", "minute"),
        (OPENAI, 500, b'{"error":"boom"}', K.OVERLOADED, "boom", "minute"),
        (OPENAI, 599, b"", K.OVERLOADED, "", "minute"),
        (SERVER, 402, b'{"detail":"pay"}', K.QUOTA, "pay", "account"),
        (SERVER, 404, b'{"detail":"Not Found"}', K.REFUSED, "Not Found", "REALTIME_SERVICE"),
        (SERVER, 408, b"", K.TIMEOUT, "Request Timeout", "REALTIME_SERVICE"),
        (SERVER, 400, b"[1, 2]", K.REFUSED, "Bad Request", "REALTIME_MODEL"),
        (SERVER, 200, b"hello", K.PROTOCOL, "hello", "REALTIME_SERVICE"),
        (SERVER, 426, b"", K.PROTOCOL, "Upgrade Required", "REALTIME_SERVICE"),
        (SERVER, 302, b"", K.REFUSED, "", "REALTIME_SERVICE"),
        (KEYLESS, 401, b"", K.KEY_REFUSED, "Unauthorized", "Set REALTIME_API_KEY"),
        (EMBEDDED, 401, b"", K.KEY_REFUSED, "Unauthorized", "Start the program again"),
        (SERVER, 401, b"\xff\xfe\x00" + b"[" * 100_000, K.KEY_REFUSED, None, "REALTIME_API_KEY"),
    ],
)  # fmt: skip
def test_http_refusals(service: Service, status: int, body: bytes, kind: FailureKind, words: str | None, remedy: str):
    failure = from_exception(InvalidStatus(Response(status, "", Headers(), body)), service)
    assert failure.kind is kind
    if words is not None:
        assert failure.words == words
    assert len(failure.words) <= 300
    text = sentences(failure)
    assert f"HTTP {status}" in text
    assert remedy in text
    not_fatal = (K.RATE_LIMITED, K.OVERLOADED, K.TIMEOUT)
    assert failure.fatal is (kind not in not_fatal)


# ---------------------------------------------------------------- no answer at all


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


def plain_port() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "kind", "fatal", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), K.UNREACHABLE, False, "AZURE_OPENAI_ENDPOINT"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), K.UNREACHABLE, False, "nothing listens"),
        (OSError(f"Multiple exceptions: [Errno {errno.ECONNREFUSED}] a, [Errno {errno.ECONNREFUSED}] b"),
         K.UNREACHABLE, False, "nothing listens"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), K.UNREACHABLE, False, "Network is unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), K.UNREACHABLE, False, "reset by peer"),
        (untrusted(), K.TLS, True, "SSL_CERT_FILE"),
        (plain_port(), K.TLS, True, "wrong version number"),
        (ssl.SSLEOFError(8, "EOF occurred"), K.UNREACHABLE, False, "without an answer"),
        (TimeoutError("timed out"), K.TIMEOUT, False, "HTTPS_PROXY"),
        (caused(InvalidMessage("did not receive a valid HTTP response"), EOFError()), K.UNREACHABLE, False,
         "without an answer"),
        (caused(InvalidMessage("did not receive a valid HTTP response"), ValueError()), K.PROTOCOL, True,
         "valid HTTP response"),
        (InvalidUpgrade("Upgrade", "h2c"), K.PROTOCOL, True, "Upgrade"),
        (InvalidURI("wss://u:secret@h", "no"), K.REFUSED, True, "no"),
        (ProxySettingError("HTTP_PROXY", "its host or port cannot be one"), K.UNREACHABLE, True, "HTTP_PROXY is no"),
        (UnicodeError("label empty or too long"), K.UNREACHABLE, True, "cannot be looked up"),
    ],
)  # fmt: skip
def test_no_session_at_all(error: Exception, kind: FailureKind, fatal: bool, said: str):
    assert isinstance(error, OPENING_ERRORS)
    failure = from_exception(error, AZURE)
    assert (failure.kind, failure.fatal) == (kind, fatal)
    assert said in sentences(failure)
    assert "secret" not in str(failure)


@pytest.mark.parametrize(
    ("error", "kind", "fatal", "said"),
    [
        (InvalidProxyStatus(Response(407, "", Headers(), b"")), K.UNREACHABLE, True, "http://user:password@host:port"),
        (InvalidProxyStatus(Response(403, "", Headers(), b"")), K.UNREACHABLE, True, "HTTP 403"),
        (InvalidProxyStatus(Response(502, "", Headers(), b"")), K.UNREACHABLE, False, "HTTP 502"),
        (InvalidProxy("http://u:secret@h/path", "path is meaningless"), K.UNREACHABLE, True, "not understood"),
        (ProxyError("failed"), K.UNREACHABLE, False, "not understood"),
        (caused(ProxyError("failed"), RuntimeError("Not allowed for secret")), K.UNREACHABLE, False, "Not allowed for"),
        (caused(ProxyError("failed"), ValueError("0x63")), K.UNREACHABLE, False, "not understood"),
        (ImportError("python-socks is required"), K.UNREACHABLE, True, "python-socks"),
        (socket.gaierror(-2, "Name or service not known"), K.UNREACHABLE, False, "name of the host is not known"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "failed"), K.UNREACHABLE, False, "nothing listens"),
        (TimeoutError(), K.TIMEOUT, False, "nothing came in time"),
    ],
)
def test_a_proxy_that_fails_is_named_with_its_variable(error: Exception, kind: FailureKind, fatal: bool, said: str):
    failure = from_exception(error, AZURE, Proxy("http://me:secret@proxy.corp:3128", "all_proxy"))
    assert (failure.kind, failure.fatal) == (kind, fatal)
    assert said in sentences(failure)
    assert "cannot be reached through the proxy http://proxy.corp:3128 that all_proxy names" in str(failure)
    assert "secret" not in str(failure)


def test_the_certificate_of_the_service_is_its_own_matter_behind_a_proxy_too():
    failure = from_exception(untrusted(), AZURE, Proxy("http://proxy.corp:3128", "HTTPS_PROXY"))
    assert failure.kind is K.TLS
    behind = from_exception(untrusted(), AZURE, Proxy("https://proxy.corp:3128", "HTTPS_PROXY"))
    assert "HTTPS_PROXY" in str(behind)


# ---------------------------------------------------------------- what is never shown, what never matters


@pytest.mark.parametrize("service", [AZURE, OPENAI, SERVER, EMBEDDED], ids=lambda service: service.family.name)
@pytest.mark.parametrize("secret", [KEY, "sk-proj-abcdefgh", "ek_abcdefghij"])
def test_an_echoed_key_is_not_repeated(service: Service, secret: str):
    failure = from_status(401, f"Incorrect API key provided: {secret}, sorry".encode(), service)
    assert failure.words == "Incorrect API key provided: …, sorry"


@given(st.binary(max_size=400), st.integers(100, 599), st.sampled_from(ALL))
def test_any_body_gives_harmless_sentences(body: bytes, status: int, service: Service):
    text = sentences(from_status(status, body, service))
    assert all(char.isprintable() or char.isspace() for char in text if ord(char) < 0xA0)


@given(st.text(max_size=400), st.integers(1000, 4999), st.booleans(), st.sampled_from(ALL))
def test_any_close_gives_harmless_sentences(reason: str, code: int, opened: bool, service: Service):
    failure = from_close(code, reason, None, service, opened=opened)
    assert "\x1b" not in sentences(failure)
    assert failure.remedy


@pytest.mark.parametrize(
    ("error", "benign"),
    [
        (ErrorDetail(code="response_cancel_not_active"), True),
        (ErrorDetail(code="conversation_already_has_active_response"), True),
        (ErrorDetail(code="input_audio_buffer_commit_empty"), True),
        (ErrorDetail(code="item_create_duplicate_item_id"), True),
        (ErrorDetail(code="invalid_value", message="Audio content of 900ms is already shorter than 1200ms"), True),
        (ErrorDetail(code=None, message="Only model output audio messages can be truncated"), True),
        (
            ErrorDetail(code="unsupported_content_type", message="Only model output audio messages can be truncated"),
            True,
        ),
        (
            ErrorDetail(code="unknown_parameter", param="session.truncation", message="Unknown: session.truncation"),
            False,
        ),
        (ErrorDetail(code="invalid_api_key"), False),
        (ErrorDetail(code="session_expired"), False),
        (ErrorDetail(code="cannot_update_voice"), False),
        (ErrorDetail(), False),
    ],
)
def test_benign(error: ErrorDetail, benign: bool):
    assert is_benign(error) is benign


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            ErrorDetail(code="model_not_found", message="Model whisper-large is not available"),
            "That means: a model that was asked for is not there. Check OPENAI_MODEL and REALTIME_TRANSCRIPTION_MODEL.",
        ),
        (ErrorDetail(type="rate_limit_error"), "rate limit"),
        (ErrorDetail(code="invalid_api_key"), "OPENAI_API_KEY"),
        (ErrorDetail(code="insufficient_quota"), "no credit or quota is left"),
        (ErrorDetail(code="input_audio_buffer_commit_empty", message="nothing"), ""),
        (ErrorDetail(code="session_expired"), ""),
        (ErrorDetail(message="So it is."), ""),
    ],
)
def test_what_an_error_in_mid_session_means_is_told_beside_its_words(error, advice):
    told = advice_on(error, OPENAI)
    assert (advice.replace("OPENAI_MODEL", OPENAI.variables.model) in told) if advice else told == ""
