"""What of the settings no message, log or report may show."""

from __future__ import annotations

from collections.abc import Mapping

from app.redaction import Redaction, secrets_in_address, secrets_of
from app.settings.declaration import SETTINGS, Settings


def redaction_of(settings: Settings | None, environ: Mapping[str, str]) -> Redaction:
    """Takes out every secret of the settings (None: they cannot be read) and of the environment."""
    found = list(secrets_of(environ))
    for name, setting in SETTINGS.items():
        value = getattr(settings, name, None)
        if isinstance(value, str) and value:
            found += [value] if setting.about.is_secret else secrets_in_address(value)
    return Redaction(found)
