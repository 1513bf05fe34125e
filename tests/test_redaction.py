"""What is secret is found in every form in which programs repeat it, and words are left alone."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redaction import Redaction, secrets_in_address, secrets_of, shown, without_keys

KEY = "k3y+0123456789/abcdef=XYZ"
BASIC = base64.b64encode(b"me:pa55word").decode()

FORMS = {
    "plain": str,
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded, lower case": lambda text: quote(text, safe="").lower() if text.islower() else quote(text),
    "of a form": quote_plus,
    "HTML": html.escape,
    "Bearer": lambda text: f"Bearer {text}",
    "Basic": lambda text: "Basic " + base64.b64encode(f"someone:{text}".encode()).decode(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a header": lambda text: base64.urlsafe_b64encode(f"Bearer {text}".encode()).decode(),
    "cut off": lambda text: text[: max(12, len(text) // 2)],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [KEY, "pa55 wörd & <more>", "0123456789abcdef0123456789abcdef"])
def test_a_secret_is_taken_out_in_every_form(form, secret: str):
    repeated = form(secret)
    for told in (Redaction([secret]).message, Redaction([secret]).speech):
        left = told(f"before {repeated} after")
        assert "…" in left
        assert not any(repeated[at : at + 12] in left for at in range(12, len(repeated) - 15))
        assert left.startswith("before ")
        assert left.endswith(" after")


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=90), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_is_left_in_a_message(secret: str, before: str, after: str):
    left = Redaction([secret]).message(f"{before} {secret} {after}")
    assert secret not in left or secret in f"{before} … {after}"
    assert len(left) <= len(f"{before} {secret} {after}")


@pytest.mark.parametrize(
    "text",
    [
        "Expected Bearer authentication, got none.",
        "The api-key header is missing.",
        "Invalid 'max_output_tokens': 4096 is more than 2048.",
        "The password is wrong.",
        "Connect to wss://host/v1/realtime?model=gpt-realtime, then wait.",
        "The disk-encryption of the desk-lamp is on; mail me@example.com.",
        "Audio content of 900ms is already shorter than 1200ms",
        "Request req_0123456789abcdef0123456789abcdef failed.",
    ],
)
def test_ordinary_messages_stay(text: str):
    assert without_keys(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("got sk-proj-0123456789", "got …"),
        ("got ek_0123456789", "got …"),
        ("got gsk_0123456789", "got …"),
        ("api-key=0123456789abcdef0123456789abcdef;", "api-key=…;"),
        ('{"api_key": "abcdef0123"}', '{"api_key": "…"}'),
        ("Incorrect API key provided: ab12cd****7890.", "Incorrect API key provided: …"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer …"),
        ("Authorization: Basic " + BASIC, "Authorization: Basic …"),
        ("at wss://me:pass@host/x", "at wss://…@host/x"),
        ("at wss://:p@ss@host/x?a=1&api-key=q&b=2", "at wss://…@host/x?a=1&api-key=…&b=2"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "token …"),
    ],
)
def test_what_looks_like_a_key_is_taken_out_of_messages(text: str, left: str):
    assert without_keys(text) == left


@pytest.mark.parametrize("key", ["test", "hello", "EMPTY", "dummy", "password", "1234567"])
def test_a_key_that_is_a_word_costs_no_word_that_is_said(key: str):
    said = f"I said {key}, and othello{key} too: export OPENAI_API_KEY=sk-your-key-here, Bearer certificates."
    assert Redaction([key]).speech(said) == said
    assert Redaction([key]).message(f"wrong key {key}, sorry") == "wrong key …, sorry"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("http://me:pa55@host/x", "'http://…@host/x'"),
        ("http://:pa55@host", "'http://…@host'"),
        ("http://pa55@host", "'http://…@host'"),
        ("me:pa55@host:80", "'…@host:80'"),
        ("http://me:pa/55@host/x", "'http://…@host/x'"),
        ("http://me:pa@55@host/x", "'http://…@host/x'"),
        ("http://me:pa?55@host/x", "'http://…@host/x'"),
        ("http://me:pa#55@host/x", "'http://…@host/x'"),
        ("http://me:pa 55 word@host/x", "'http://…@host/x'"),
        ("http://m%40e:pa%3A55@host/x", "'http://…@host/x'"),
        ("http%3A%2F%2Fme%3Apa55%40host", "'http://…@host'"),
        ("wss://host/x?api-key=pa55", "'wss://host/x?…'"),
        ("wss://host/x?key=pa55&model=m", "'wss://host/x?…'"),
        ("wss://host/x#token=pa55", "'wss://host/x#…'"),
        ("http://host/x", "'http://host/x'"),
        ("sk-proj-pa55pa55", "'…'"),
        ("0123456789abcdef0123456789pa55aa", "'…'"),
        ("Bearer pa55pa55", "'Bearer …'"),
        ("loud", "'loud'"),
        ("\x1b[31mred\u202e", "'\\x1b[31mred\\u202e'"),
        (3, "3"),
        pytest.param(10**5_000, "a number of very many digits", id="many digits"),
        ("x " * 100, "'" + ("x " * 100)[:79] + "…'"),
    ],
)
def test_a_wrong_value_is_shown_without_what_may_be_secret(value: object, text: str):
    assert shown(value) == text


@given(st.text(min_size=4).filter(lambda text: "'" not in text and "…" not in text), st.sampled_from(["ws", "http"]))
def test_no_password_of_a_wrong_address_is_shown(password: str, scheme: str):
    assert shown(f"{scheme}://me:{password}@host") in (f"'{scheme}://…@host'", "'…@host'")


def test_the_secrets_of_an_address():
    found = secrets_in_address("wss://me:p%40ss@h/x?model=m&api-key=a%2Bb&subscription-key=s#token=t")
    assert {"p@ss", "p%40ss", "me:p@ss", "a+b", "a%2Bb", "s", "t"} <= set(found)
    assert "m" not in found
    assert secrets_in_address("wss://token0123@h/x") == ("token0123",)
    assert secrets_in_address("wss://h/x?model=m") == ()


def test_the_secrets_of_an_environment():
    environ = {
        "OPENAI_API_KEY": "0123456789ab",
        "HTTPS_PROXY": "http://me:pa55word@proxy:1",
        "PATH": "/bin",
        "KEYBOARD": "us",
        "SSH_AUTH_SOCK": "/x",
    }
    assert set(secrets_of(environ)) == {"0123456789ab", "pa55word", "me:pa55word"}
