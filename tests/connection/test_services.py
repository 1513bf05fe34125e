"""What users type becomes the right URL, header and dialect, or one sentence; and no secret is ever shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.connection.families import EMBEDDED
from app.connection.services import (
    DEFAULT_MODEL,
    EMBEDDED_MODEL,
    Extras,
    Service,
    ServiceSettingError,
    azure,
    compatible,
    embedded,
    openai,
)
from app.protocol.dialect import Dialect

KEY = "k3y-0123456789abcdef"
GA = "wss://res.openai.azure.com/openai/v1/realtime?model=voice"


@given(
    st.text(min_size=1).filter(lambda name: name.strip() and not re.match(r"(?i)\s*(gpt|whisper|tts|4o|mini)", name))
)
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


def test_openai_defaults_live_and_never_ask_for_beta():
    service = openai(f" {KEY}\n")
    assert service.model == DEFAULT_MODEL
    assert not DEFAULT_MODEL.startswith("gpt-4o")
    assert service.transcription_model
    assert [name for name, _ in service.headers] == ["Authorization"]
    assert service.secrets == (KEY,)


def test_compatible_key_and_dialect():
    service = compatible("wss://h:8000/v1/realtime", KEY, "m", Dialect.BETA, "whisper")
    assert service.headers == (("Authorization", f"Bearer {KEY}"),)
    assert service.dialect is Dialect.BETA
    assert service.transcription_model == "whisper"
    assert compatible("wss://u:p@h/x", KEY).headers == ()  # one Authorization only
    assert compatible("wss://h/x").dialect is None  # found out


def test_a_compatible_server_is_told_only_what_is_needed():
    assert compatible("wss://h/x").capabilities.is_told_least
    assert not openai(KEY).capabilities.is_told_least
    beta = compatible("wss://h/x", dialect=Dialect.BETA).capabilities
    assert not any(beta.holds(path) for path in ("reasoning.effort", "truncation", "prompt"))
    assert beta.holds("audio.input.turn_detection.threshold")


@pytest.mark.parametrize(
    ("make", "is_refused"),
    [
        (lambda extras: compatible("ws://nas:8000", KEY, extras=extras), True),
        (lambda extras: compatible("ws://192.168.1.9:8000", KEY, extras=extras), True),
        (lambda extras: compatible("http://nas:8000/x?api_key=abc", extras=extras), True),
        (lambda extras: compatible("ws://me:pass@nas/x", extras=extras), True),
        (lambda extras: openai(KEY, "http://nas:4000", extras=extras), True),
        (lambda extras: azure("http://nas/aoai", KEY, "voice", extras=extras), True),
        (lambda extras: compatible("ws://nas:8000", extras=extras), False),  # there is no key
        (lambda extras: compatible("ws://localhost:8000", KEY, extras=extras), False),
        (lambda extras: compatible("wss://nas:8000", KEY, extras=extras), False),
    ],
)
def test_a_key_travels_unencrypted_only_to_this_machine_or_a_host_named_by_the_user(make, is_refused: bool):
    if is_refused:
        with pytest.raises(ServiceSettingError, match=r"REALTIME_ALLOW_PLAIN=(nas|192\.168\.1\.9)\."):
            make(Extras(allow_plain="other"))
    else:
        make(Extras(allow_plain="other"))
    assert make(Extras(allow_plain="other, NAS,192.168.1.9")).url


def test_headers_of_the_users_are_secret_and_take_the_place_of_ours():
    extras = Extras(headers=(("X-Team", "t3am-0123456789"), ("authorization", "Own s3cret-0123456789")))
    service = openai("", model="m", extras=extras)
    assert service.headers == extras.headers
    for text in (repr(service), service.redaction.message("it was t3am-0123456789 and s3cret-0123456789")):
        assert "t3am" not in text
        assert "s3cret" not in text
    keyed = azure("res", KEY, "voice", extras=Extras(headers=(("X-Team", "a"),)))
    assert keyed.headers == (("api-key", KEY), ("X-Team", "a"))


@pytest.mark.parametrize(
    "headers",
    [(("Host", "x"),), (("Sec-WebSocket-Key", "x"),), (("a b", "x"),), (("X", "a\r\nEvil: 1"),), (("X", "ü"),)],
)
def test_headers_that_no_request_can_carry_are_refused(headers):
    with pytest.raises(ServiceSettingError, match="REALTIME_HEADERS") as caught:
        openai(KEY, extras=Extras(headers=headers))
    assert "Evil" not in str(caught.value)


def test_account_headers_go_to_openai_alone():
    account = (("OpenAI-Organization", "org-1"), ("OpenAI-Project", ""), ("OpenAI-Safety-Identifier", "u1"))
    extras = Extras(account=account)
    assert openai(KEY, extras=extras).headers[1:] == (account[0], account[2])
    assert compatible("wss://h/x", KEY, extras=extras).headers == (("Authorization", f"Bearer {KEY}"),)
    assert azure("res", KEY, "voice", extras=extras).headers == (("api-key", KEY),)


def test_an_entra_token_counts_before_the_key_and_it_is_said():
    service = azure("res", KEY, "voice", extras=Extras(token="tok3n-0123456789", sign_in_scopes=("s",)))
    assert service.headers == (("Authorization", "Bearer tok3n-0123456789"),)
    assert service.sign_in_scopes == ()
    assert "AZURE_OPENAI_AD_TOKEN counts" in (service.hint or "")
    assert "tok3n" not in repr(service)


def test_without_a_key_the_machines_sign_in_is_used_where_there_is_one():
    service = azure("res", "", "voice", extras=Extras(sign_in_scopes=("s",)))
    assert service.headers == ()
    assert service.sign_in_scopes == ("s",)
    assert service.signed_in("t0ken-0123456789").secrets == ("t0ken-0123456789",)
    with pytest.raises(ServiceSettingError, match=r"AZURE_OPENAI_API_KEY is not set.*gpt-realtime-tui\[azure\]"):
        azure("res", "", "voice")
    with pytest.raises(ServiceSettingError, match="unencrypted"):
        azure("http://gateway.example", "", "voice", extras=Extras(sign_in_scopes=("s",)))


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("gpt-live-1", "Live protocol"),
        ("GPT-Live-1.1", "Live protocol"),
        ("gpt-realtime-whisper", "only writes down"),
        ("gpt-transcribe", "only writes down"),
        ("gpt-4o-mini-transcribe-2025-12-15", "only writes down"),
        ("gpt-live-transcribe", "only writes down"),
        ("whisper-1", "only writes down"),
        ("gpt-realtime-translate", "only translates"),
        ("gpt-4o-mini-tts", "only speaks"),
    ],
)
def test_models_that_hold_no_conversation_are_refused(model: str, why: str):
    for make in (
        lambda: openai(KEY, model=model),
        lambda: azure("res", KEY, model),
        lambda: compatible("h.x", "", model),
    ):
        with pytest.raises(ServiceSettingError, match=why) as caught:
            make()
        assert DEFAULT_MODEL in str(caught.value)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("gpt-4o-realtime-preview-2025-06-03", "has ended"),
        ("gpt-4o-mini-realtime-preview", "has ended"),
        ("gpt-realtime", "2027-01-20"),
        ("gpt-realtime-mini", "2027-01-20"),
        ("gpt-realtime-2.1", None),
        (DEFAULT_MODEL, None),
    ],
)
def test_a_model_that_ends_is_said(model: str, words: str | None):
    hint = openai(KEY, model=model).hint
    assert (words in (hint or "")) if words else hint is None
    assert "20" not in (azure("res", KEY, model, transcription_model="t").hint or "")  # Azure's days are its own


def test_embedded():
    service = embedded("ws://127.0.0.1:5000/v1/realtime", "t0ken")
    assert service.family is EMBEDDED
    assert service.model == EMBEDDED_MODEL
    assert service.is_loopback
    assert service.headers == (("Authorization", "Bearer t0ken"),)


@pytest.mark.parametrize(
    "service",
    [
        azure("res.openai.azure.com", KEY, "voice"),
        openai(KEY),
        compatible("wss://h/x", KEY),
        compatible(f"wss://h/x?api_key={KEY}"),
        compatible(f"wss://me:{KEY}@h/x"),
        compatible("wss://api.inworld.ai", KEY),
        openai("", extras=Extras(headers=(("Authorization", f"Bearer {KEY}"),))),
        azure("res", "", "voice", extras=Extras(token=KEY)),
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
        *[
            (refused_azure(endpoint=page), "AZURE_OPENAI_ENDPOINT", "copy the endpoint")
            for page in ("https://ai.azure.com/resource/x", "portal.azure.com", "https://oai.azure.com/portal/y")
        ],
        (refused_azure(endpoint="https://learn.microsoft.com/azure"), "AZURE_OPENAI_ENDPOINT", "documentation"),
        (
            refused_azure(endpoint="https://r.services.ai.azure.com/voice-live/realtime?api-version=1"),
            "AZURE_OPENAI_ENDPOINT",
            "REALTIME_SERVICE",
        ),
        (refused_azure(endpoint="https://r.openai.azure.com/openai/v1/live"), "AZURE_OPENAI_ENDPOINT", "Live protocol"),
        (lambda: openai(KEY, "https://platform.openai.com/api-keys"), "OPENAI_BASE_URL", "OpenAI's site"),
        (lambda: openai(KEY, "wss://api.openai.com/v1/live/sessions"), "OPENAI_BASE_URL", "Live protocol"),
        (lambda: compatible("https://ai.azure.com/x", KEY), "REALTIME_SERVICE", "copy the endpoint"),
        (lambda: azure("res", KEY, "v", extras=Extras(token="a b")), "AZURE_OPENAI_AD_TOKEN", "copy it again"),
        (lambda: openai(""), "OPENAI_API_KEY", "is not set"),
        (lambda: openai("Bearer sk-1"), "OPENAI_API_KEY", "copy it again"),
        (lambda: openai(KEY, model="GPT-Live-1.1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: openai(KEY, "ws://proxy.example/v1"), "OPENAI_BASE_URL", "unencrypted"),
        (lambda: openai(KEY, "https://p.example/v1?model=gpt-live-1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: compatible(""), "REALTIME_SERVICE", "is not set"),
        (lambda: compatible("ws://a b/"), "REALTIME_SERVICE", "is no address"),
        (lambda: compatible("voice-live"), "REALTIME_SERVICE", "is not set"),
        (lambda: compatible("litellm"), "REALTIME_MODEL", "model_name"),
        (lambda: compatible("xai"), "REALTIME_API_KEY", "console.x.ai"),
        (lambda: compatible("https://res.openai.azure.com", KEY), "REALTIME_MODEL", "deployment"),
        (lambda: compatible("ws://me@h/"), "REALTIME_SERVICE", "no password"),
        (lambda: compatible("ws://h/x?model=gpt-live-1"), "REALTIME_MODEL", "Live protocol"),
        (lambda: compatible("wss://h/x", "a b"), "REALTIME_API_KEY", "copy it again"),
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


def test_the_embedded_service_has_one_voice_and_is_asked_for_no_other():
    assert not EMBEDDED.capabilities.holds("audio.output.voice")
