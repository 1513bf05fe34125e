"""A key of the user's goes to an address from a folder's `.env` only where the user has said so."""

from __future__ import annotations

import os
import stat
from itertools import product
from pathlib import Path

import pytest

from app.consent import NotAllowedError, settle
from app.settings import Folders, Loaded, Settings, Source, which_service
from app.settings.trust import Claim, allow, claims, file_of, is_allowed, replaced_elsewhere

SERVICES = [
    ("azure", {"azure_endpoint": "https://evil.test", "azure_api_key": "k", "azure_deployment": "d"}),
    ("openai", {"openai_base_url": "https://evil.test", "openai_api_key": "k"}),
    ("compatible", {"service": "wss://evil.test/v1", "api_key": "k"}),
    ("local", {"service": "local", "responder": "https://evil.test/v1", "responder_key": "k"}),
]
PAIRS = {
    "azure": ("azure_endpoint", "azure_api_key"),
    "openai": ("openai_base_url", "openai_api_key"),
    "compatible": ("service", "api_key"),
    "local": ("responder", "responder_key"),
}


def asked(loaded: Loaded) -> tuple[Claim, ...]:
    return claims(loaded, which_service(loaded.settings))


@pytest.mark.parametrize(("kind", "values"), SERVICES, ids=[kind for kind, _ in SERVICES])
@pytest.mark.parametrize(("of_address", "of_key"), list(product(Source, Source)))
def test_every_combination_of_sources(kind: str, values: dict[str, str], of_address: Source, of_key: Source):
    address, key = PAIRS[kind]
    loaded = Loaded(Settings(**values), {address: of_address, key: of_key})
    found = asked(loaded)
    assert bool(found) is (of_address is Source.DOTENV and of_key is not Source.DOTENV)
    for claim in found:
        assert claim.place.endswith("://evil.test")
        assert claim.key in claim.sentence
        assert claim.address in claim.remedy


@pytest.mark.parametrize(("kind", "values"), SERVICES, ids=[kind for kind, _ in SERVICES])
def test_without_a_key_nothing_is_asked(kind: str, values: dict[str, str]):
    address, key = PAIRS[kind]
    settings = Settings(**{**values, key: ""})
    loaded = Loaded(settings, {address: Source.DOTENV})
    assert claims(loaded, kind, signs_in=False) == ()
    assert [claim.key for claim in claims(loaded, kind)] == (["Entra ID sign-in"] if kind == "azure" else [])


@pytest.mark.parametrize(
    ("values", "others", "which", "keys"),
    [
        ({"azure_endpoint": "e.test"}, {"azure_ad_token": "t", "azure_api_key": "k"}, "azure",
         ["AZURE_OPENAI_AD_TOKEN"]),
        ({"azure_endpoint": "e.test", "azure_api_key": "k"}, {"azure_ad_token": "t"}, "azure",
         ["AZURE_OPENAI_AD_TOKEN"]),
        ({"azure_endpoint": "e.test", "azure_ad_token": "t"}, {"azure_api_key": "k"}, "azure", []),
        ({"azure_endpoint": "e.test", "azure_api_key": "k"}, {"headers": "X: y"}, "azure", ["REALTIME_HEADERS"]),
        ({"openai_base_url": "e.test"}, {"openai_api_key": "k", "headers": "X: y"}, "openai",
         ["OPENAI_API_KEY", "REALTIME_HEADERS"]),
        ({"openai_base_url": "https://evil.openai.azure.com"}, {}, "openai", ["Entra ID sign-in"]),
        ({"service": "wss://evil.openai.azure.com"}, {}, "wss://evil.openai.azure.com", ["Entra ID sign-in"]),
        ({"service": "wss://evil.test"}, {"headers": "X: y"}, "wss://evil.test", ["REALTIME_HEADERS"]),
        ({"service": "xai"}, {"api_key": "k"}, "xai", ["REALTIME_API_KEY"]),
        ({"service": "wss://evil.test"}, {}, "wss://evil.test", []),
    ],
)  # fmt: skip
def test_whatever_would_let_somebody_in_is_asked_for(
    values: dict[str, str], others: dict[str, str], which: str, keys: list[str]
):
    """`values` stand in `.env`, `others` in the environment."""
    sources = dict.fromkeys(values, Source.DOTENV) | dict.fromkeys(others, Source.ENVIRONMENT)
    assert [claim.key for claim in claims(Loaded(Settings(**values, **others), sources), which)] == keys


def test_a_key_that_would_not_be_sent_is_not_asked_for():
    settings = Settings(service="ws://h.test", openai_base_url="https://evil.test", openai_api_key="k")
    sources = {"openai_base_url": Source.DOTENV, "openai_api_key": Source.ENVIRONMENT, "service": Source.COMMAND_LINE}
    assert asked(Loaded(settings, sources)) == ()
    builtin = Settings(responder="builtin", responder_key="k")
    assert asked(Loaded(builtin, {"responder": Source.DOTENV, "responder_key": Source.ENVIRONMENT})) == ()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://api.openai.com/v1", None),
        ("https://api.openai.com.evil.test/v1", "https://api.openai.com.evil.test"),
        ("https://api.openai.com@evil.test/v1", "https://evil.test"),
        ("https://api.openai.com:8443/v1", "https://api.openai.com:8443"),
        ("http://api.openai.com/v1", "http://api.openai.com"),
        ("evil.test", "https://evil.test"),
        ("https://me:pass@Evil.test:8443/v1?key=abc", "https://evil.test:8443"),
        ("https://[::1]:1/", "https://[::1]:1"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("https://[bad", "https://[bad"),
        ("https://evil.test:x/", "https://evil.test:x/"),
        ("https://me:pass@evil.test:x/?key=abc", "https://evil.test:x/"),
        ("https://e\x1b[31mvil.test/", "https://e_[31mvil.test/"),
    ],
)
def test_the_place_says_who_gets_the_key_and_no_secret(address: str, place: str | None):
    settings = Settings(openai_base_url=address, openai_api_key="k")
    found = asked(Loaded(settings, {"openai_base_url": Source.DOTENV, "openai_api_key": Source.ENVIRONMENT}))
    assert [claim.place for claim in found] == ([place] if place else [])


CLAIM = Claim("OPENAI_API_KEY", "OPENAI_BASE_URL", "https://evil.test")


def test_what_was_allowed_is_remembered_by_folder_address_and_key_and_is_the_users_alone(tmp_path: Path):
    file = file_of(tmp_path / "home" / "settings.toml")
    here, there = tmp_path / "a", tmp_path / "b"
    assert not is_allowed(CLAIM, here, file)
    allow(CLAIM, here, file)
    assert is_allowed(CLAIM, here, file)
    assert not is_allowed(CLAIM, there, file)
    assert not is_allowed(Claim(CLAIM.key, CLAIM.address, "https://other.test"), here, file)
    assert not is_allowed(Claim("REALTIME_API_KEY", CLAIM.address, CLAIM.place), here, file)
    allow(CLAIM, there, file)
    assert is_allowed(CLAIM, here, file)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"allowed": 1}', b'{"allowed": [1, null]}', b"\xff", b"[" * 100_000, b"{" * 2_000_000]
)
def test_a_damaged_memory_allows_nothing_and_is_replaced(tmp_path: Path, content: bytes):
    file = tmp_path / "allowed.json"
    file.write_bytes(content)
    assert not is_allowed(CLAIM, tmp_path, file)
    allow(CLAIM, tmp_path, file)
    assert is_allowed(CLAIM, tmp_path, file)


@pytest.mark.parametrize(
    ("speaker", "source", "is_refused"),
    [
        ("answer.wav", Source.DOTENV, False),
        ("deep/answer.WAV", Source.DOTENV, False),
        ("../answer.wav", Source.DOTENV, True),
        ("/etc/answer.wave", Source.DOTENV, True),
        ("~/answer.wav", Source.DOTENV, True),
        ("link/answer.wav", Source.DOTENV, True),
        ("link/answer.wav", Source.COMMAND_LINE, False),
        ("/etc/answer.wav", Source.ENVIRONMENT, False),
        ("Headset", Source.DOTENV, False),
    ],
)
def test_no_file_elsewhere_is_replaced_for_a_folder(tmp_path: Path, speaker: str, source: Source, is_refused: bool):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    loaded = Loaded(Settings(speaker=speaker), {"speaker": source})
    assert (replaced_elsewhere(loaded, folder) is not None) is is_refused


def folders(root: Path) -> Folders:
    return Folders(root / "settings.toml", root / "logs", root / "conversations")


ASKS = Loaded(
    Settings(openai_base_url="https://evil.test", openai_api_key="k"),
    {"openai_base_url": Source.DOTENV, "openai_api_key": Source.ENVIRONMENT},
)


def test_a_yes_is_asked_for_once_and_a_no_every_time(tmp_path: Path):
    questions: list[str] = []

    def answering(answer: bool):
        return lambda question: bool(questions.append(question)) or answer

    places = folders(tmp_path / "home")
    for _ in range(2):
        with pytest.raises(NotAllowedError):
            settle(ASKS, places, tmp_path, answering(False))
    with pytest.raises(NotAllowedError, match="put a key for it into the same"):
        settle(ASKS, places, tmp_path)
    for _ in range(2):
        assert settle(ASKS, places, tmp_path, answering(True)) == ()
    assert settle(ASKS, places, tmp_path) == ()
    assert len(questions) == 3
    assert "OPENAI_API_KEY" in questions[0]
    assert "https://evil.test" in questions[0]


def test_an_answer_that_cannot_be_remembered_counts_this_time(tmp_path: Path):
    (tmp_path / "home").write_text("")
    (told,) = settle(ASKS, folders(tmp_path / "home"), tmp_path, lambda _: True)
    assert "asked again" in told


def test_a_service_alone_asks_for_its_responder_whatever_the_conversation_would_use(tmp_path: Path):
    settings = Settings(openai_api_key="k", responder="https://evil.test/v1", responder_key="k", speaker="/x.wav")
    sources = dict.fromkeys(("responder", "speaker"), Source.DOTENV)
    with pytest.raises(NotAllowedError, match="REALTIME_RESPONDER_KEY"):
        settle(Loaded(settings, sources), folders(tmp_path), tmp_path, serves=True)


@pytest.mark.parametrize(
    ("responder", "source", "serves", "is_refused"),
    [
        ("evil.gguf", Source.DOTENV, False, True),
        ("/elsewhere/evil.gguf", Source.DOTENV, True, True),
        ("evil.gguf", Source.ENVIRONMENT, False, False),
        ("evil.gguf", Source.FILE, False, False),
        ("llm", Source.DOTENV, False, False),
        ("builtin", Source.DOTENV, False, False),
        ("http://127.0.0.1:11434/v1", Source.DOTENV, False, False),
    ],
)
def test_no_model_of_a_folder_is_read(tmp_path: Path, responder: str, source: Source, serves: bool, is_refused: bool):
    loaded = Loaded(Settings(responder=responder, service="local"), {"responder": source})
    if not is_refused:
        assert settle(loaded, folders(tmp_path), tmp_path, serves=serves) == ()
        return
    with pytest.raises(NotAllowedError, match="REALTIME_RESPONDER"):
        settle(loaded, folders(tmp_path), tmp_path, lambda _: True, serves=serves)


@pytest.mark.parametrize(
    ("allowing", "holding", "is_refused"),
    [
        (Source.DOTENV, Source.ENVIRONMENT, True),
        (Source.DOTENV, Source.DOTENV, False),
        (Source.ENVIRONMENT, Source.ENVIRONMENT, False),
        (Source.FILE, Source.ENVIRONMENT, False),
    ],
)
def test_no_folder_lets_a_key_of_the_users_travel_unencrypted(
    tmp_path: Path, allowing: Source, holding: Source, is_refused: bool
):
    settings = Settings(service="ws://host.test/v1", api_key="k", allow_plain="host.test")
    loaded = Loaded(settings, {"allow_plain": allowing, "api_key": holding, "service": Source.ENVIRONMENT})
    if not is_refused:
        assert settle(loaded, folders(tmp_path), tmp_path) == ()
        return
    with pytest.raises(NotAllowedError, match="REALTIME_API_KEY"):
        settle(loaded, folders(tmp_path), tmp_path, lambda _: True)
