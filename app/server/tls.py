"""The service's certificate: clients that insist on `wss` can use it, and a token crosses no network in the clear."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

from app.protocol.text import one_line


def server_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """For a certificate (PEM, with its chain) and its key, which may stand in the same file.

    Raises ValueError, with a sentence for the user, where they cannot be used.
    """
    for what, path in (("certificate", certificate), ("key", key)):
        if path is None:
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            raise ValueError(f"The {what} {one_line(str(path))} cannot be read: {error.strerror or error}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        if reason == "KEY_VALUES_MISMATCH":
            raise ValueError(
                "The key does not belong to the certificate. Give the pair that was made together."
            ) from error
        raise ValueError(
            f"Certificate and key cannot be used ({one_line(str(reason), 80)}). Both must be PEM files, the key "
            "without a password."
        ) from error
    return context


def is_key_open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read the key. Windows keeps that elsewhere: False."""
    return sys.platform != "win32" and bool(path.stat().st_mode & 0o077)


def _no_password() -> str:
    raise ValueError("the key has a password")  # else OpenSSL would ask for it on the terminal
