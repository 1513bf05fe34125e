"""Key releases: the protocol's sequences, the parser beside Textual's own, and the canaries in Textual's parts."""

from __future__ import annotations

import hashlib
import inspect
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from textual import constants
from textual._parser import Parser
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message import Message

from app.ui.keys import driver_choice
from app.ui.keys.driver_choice import driver_class
from app.ui.keys.keyboard_protocol import (
    KeyEvent,
    KeySequence,
    key_sequence,
    promises_releases,
)

linux_driver = pytest.importorskip("textual.drivers.linux_driver", reason="Textual has another driver here")

from app.ui.keys.keyboard_driver import KeyboardDriver, KeyboardParser  # noqa: E402  # only where there are such terminals

PRESSED, REPEATED, RELEASED = KeyEvent.PRESSED, KeyEvent.REPEATED, KeyEvent.RELEASED


# ---------------------------------------------------------------- sequences


@pytest.mark.parametrize(
    ("sequence", "plain", "code", "event"),
    [
        ("\x1b[32u", "\x1b[32u", "32u", PRESSED),
        ("\x1b[32;;32u", "\x1b[32;;32u", "32u", PRESSED),
        ("\x1b[32;1:1;32u", "\x1b[32;;32u", "32u", PRESSED),
        ("\x1b[32;:1;32u", "\x1b[32;;32u", "32u", PRESSED),
        ("\x1b[32;1:;32u", "\x1b[32;;32u", "32u", PRESSED),
        ("\x1b[32;1:2;32u", "\x1b[32;;32u", "32u", REPEATED),
        ("\x1b[32;1:3u", "\x1b[32u", "32u", RELEASED),
        ("\x1b[32;5:3u", "\x1b[32;5u", "32u", RELEASED),
        ("\x1b[97:65;2:1;65u", "\x1b[97;2;65u", "97u", PRESSED),
        ("\x1b[97:65:113;;97u", "\x1b[97;;97u", "97u", PRESSED),
        ("\x1b[0;;229:230u", "\x1b[0;;229:230u", "0u", PRESSED),
        ("\x1b[20~", "\x1b[20~", "20~", PRESSED),
        ("\x1b[20;1:3~", "\x1b[20~", "20~", RELEASED),
        ("\x1b[A", "\x1b[A", "1A", PRESSED),
        ("\x1b[1;1:2A", "\x1b[1A", "1A", REPEATED),
        ("\x1b[1;5:3A", "\x1b[1;5A", "1A", RELEASED),
        ("\x1b[1;1:3R", "\x1b[1R", "1R", RELEASED),
        ("\x1b[57441;2:3u", "\x1b[57441;2u", "57441u", RELEASED),
        ("\x1b[32;1:4u", "\x1b[32u", "32u", None),
        ("\x1b[32;1:99999999999999u", "\x1b[32u", "32u", None),
    ],
)
def test_a_key_sequence_is_taken_apart(sequence: str, plain: str, code: str, event: KeyEvent | None) -> None:
    assert key_sequence(sequence) == KeySequence(plain, code, event)


@pytest.mark.parametrize(
    "sequence",
    ["a", "\x1b", "\x1b[", "\x1b[32;1:3", "\x1b[?27u", "\x1b[<0;1;1M", "\x1bOP", "\x1b[32;1:3;32;5u", "\x1b[-1u"],
)
def test_what_is_no_key_is_none(sequence: str) -> None:
    assert key_sequence(sequence) is None


@pytest.mark.parametrize(
    ("sequence", "is_promised"),
    [("\x1b[?27u", True), ("\x1b[?25u", False), ("\x1b[?0u", False), ("\x1b[27u", None), ("\x1b[?27$y", None)],
)
def test_the_answer_about_the_protocol(sequence: str, is_promised: bool | None) -> None:
    assert promises_releases(sequence) is is_promised


# ---------------------------------------------------------------- the parser


def told(parser: Parser[Message], chunks: Sequence[str]) -> list[tuple[object, ...]]:
    """What a parser makes of the chunks, and of the end."""
    messages = [message for chunk in chunks if chunk for message in parser.feed(chunk)]
    return [
        (type(message).__name__, *(getattr(message, name, None) for name in ("key", "character", "text", "x", "y")))
        for message in [*messages, *parser.feed("")]
    ]


def short(parser: Parser[Message], text: str) -> list[tuple[object, ...]]:
    return [entry[:3] for entry in told(parser, [text])]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("\x1b[32;;32u", [("Key", "space", " ")]),
        ("\x1b[32;1:1;32u", [("Key", "space", " ")]),
        ("\x1b[32;1:2;32u", [("KeyRepeated", "space", " ")]),
        ("\x1b[32;;32u\x1b[32;1:3u", [("Key", "space", " "), ("KeyReleased", "space", " ")]),
        ("\x1b[20~\x1b[20;1:3~", [("Key", "f9", None), ("KeyReleased", "f9", None)]),
        ("\x1b[A\x1b[1;1:3A", [("Key", "up", None), ("KeyReleased", "up", None)]),
        ("\x1b[13;1:1u", [("Key", "enter", "\r")]),
        # the modifier is let go before the key
        ("\x1b[116;5u\x1b[116;1:3u", [("Key", "ctrl+t", None), ("KeyReleased", "ctrl+t", None)]),
        ("\x1b[97;2;65u\x1b[97;2:3u", [("Key", "A", "A"), ("KeyReleased", "A", "A")]),
        # released without having been pressed: Enter, which started the program
        ("\x1b[13;1:3u", [("KeyReleased", "enter", "\r")]),
        ("\x1b[57441;2u\x1b[57441;1:3u", [("Key", "left_shift", None), ("KeyReleased", "left_shift", None)]),
        ("\x1b[?27ua", [("ReleasesPromised", None, None), ("Key", "a", "a")]),
        ("\x1b[?25ua", [("Key", "a", "a")]),
        # no such character, no such event
        ("\x1b[1114112ua", [("Key", "a", "a")]),
        ("\x1b[99999999999999999999;1:3ua", [("Key", "a", "a")]),
        ("\x1b[32;1:7ua", [("Key", "a", "a")]),
        # a mouse on a terminal of no size
        ("\x1b[48;0;0;0;0t\x1b[<0;3;4Ma", [("Resize", None, None), ("Key", "a", "a")]),
        ("\x1b[200~[32;1:3u\x1b[201~a", [("Paste", None, None), ("Key", "a", "a")]),
    ],
)
def test_what_the_parser_tells(text: str, messages: list[tuple[object, ...]]) -> None:
    assert short(KeyboardParser(), text) == messages


def test_textuals_own_parser_still_needs_help() -> None:
    """When this fails, `app.ui.keys.keyboard_driver` may have become needless."""
    with pytest.raises(ValueError, match="invalid literal"):
        told(XTermParser(), ["\x1b[32;1:3u"])


NUMBER = st.one_of(st.integers(0, 9), st.integers(0, 60000), st.just(""), st.just("9" * 12))
FIELD = st.lists(NUMBER, min_size=1, max_size=3).map(lambda parts: ":".join(map(str, parts)))
PRIVATE = st.sampled_from(["", "", "", "?", ">", "<"])
FINAL = st.sampled_from("u~ABCDEFHPQRSMmtyIOZ")
CSI = st.builds(
    lambda private, fields, final: f"\x1b[{private}{';'.join(fields)}{final}",
    PRIVATE, st.lists(FIELD, max_size=4), FINAL,
)  # fmt: skip
PLAIN = st.sampled_from(
    ["a", "b", " ", "é", "東", "\r", "\t", "\x7f", "\x1b", "\x1bOP", "\x1b[200~", "\x1b[201~", "\x1b[I"]
)
NOISE = st.text(alphabet="\x1b[]<>?;:0123456789uABRMmtIO$y~ \x00\x7f²٣", max_size=40)
INPUT = st.lists(st.one_of(CSI, PLAIN, NOISE), max_size=12).map("".join)


def cut(text: str, places: list[int]) -> list[str]:
    """The text in chunks."""
    at = sorted({place % (len(text) + 1) for place in places})
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


@given(INPUT, st.lists(st.integers(0, 500), max_size=20))
@example("\x1b[48;0;0;0;0t\x1b[<0;1;1M", [])
@example("\x1b[" + "1" * 100 + ":3u", [5])
def test_no_input_is_too_odd_in_any_chunks(text: str, places: list[int]) -> None:
    whole = told(KeyboardParser(), [text])
    assert told(KeyboardParser(), cut(text, places)) == whole


@given(INPUT.filter(lambda text: not re.search(r"\x1b\[(\?\d+u|[\d:]*:[\d:]*[;u~A-S]|[\d:]*;[\d:]*:)", text)))
def test_without_event_types_it_is_textuals_parser(text: str) -> None:
    try:
        theirs = told(XTermParser(), [text])
    except (ValueError, OverflowError, ZeroDivisionError):
        assume(False)
    assert told(KeyboardParser(), [text]) == theirs


@given(st.lists(st.one_of(CSI.filter(lambda csi: csi[-1] == "u" and len(csi) <= 32), st.sampled_from("abcdxyz"))))
def test_no_plain_key_is_lost_among_sequences(parts: list[str]) -> None:
    typed = [part for part in parts if len(part) == 1]
    keys = [character for kind, _, character, *_ in told(KeyboardParser(), parts) if kind == "Key"]
    left = iter(keys)
    assert all(character in left for character in typed)


@given(st.lists(st.integers(33, 50_000), max_size=200))
def test_presses_without_releases_are_not_remembered_for_ever(codes: list[int]) -> None:
    parser = KeyboardParser()
    told(parser, [f"\x1b[{code}u" for code in codes])
    assert len(parser._down) <= 32


# ---------------------------------------------------------------- canaries


@pytest.mark.parametrize(
    ("function", "digest"),
    [
        (Parser.feed, "390106cde019dd29"),
        (Parser.tick, "44606084ad3bf7c1"),
        (XTermParser.parse, "a5834ad1def86544"),
        (XTermParser.parse_mouse_code, "ceae22ff03d195e9"),
        (XTermParser._sequence_to_key_events, "00dfe99846edc6be"),
        (linux_driver.LinuxDriver.start_application_mode, "7c41f5ba11a8ef05"),
        (linux_driver.LinuxDriver.stop_application_mode, "9a7e99c8d4bdbd3b"),
        (linux_driver.LinuxDriver.disable_input, "6154c5a7c1743fe9"),
        (linux_driver.LinuxDriver.run_input_thread, "d796af6d69db337d"),
        (linux_driver.LinuxDriver._sigtstp_application, "26c3c19ce1817e66"),
        (linux_driver.LinuxDriver._sigcont_application, "1d7463a74df118a4"),
        (linux_driver.LinuxDriver.suspend_application_mode, "20cef4924da35261"),
        (App._fatal_error, "2474616cec7fa94d"),
        (App._suspend_signal, "b20ece162845b5b4"),
        (App.copy_to_clipboard, "f3e8b4ade76a09b5"),  # takes the same way to the terminal as our title
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_textuals_private_parts_are_those_we_know(function: object, digest: str) -> None:
    found = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]  # type: ignore[arg-type]
    why = "Textual has changed this: read it beside its users (docs/architecture.md), then pin release and digest anew."
    assert found == digest, why


def test_our_driver_is_used_with_the_pinned_textual() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert f"textual=={driver_choice.PINNED}" in project["project"]["dependencies"]
    assert driver_class() is KeyboardDriver


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (driver_choice.textual, "__version__", "8.2.9"),
        (constants, "DISABLE_KITTY_KEY", True),
        (constants, "DRIVER", "textual.drivers.web_driver:WebDriver"),
    ],
)
def test_elsewhere_textuals_own_driver_is_used(
    place: object, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, name, value)
    assert driver_class() is None
