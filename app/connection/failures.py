"""Every refusal and loss as one type of error, which says what happened, why, and what to do.

The evidence (an HTTP status, an error event, a close, an exception) is read in `refusals`. Which words of a service
mean what: protocol reference, section 1.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from app.connection.failure_kind import FailureKind as FailureKind
from app.connection.retry_after import wait_told_in
from app.connection.services import Service
from app.protocol.benign import is_benign
from app.protocol.items import ErrorDetail
from app.protocol.text import one_line, sanitise_text

_FATAL: Final = frozenset(
    {
        FailureKind.KEY_REFUSED,
        FailureKind.MODEL_UNKNOWN,
        FailureKind.QUOTA,
        FailureKind.PERMISSION,
        FailureKind.TLS,
        FailureKind.PROTOCOL,
        FailureKind.REFUSED,
    }
)
"""Trying again without changing something gives the same answer."""


class ServiceFailure(Exception):  # noqa: N818  # it is the failure of a service, and not only an error
    """A service refused, or the line to it failed. `str()` is one or two sentences for the user.

    `words` are the service's own, harmless and on one line, without secrets; often empty. `signal` is the bare
    evidence ("HTTP 401", "close code 3000"). `fatal` means: do not try again before something is changed.
    `retry_after_s`: so long the service wants to be left alone; None where it does not say.
    """

    def __init__(
        self,
        kind: FailureKind,
        happened: str,
        *,
        words: str = "",
        signal: str = "",
        remedy: str = "",
        fatal: bool | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.happened = happened
        self.words = one_line(words)
        self.signal = one_line(signal)
        self.remedy = remedy
        self.fatal = kind in _FATAL if fatal is None else fatal
        super().__init__(self._sentences())

    def _sentences(self) -> str:
        first = self.happened
        if self.signal:
            first += f" ({self.signal})"
        if self.words:
            first += f": {self.words}"
        if not first.endswith((".", "!", "?", "…")):
            first += "."
        return f"{first} {self.remedy}".rstrip()


def failure(
    kind: FailureKind,
    service: Service,
    *,
    words: str = "",
    signal: str = "",
    happened: str | None = None,
    remedy: str | None = None,
    fatal: bool | None = None,
    retry_after_s: float | None = None,
) -> ServiceFailure:
    """A failure of this service, with the usual sentence and remedy of its kind unless others are given.

    The service's secrets are in none of its words, nor what looks like a key.
    """
    redacted = service.redaction.message
    return ServiceFailure(
        kind,
        redacted(happened or _happened(kind, service)),
        words=redacted(sanitise_text(words)),
        signal=redacted(sanitise_text(signal)),
        remedy=_remedy(kind, service) if remedy is None else remedy,
        fatal=fatal,
        retry_after_s=wait_told_in(words) if retry_after_s is None else retry_after_s,
    )


# ---------------------------------------------------------------- what the words of services mean

_CODES: Final[Mapping[str, FailureKind]] = {
    "invalidapikey": FailureKind.KEY_REFUSED,
    "missingmodel": FailureKind.MODEL_UNKNOWN,
    "invalidmodel": FailureKind.MODEL_UNKNOWN,
    "modelnotfound": FailureKind.MODEL_UNKNOWN,
    "deploymentnotfound": FailureKind.MODEL_UNKNOWN,
    "opperationnotsupported": FailureKind.MODEL_UNKNOWN,  # sic: so Azure writes it
    "operationnotsupported": FailureKind.MODEL_UNKNOWN,
    "insufficientquota": FailureKind.QUOTA,
    "creditbalanceexhausted": FailureKind.QUOTA,
    "billinghardlimitreached": FailureKind.QUOTA,
    "permissiondenied": FailureKind.PERMISSION,
    "accountdeactivated": FailureKind.PERMISSION,
    "ratelimitexceeded": FailureKind.RATE_LIMITED,
    "sessionexpired": FailureKind.EXPIRED,
    "betaapishapedisabled": FailureKind.REFUSED,
    "modelloaderror": FailureKind.OVERLOADED,  # LocalAI on its slow first start
    "incorrectapikey": FailureKind.KEY_REFUSED,
    "unauthorized": FailureKind.KEY_REFUSED,
    "unauthenticated": FailureKind.KEY_REFUSED,
    "modelnotavailable": FailureKind.MODEL_UNKNOWN,
    "unknownmodel": FailureKind.MODEL_UNKNOWN,
    "invaliddeployment": FailureKind.MODEL_UNKNOWN,
    "unsupportedcountryregionterritory": FailureKind.PERMISSION,
    "budgetexceeded": FailureKind.QUOTA,
    "quotaexceeded": FailureKind.QUOTA,
    "accessdenied": FailureKind.PERMISSION,
    "forbidden": FailureKind.PERMISSION,
    "toomanyrequests": FailureKind.RATE_LIMITED,
    "serviceunavailable": FailureKind.OVERLOADED,
    "overloaded": FailureKind.OVERLOADED,
    # Types rather than codes:
    "authenticationerror": FailureKind.KEY_REFUSED,
    "autherror": FailureKind.KEY_REFUSED,
    "permissionerror": FailureKind.PERMISSION,
    "permissiondeniederror": FailureKind.PERMISSION,
    "ratelimiterror": FailureKind.RATE_LIMITED,
    "overloadederror": FailureKind.OVERLOADED,
}

_VAGUE_CODES: Final[Mapping[str, FailureKind]] = {
    "servererror": FailureKind.OVERLOADED,
    "internalerror": FailureKind.OVERLOADED,
    "internalservererror": FailureKind.OVERLOADED,
    "serviceunavailableerror": FailureKind.OVERLOADED,
    "401": FailureKind.KEY_REFUSED,
    "402": FailureKind.QUOTA,
    "403": FailureKind.PERMISSION,
    "429": FailureKind.RATE_LIMITED,
    "500": FailureKind.OVERLOADED,
    "502": FailureKind.OVERLOADED,
    "503": FailureKind.OVERLOADED,
    "504": FailureKind.OVERLOADED,
    "529": FailureKind.OVERLOADED,
}
"""Gateways give these to whatever failed behind them: the words, where they are known, say more."""

_NAMED: Final = r"(?: [`'\"]?[\w./:@-]+[`'\"]?)?"  # a model's name, quoted or not
_WORDS: Final[tuple[tuple[FailureKind, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (FailureKind.EXPIRED, r"\bmaximum duration\b|\bsession (?:has )?expired\b"),
        (
            FailureKind.QUOTA,
            r"\bexceeded your current quota\b|\binsufficient (?:quota|credits?|balance|funds)\b|\bout of credits?\b"
            r"|\b(?:budget|quota|spend(?:ing)? limit) (?:has been |was |is )?exceeded\b|\bcredit balance is too low\b",
        ),
        (
            FailureKind.MODEL_UNKNOWN,
            r"\b(?:invalid|unknown|unsupported) (?:model|deployment)\b|\bno such (?:model|deployment)\b"
            r"|\bthere (?:is|are) no healthy deployments?\b|\bno (?:healthy )?deployments? available\b"
            rf"|\b(?:model|deployment)(?: name)?{_NAMED} (?:(?:is|was|could|does|has|can) )?"
            r"(?:not (?:available|found|exist|supported|a realtime model|be found|been found|known|loaded|deployed)"
            r"|unavailable|unknown|invalid|cannot be found)\b"
            r"|\b(?:model|deployment) for this resource does not exist\b"
            r"|\bcould not find (?:the )?(?:model|deployment)\b",
        ),
        (
            FailureKind.PERMISSION,
            r"\bnot allowed to (?:access|use)\b|\bpermission denied\b|\baccess denied\b|\bnot authori[sz]ed to\b"
            r"|\bdo(?:es)? not have (?:access|permission)\b|\blacks? (?:the )?(?:required )?permission",
        ),
        (
            FailureKind.KEY_REFUSED,
            r"\b(?:incorrect|invalid|wrong|missing|expired|no) (?:api|access|authentication|auth|subscription)"
            r"[ _-]?(?:key|token)\b"
            r"|\bapi[ _-]?key (?:is |was )?(?:not valid|invalid|incorrect|missing|expired|required)"
            r"|\b(?:authentication|authorization) (?:failed|error|required)\b|\bnot authenticated\b"
            r"|\binvalid proxy server token\b|\binvalid (?:bearer )?token\b|\bunauthori[sz]ed\b",
        ),
        (FailureKind.RATE_LIMITED, r"\brate[ -]?limit|\btoo many requests\b"),
        (FailureKind.OVERLOADED, r"\boverloaded\b|\bat capacity\b|\btemporarily unavailable\b|\btry again later\b"),
    )
)
"""What the words mean that services use where they give no code. Of several, the first of the table."""

_REQUEST_CODES: Final = re.compile(
    r"invalid_?(?:value|type)|unknown_?parameter|missing_?required_?parameter|_value$", re.I
)
"""About one of our events, and so not about the connection, whatever the words are."""


def meaning(*words: str | None) -> FailureKind | None:
    """What the first known one of these codes and types means, however they are spelt; None where none is known.

    Give the code before the type: services rename codes and keep types, and the code says more.
    """
    for word in words:
        if word and (kind := _CODES.get(word.replace("_", "").lower())):
            return kind
    return None


def meaning_of_words(words: str) -> FailureKind | None:
    """What a sentence of a service means; None where it is none of the well-known ones."""
    return next((kind for kind, pattern in _WORDS if pattern.search(words[:_READ_CHARS])), None)


_READ_CHARS: Final = 2_000


def meaning_of_error(error: ErrorDetail) -> FailureKind | None:
    """What an error event means for the connection; None when it says nothing about it.

    The code says most; then words, since gateways give one type to whatever failed behind them; then that type.
    """
    code, kind = error.code or "", error.type or ""
    words = error.message or ""
    if "maximum duration" in words.lower():
        return FailureKind.EXPIRED
    if (known := meaning(code, kind)) is not None:
        return known
    if not error.param and not _REQUEST_CODES.search(code) and (told := meaning_of_words(words)) is not None:
        return told
    return vague_meaning(code, kind)


def vague_meaning(*words: str | None) -> FailureKind | None:
    """What codes and types mean that are given to nearly everything; to be asked when nothing else is known."""
    return next((kind for word in words if word and (kind := _VAGUE_CODES.get(word.replace("_", "").lower()))), None)


def advice_on(error: ErrorDetail, service: Service, what: str = "That means") -> str:
    """What an error in the middle of a session means, and what to do, where its code or words tell; else empty.

    `what` is the beginning of the sentence. The session may go on, so this is no failure. For beside the service's own
    words, which often leave that out.
    """
    kind = None if is_benign(error) else meaning_of_error(error)
    meant = _MEANT.get(kind) if kind is not None else None
    if kind is None or meant is None:
        return ""
    remedy = _REMEDIES_IN_SESSION.get(kind) or _remedy(kind, service)
    return f"{what}: {meant}. " + remedy.replace("{model}", service.variables.model)


_MEANT: Final[Mapping[FailureKind, str]] = {
    FailureKind.KEY_REFUSED: "the key is refused",
    FailureKind.MODEL_UNKNOWN: "a model that was asked for is not there",
    FailureKind.QUOTA: "no credit or quota is left",
    FailureKind.PERMISSION: "access is denied",
    FailureKind.RATE_LIMITED: "more was asked for than the rate limit allows",
    FailureKind.OVERLOADED: "the service cannot serve at the moment",
}
_REMEDIES_IN_SESSION: Final[Mapping[FailureKind, str]] = {
    FailureKind.MODEL_UNKNOWN: "Check {model} and REALTIME_TRANSCRIPTION_MODEL.",
    FailureKind.RATE_LIMITED: "Wait a minute, then go on.",
    FailureKind.OVERLOADED: "Try again in a minute.",
}


# ---------------------------------------------------------------- sentences


def _happened(kind: FailureKind, service: Service) -> str:
    label, model = (
        service.label,
        f"named '{one_line(service.model, 60)}'" if service.model else "for a request without a name",
    )
    where = "" if service.host in label else f" at {service.host}"
    sentences: Mapping[FailureKind, str] = {
        FailureKind.KEY_REFUSED: f"{label} refused the key",
        FailureKind.MODEL_UNKNOWN: f"{label} has no realtime model {model}",
        FailureKind.QUOTA: f"{label} has no credit or quota left for this account",
        FailureKind.PERMISSION: f"{label} denied access",
        FailureKind.RATE_LIMITED: f"{label} was asked for more than its rate limit allows",
        FailureKind.EXPIRED: f"{label} ended the session at its longest duration",
        FailureKind.UNREACHABLE: f"{label} cannot be reached{where}",
        FailureKind.TLS: f"No trusted connection to {service.host} could be made",
        FailureKind.TIMEOUT: f"{label} did not answer in time",
        FailureKind.PROTOCOL: f"What answers at {service.address} does not speak the realtime protocol",
        FailureKind.LOST: f"The connection to {label} was lost",
        FailureKind.OVERLOADED: f"{label} cannot serve at the moment",
        FailureKind.REFUSED: f"{label} refused the conversation",
    }
    return sentences[kind]


def _remedy(kind: FailureKind, service: Service) -> str:
    family, names = service.family, service.variables
    if family.only_remedy:
        return family.only_remedy
    if (own := family.remedies.get(kind)) is not None:
        return own.format(address=names.address, key=names.key, model=names.model)
    remedies: Mapping[FailureKind, str] = {
        FailureKind.KEY_REFUSED: f"Check {names.key}." if service.headers else f"Set {names.key}.",
        FailureKind.MODEL_UNKNOWN: f"Set {names.model} to a realtime model that the service has.",
        FailureKind.QUOTA: "Look at your account with the service.",
        FailureKind.PERMISSION: f"Check what {names.key} may use.",
        FailureKind.RATE_LIMITED: "Wait a minute, then connect again.",
        FailureKind.EXPIRED: "Connect again to go on.",
        FailureKind.UNREACHABLE: f"Check the network and {names.address}.",
        FailureKind.TLS: f"If a proxy intercepts the traffic, set SSL_CERT_FILE to its certificate; "
        f"if not, check {names.address}.",
        FailureKind.TIMEOUT: f"Check the network, a proxy (HTTPS_PROXY) and {names.address}, then connect again.",
        FailureKind.PROTOCOL: f"Check {names.address}.",
        FailureKind.LOST: "Check the network, then connect again.",
        FailureKind.OVERLOADED: "Connect again in a minute.",
        FailureKind.REFUSED: f"Check {names.address} and {names.model}.",
    }
    return remedies[kind]
