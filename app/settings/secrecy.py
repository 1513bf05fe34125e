"""What of the settings no message, log or report may show."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from app.redaction import Redaction, secret_in_header, secrets_in_address, secrets_of
from app.settings.declaration import SETTINGS, Settings
from app.settings.headers import HeadersError, read_headers


def redaction_of(settings: Settings | None, environ: Mapping[str, str]) -> Redaction:
    """Takes out every secret of the settings (None: they cannot be read) and of the environment."""
    found = list(secrets_of(environ))
    for name, setting in SETTINGS.items():
        value = getattr(settings, name, None)
        if isinstance(value, str) and value:
            found += [value] if setting.about.is_secret else secrets_in_address(value)
    with contextlib.suppress(HeadersError):
        found += [secret_in_header(*each) for each in read_headers(settings.headers if settings else "")]
    return Redaction(found)
