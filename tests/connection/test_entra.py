"""A token of Entra ID in place of a key: had anew for each connection, off the loop, with a limit, never shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from app.connection.entra import DEFAULT_SCOPE, SECOND_SCOPE, EntraSignIn, scopes_of
from app.connection.failures import FailureKind, ServiceFailure
from app.connection.services import Extras, Service, azure, openai
from app.live.dialling import ServiceDialler
from tests.connection.loopback import CREATED, playing, run, says

TOKEN = "eyJ0-planted-0123456789"


def service(port: int = 1) -> Service:
    extras = Extras(sign_in_scopes=scopes_of(""))
    return azure(f"http://127.0.0.1:{port}", "", "voice", extras=extras)


class Token:
    def __init__(self, token: str) -> None:
        self.token = token


class Login:
    """A machine's sign-in: gives tokens for `scope`, refuses others."""

    def __init__(self, scope: str = DEFAULT_SCOPE, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.threads: set[str] = set()
        self._scope, self._error = scope, error

    def get_token(self, *scopes: str) -> Token:
        self.asked += scopes
        self.threads.add(threading.current_thread().name)
        if self._error is not None:
            raise self._error
        if scopes != (self._scope,):
            raise ValueError("AADSTS500011: the scope is not known")
        return Token(f"{TOKEN}-{len(self.asked)}")


def test_the_scopes():
    assert scopes_of("") == (DEFAULT_SCOPE, SECOND_SCOPE)
    assert scopes_of(" api://x/.default ") == ("api://x/.default",)


def test_a_new_token_is_shown_on_each_connection():
    login = Login()

    async def talk() -> None:
        async with playing(says(CREATED)) as server:
            dialler = ServiceDialler(service(server.port), None, sign_in=EntraSignIn(lambda: login))
            for _ in range(2):
                async with await dialler.dial() as connection:
                    assert TOKEN in " ".join(connection.service.secrets)
            shown = [request.headers["Authorization"] for request in server.requests]
            assert shown == [f"Bearer {TOKEN}-1", f"Bearer {TOKEN}-2"]
            assert "api-key" not in server.requests[0].headers

    run(talk())
    assert threading.current_thread().name not in login.threads


def test_the_second_scope_is_asked_for_where_the_first_is_refused():
    login = Login(SECOND_SCOPE)
    signed_in = asyncio.run(EntraSignIn(lambda: login).signed_in(service()))
    assert login.asked == [DEFAULT_SCOPE, SECOND_SCOPE]
    assert signed_in.headers == (("Authorization", f"Bearer {TOKEN}-2"),)


def test_a_service_with_a_key_is_left_as_it_is():
    keyed = openai("k-0123456789")
    assert asyncio.run(EntraSignIn(lambda: pytest.fail("asked")).signed_in(keyed)) is keyed


def missing() -> Login:
    raise ModuleNotFoundError("No module named 'azure'")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (missing, r"azure-identity is not installed .*pip install 'gpt-realtime-tui\[azure\]'"),
        (lambda: Login(error=RuntimeError("all failed\n  AADSTS70043: it expired\n more")),
         r"AADSTS70043: it expired\. Sign in with `az login`, or set AZURE_OPENAI_API_KEY"),
        (lambda: Login(error=RuntimeError(f"odd \x1b[31m token=abcd{TOKEN}")), "az login"),
        (lambda: Login(error=RuntimeError("")), "RuntimeError"),
    ],
)  # fmt: skip
def test_a_sign_in_that_fails_is_one_sentence_with_the_remedy(make: Callable[[], Login], words: str):
    with pytest.raises(ServiceFailure, match=words) as caught:
        asyncio.run(EntraSignIn(make).signed_in(service()))
    told = str(caught.value)
    assert told.startswith("Signing in with Entra ID failed")
    assert caught.value.kind is FailureKind.KEY_REFUSED
    assert caught.value.fatal
    assert TOKEN not in told
    assert told.isprintable()


def test_a_sign_in_that_hangs_has_a_limit_and_holds_nobody_up():
    release = threading.Event()

    class Hanging(Login):
        def get_token(self, *scopes: str) -> Token:
            release.wait(20)
            return super().get_token(*scopes)

    try:
        with pytest.raises(ServiceFailure, match="no token came within") as caught:
            asyncio.run(EntraSignIn(Hanging, timeout_s=0.05).signed_in(service()))
        assert caught.value.kind is FailureKind.TIMEOUT
    finally:
        release.set()
