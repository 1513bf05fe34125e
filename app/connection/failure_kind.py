"""What a refusal or a loss means to the user, whatever the evidence was."""

from __future__ import annotations

from enum import StrEnum


class FailureKind(StrEnum):
    """What a failure means to the user."""

    KEY_REFUSED = "key_refused"
    MODEL_UNKNOWN = "model_unknown"
    QUOTA = "quota"
    PERMISSION = "permission"
    RATE_LIMITED = "rate_limited"
    EXPIRED = "expired"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    LOST = "lost"
    OVERLOADED = "overloaded"
    REFUSED = "refused"
