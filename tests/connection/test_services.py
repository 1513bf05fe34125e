"""What users type becomes the right URL, header and dialect, or one sentence; and no secret is ever shown."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.connection.services import (
    DEFAULT_MODEL,
    EMBEDDED_MODEL,
    Service,
    ServiceKind,
    ServiceSettingError,
    azure,
    compatible,
    embedded,
    openai,
)
from app.protocol.codec import Dialect

KEY = "k3y-0123456789abcdef"
GA = "wss://res.openai.azure.com/openai/v1/realtime?model=voice"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("res.openai.azure.com", GA),
        ("https://res.openai.azure.com", GA),
        ("https://res.openai.azure.com/", GA),
        ("  https://RES.openai.azure.com/ \n", GA),
        ("https://res.openai.azure.com/openai", GA),
        ("https://res.openai.azure.com/openai/v1", GA),
        ("https://res.openai.azure.com/openai/v1/", GA),
        ("https://res.openai.azure.com/openai/v1/realtime?model=other", GA),
        ("https://res.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=x", GA),
        ("wss://res.openai.azure.com/openai/v1/realtime", GA),
        ("https://res.openai.azure.com/openai/deployments/voice", GA),
        (
            "https://res.cognitiveservices.azure.com/",
            "wss://res.cognitiveservices.azure.com/openai/v1/realtime?model=voice",
        ),
        (
            "https://res.services.ai.azure.com/api/projects/mine",
            "wss://res.services.ai.azure.com/openai/v1/realtime?model=voice",
        ),
        ("res.openai.azure.com:8443", "wss://res.openai.azure.com:8443/openai/v1/realtime?model=voice"),
        ("https://gateway.example/team a/openai/v1".replace(" ", "%20"), None),
        ("https://gateway.example/team/openai/v1", "wss://gateway.example/team/openai/v1/realtime?model=voice"),
        ("https://gateway.example/anything", "wss://gateway.example/openai/v1/realtime?model=voice"),
        ("http://localhost:9000", "ws://localhost:9000/openai/v1/realtime?model=voice"),
        ("http://[::1]:9000", "ws://[::1]:9000/openai/v1/realtime?model=voice"),
    ],
)
def test_every_host_form_of_azure(endpoint: str, url: str | None):
    expected = url or "wss://gateway.example/team%20a/openai/v1/realtime?model=voice"
    service = azure(endpoint, KEY, "voice")
    assert service.url == expected
    assert service.headers == (("api-key", KEY),)
    assert service.dialect is Dialect.GA
    assert service.model == "voice"


@given(st.text(min_size=1).filter(lambda name: name.strip() and not name.lower().strip().startswith("gpt-live")))
@example("a b&c=d#e/f?g%20é")
def test_any_deployment_name_arrives_whole(deployment: str):
    parts = urlsplit(azure("res.openai.azure.com", KEY, deployment).url)
    assert parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) == {"model": [deployment.strip()]}
    assert parts.fragment == ""


def test_azure_version_by_habit_is_ignored_with_a_hint():
    service = azure("res.openai.azure.com", KEY, "voice", api_version="2025-04-01-preview", transcription_model="ears")
    assert service.url == GA
    assert service.hint is not None
    assert "AZURE_OPENAI_API_VERSION is ignored" in service.hint


@pytest.mark.parametrize(
    ("version", "sent"), [(None, "2025-04-01-preview"), ("2024-10-01-preview", "2024-10-01-preview")]
)
def test_azure_legacy_switch_takes_the_preview_route_and_the_beta_dialect(version: str | None, sent: str):
    service = azure("https://res.openai.azure.com/openai/v1", KEY, "my voice", version, legacy_preview=True)
    assert service.url == f"wss://res.openai.azure.com/openai/realtime?api-version={sent}&deployment=my%20voice"
    assert service.dialect is Dialect.BETA
    assert "preview route" in (service.hint or "")


def test_azure_transcribes_only_with_a_deployment():
    without = azure("res.openai.azure.com", KEY, "voice")
    assert without.transcription_model is None
    assert "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT" in (without.hint or "")
    having = azure("res.openai.azure.com", KEY, "voice", transcription_model=" ears ")
    assert having.transcription_model == "ears"
    assert having.hint is None


@pytest.mark.parametrize(
    ("base_url", "url", "label"),
    [
        (None, "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
        ("", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
        ("https://api.openai.com/v1/", "wss://api.openai.com/v1/realtime?model=m", "OpenAI"),
        ("https://proxy.example/v1", "wss://proxy.example/v1/realtime?model=m", "OpenAI at proxy.example"),
        ("wss://proxy.example/v1/realtime", "wss://proxy.example/v1/realtime?model=m", "OpenAI at proxy.example"),
        ("https://p.example/v1?team=a%2Fb", "wss://p.example/v1/realtime?team=a%2Fb&model=m", "OpenAI at p.example"),
        ("http://127.0.0.1:8000/v1", "ws://127.0.0.1:8000/v1/realtime?model=m", "OpenAI at 127.0.0.1:8000"),
    ],
)
def test_openai_address(base_url: str | None, url: str, label: str):
    service = openai(KEY, base_url, "m")
    assert (service.url, service.label) == (url, label)
    assert service.headers == (("Authorization", f"Bearer {KEY}"),)
    assert service.dialect is Dialect.GA


def test_openai_defaults_live_and_never_ask_for_beta():
    service = openai(f" {KEY}\n")
    assert service.model == DEFAULT_MODEL
    assert not DEFAULT_MODEL.startswith("gpt-4o")
    assert service.transcription_model
    assert [name for name, _ in service.headers] == ["Authorization"]
    assert service.secrets == (KEY,)


@pytest.mark.parametrize(
    ("given_url", "model", "url", "named"),
    [
        ("ws://h:1/v1/realtime", None, "ws://h:1/v1/realtime", ""),
        ("ws://h:1/v1/realtime", "m 1", "ws://h:1/v1/realtime?model=m%201", "m 1"),
        ("wss://h/v1/realtime?intent=x", "m", "wss://h/v1/realtime?intent=x&model=m", "m"),
        ("wss://h/v1/realtime?model=own", "m", "wss://h/v1/realtime?model=own", "own"),
        ("wss://h/pfad/größe?key=s#part", None, "wss://h/pfad/gr%C3%B6%C3%9Fe?key=s", ""),
        ("wss://user:pass@h/x", None, "wss://user:pass@h/x", ""),
        ("wss://bücher.example/x", None, "wss://xn--bcher-kva.example/x", ""),
    ],
)
def test_compatible_address(given_url: str, model: str | None, url: str, named: str):
    service = compatible(given_url, model=model)
    assert (service.url, service.model) == (url, named)
    assert service.headers == ()


def test_compatible_key_dialect_and_warning():
    service = compatible("ws://192.168.1.9:8000/v1/realtime", KEY, "m", Dialect.BETA, "whisper")
    assert service.headers == (("Authorization", f"Bearer {KEY}"),)
    assert service.dialect is Dialect.BETA
    assert service.transcription_model == "whisper"
    assert "unencrypted" in (service.hint or "")
    assert compatible("ws://localhost:8000/x", KEY).hint is None
    assert compatible("wss://h/x", KEY).hint is None
    assert compatible("ws://h/x").hint is None
    assert compatible("wss://u:p@h/x", KEY).headers == ()  # one Authorization only


def test_embedded():
    service = embedded("ws://127.0.0.1:5000/v1/realtime", "t0ken")
    assert service.kind is ServiceKind.EMBEDDED
    assert service.model == EMBEDDED_MODEL
    assert service.is_loopback
    assert service.headers == (("Authorization", "Bearer t0ken"),)


@pytest.mark.parametrize(
    "service",
    [
        azure("res.openai.azure.com", KEY, "voice"),
        openai(KEY),
        compatible("ws://h/x", KEY),
        compatible(f"ws://h/x?api_key={KEY}"),
        compatible(f"ws://me:{KEY}@h/x"),
        embedded("ws://127.0.0.1:1/v1/realtime", KEY),
    ],
    ids=lambda service: service.label,
)
def test_no_secret_is_shown(service: Service):
    assert set(service.secrets) - {f"me:{KEY}"} == {KEY}
    for text in (repr(service), str(service), service.address, service.label, service.hint or ""):
        assert KEY not in text


def refused_azure(endpoint="res.openai.azure.com", key=KEY, deployment="voice"):
    return lambda: azure(endpoint, key, deployment)


@pytest.mark.parametrize(
    ("make", "variable", "words"),
    [
        (refused_azure(endpoint=""), "AZURE_OPENAI_ENDPOINT", "is not set"),
        (refused_azure(endpoint="ftp://x"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="https://"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="https://res:port"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="https://[bad"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="<your resource>"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="https://<name>.openai.azure.com"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="https://a..azure.com"), "AZURE_OPENAI_ENDPOINT", "is no address"),
        (refused_azure(endpoint="http://res.openai.azure.com"), "AZURE_OPENAI_ENDPOINT", "unencrypted"),
        (refused_azure(endpoint="http://localhost.evil.example"), "AZURE_OPENAI_ENDPOINT", "unencrypted"),
        (refused_azure(endpoint="https://me:pw@res.openai.azure.com"), "AZURE_OPENAI_ENDPOINT", "user name"),
        (refused_azure(key="  "), "AZURE_OPENAI_API_KEY", "is not set"),
        (refused_azure(key="a\r\nX-Evil: 1"), "AZURE_OPENAI_API_KEY", "copy it again"),
        (refused_azure(key="schlüssel"), "AZURE_OPENAI_API_KEY", "copy it again"),
        (refused_azure(deployment=" "), "AZURE_OPENAI_DEPLOYMENT", "is not set"),
        (refused_azure(deployment="gpt-live-1"), "AZURE_OPENAI_DEPLOYMENT", "Live protocol"),
        (lambda: openai(""), "OPENAI_API_KEY", "is not set"),
        (lambda: openai("Bearer sk-1"), "OPENAI_API_KEY", "copy it again"),
        (lambda: openai(KEY, model="GPT-Live-1.1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: openai(KEY, model=""), "REALTIME_MODEL", "is not set"),
        (lambda: openai(KEY, "ws://proxy.example/v1"), "OPENAI_BASE_URL", "unencrypted"),
        (lambda: openai(KEY, "https://p.example/v1?model=gpt-live-1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: compatible(""), "REALTIME_SERVICE", "is not set"),
        (lambda: compatible("localhost:8080/v1/realtime"), "REALTIME_SERVICE", "ws://localhost:8080"),
        (lambda: compatible("http://localhost:8080/v1/realtime"), "REALTIME_SERVICE", "ws://localhost:8080"),
        (lambda: compatible("ws://a b/"), "REALTIME_SERVICE", "is no address"),
        (lambda: compatible("ws://me@h/"), "REALTIME_SERVICE", "no password"),
        (lambda: compatible("ws://h/x?model=gpt-live-1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: compatible("ws://h/x", "a b"), "REALTIME_API_KEY", "copy it again"),
    ],
)
def test_bad_settings_are_one_sentence_with_the_variable(make, variable: str, words: str):
    with pytest.raises(ServiceSettingError) as caught:
        make()
    sentence = str(caught.value)
    assert caught.value.variable == variable
    assert variable in sentence
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "sk-1" not in sentence
    assert "pw" not in sentence
