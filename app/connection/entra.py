"""Signing in with Entra ID: the token that lets one into Azure in place of a key.

`azure-identity` knows the many ways in which a machine can be signed in (the Azure CLI, an environment, a managed
identity); it is the extra `azure`, and loaded when it is first needed. Scopes: protocol reference, section 1.3.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from app.connection.failure_kind import FailureKind
from app.connection.failures import ServiceFailure, failure
from app.connection.services import Service

DEFAULT_SCOPE: Final = "https://ai.azure.com/.default"
SECOND_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
"""Which one a tenant accepts is not the same everywhere; the second is asked for where the first is refused."""

_TIMEOUT_S: Final = 30.0
"""Asking a command-line program for a token takes seconds, and a managed identity that is not there as many."""

_INSTALL: Final = "Install it with: pip install 'gpt-realtime-tui[azure]'; or set {key}."
_SIGN_IN: Final = "Sign in with `az login`, or set {key}."


class AccessToken(Protocol):
    """As the library gives it."""

    @property
    def token(self) -> str:
        """What the header holds."""


class Credential(Protocol):
    """As the library has it; it keeps tokens until shortly before their end."""

    def get_token(self, *scopes: str) -> AccessToken:
        """Blocks. Raises the library's own errors."""


def scopes_of(setting: str) -> tuple[str, ...]:
    """The scopes to ask for: the one that is set, or the usual ones."""
    return (setting.strip(),) if setting.strip() else (DEFAULT_SCOPE, SECOND_SCOPE)


class EntraSignIn:
    """Gives a service the token it wants, anew for each connection: tokens last about an hour."""

    def __init__(self, make_credential: Callable[[], Credential] | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        self._make = make_credential or _default_credential
        self._timeout_s = timeout_s
        self._credential: Credential | None = None

    async def signed_in(self, service: Service) -> Service:
        """The service with a token to show; as it is where it wants none. Raises ServiceFailure."""
        if not service.sign_in_scopes:
            return service
        try:
            async with asyncio.timeout(self._timeout_s):
                token = await _on_a_thread(lambda: self._token(service.sign_in_scopes))
        except TimeoutError:
            words = f"no token came within {self._timeout_s:g} s"
            raise _not_signed_in(service, FailureKind.TIMEOUT, words, _SIGN_IN) from None
        except ImportError as error:
            words = "the package azure-identity is not installed or cannot be loaded"
            raise _not_signed_in(service, FailureKind.KEY_REFUSED, words, _INSTALL) from error
        except Exception as error:  # the library's own, of which there are many
            raise _not_signed_in(service, FailureKind.KEY_REFUSED, _words_of(error), _SIGN_IN) from None
        return service.signed_in(token)

    def _token(self, scopes: tuple[str, ...]) -> str:
        """Thread: a token for the first scope for which there is one."""
        if self._credential is None:
            self._credential = self._make()
        *others, last = scopes
        for scope in others:
            try:
                return self._credential.get_token(scope).token
            except Exception:  # the last one says why
                continue
        return self._credential.get_token(last).token


def _default_credential() -> Credential:
    from azure.identity import DefaultAzureCredential

    logging.getLogger("azure").setLevel(logging.CRITICAL)  # it would write its story into the screen
    credential: Credential = DefaultAzureCredential(exclude_interactive_browser_credential=True)
    return credential


async def _on_a_thread(work: Callable[[], str]) -> str:
    """What it gives, from a thread that nobody waits for at the end: a program that is asked cannot be told to stop."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()

    def tell(give: Callable[[], None]) -> None:
        def if_wanted() -> None:
            if not result.done():
                give()

        try:
            loop.call_soon_threadsafe(if_wanted)
        except RuntimeError:  # the loop has been closed: nobody wants it any more
            return

    def run() -> None:
        try:
            token = work()
        except Exception as error:  # for whoever waits
            failed = error
            tell(lambda: result.set_exception(failed))
        else:
            tell(lambda: result.set_result(token))

    threading.Thread(target=run, name="Entra ID", daemon=True).start()
    return await result


def _words_of(error: Exception) -> str:
    """The first sentence of the library's story, which goes through all the ways it tried."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if "AADSTS" in line), lines[0] if lines else type(error).__name__)
    return told.rstrip(".")


def _not_signed_in(service: Service, kind: FailureKind, words: str, remedy: str) -> ServiceFailure:
    return failure(
        kind,
        service,
        happened="Signing in with Entra ID failed",
        words=words,
        remedy=remedy.format(key=service.variables.key),
        fatal=True,
    )
