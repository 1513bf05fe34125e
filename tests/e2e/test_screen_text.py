"""Text that means harm, from the service, in a real terminal: shown, aligned, and never obeyed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.program import realtime
from tests.e2e.screen import needs_terminal, program, quiet_microphone
from tests.rig.service import ScriptedService
from tests.rig.terminal import Terminal

pytestmark = [needs_terminal, pytest.mark.timeout(90)]

HARMFUL = {
    "markup": "[bold]EVIL[/] [/] [@click=app.quit]EVIL[/] [link='http://evil']EVIL[/link] $accent [on red",
    "window title, clipboard, link": "\x1b]0;EVIL\x07\x1b]52;c;RVZJTA==\x07\x1b]8;;http://EVIL\x1b\\EVIL\x1b]8;;\x1b\\",
    "cursor, screen, reports": "\x1b[2J\x1b[31;1mEVIL\x1b[?1049l\x1b[999;999H\x1b[6n\x1b[c\x1b[?1003h\x1b[18t EVIL",
    "C1": "\x9b2J\x9d0;EVIL\x9c\x90EVIL\x9c\x84\x85EVIL\x9e\x9f",
    "device control, reset": "\x1bPqEVIL\x1b\\\x1bc\x1b#8\x1b_EVIL\x1b\\\x1b^EVIL\x1b\\\x1b(0EVIL\x1b(B",
    "bell and friends": "\x07\x08\x08\x08\x0e\x0f\x7fEVIL\rEVIL\r\n\x0bEVIL\x0cEVIL",
    "end of a sequence": "\\EVIL\x1b",
    "right to left": "\u202eEVIL\u202c \u2066EVIL\u2069 \u2067EVIL\u2069 \u200fEVIL \u061cEVIL",
    "NUL": "EV\x00IL\x00",
    "lone surrogates": "EVIL \ud83d \udfff\ud800",
    "tags": "\U000e0001\U000e0041EVIL\U000e007f",
}
"""Every one says EVIL, so that it can be found."""

STRANGE = {
    "families": "👨\u200d👩\u200d👧\u200d👦 and 👩\u200d🚀 EVIL",
    "flags": "🇩🇪🇫🇷🇯🇵 EVIL 🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f EVIL",
    "picture selectors, tones": "❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 👍🏽 ✊🏿 EVIL",
    "wide": "漢字とかな。한국어、ＡＢＣ！𠮷野家 EVIL",
    "combining": "E" + "\u0301" * 60 + "VIL Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334 EVIL",
    "first of all combining": "\u0301\u0302\u20e3EVIL",
    # No signs that take room and stand above or below (Hindi's i, Tamil's i): tmux and Textual do not agree on those.
    "letters of other scripts": "שלום عربى नमस्ते ไทยก็ བོད་སྐད ᠮᠣᠩᠭᠣᠯ EVIL",
    "no width": "\u200b\u2060\ufeffE\u00adV\u200dI\u200cL\u115f\u1160\u3164 EVIL",
    "tabs": "EVIL\tEVIL\t\tEVIL",
    "private, unassigned": "\ue000\uf8ff\U000f0000\uffff EVIL",
    "other spaces": "EVIL\u00a0\u2003\u3000\u1680\u2028EVIL\u2029EVIL",
}

PACE_S = 0.15
"""Between keys that move the focus and keys that act where it is: Textual moves it a little later."""

LONG = "W" * 100_000

SEQUENCE = re.compile(
    r"\x1b\](?P<command>.*?)(?:\x07|\x1b\\)"
    r"|\x1b[PX^_](?P<device>.*?)\x1b\\"
    r"|\x1b\[(?P<parameters>[0-?]*)(?P<final>[ -/]*[@-~])"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x1f\x7f-\x9f]",
    re.DOTALL,
)
INVISIBLE = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def controls(painted: bytes) -> set[str]:
    """The different things that a terminal was told to do; colours and places as one thing each."""
    found = set()
    for match in SEQUENCE.finditer(painted.decode()):
        if match["final"] == "H" and re.fullmatch(r"\d+;\d+", match["parameters"]):
            found.add("go to")
        elif match["final"] == "m" and re.fullmatch(r"[\d;]*", match["parameters"]):
            found.add("colour")
        elif match["command"] and re.fullmatch(r"2;[●◌] [a-z ]+ · realtime", match["command"]):
            found.add("title")
        else:
            found.add(match[0])
    return found


@contextmanager
def talk(
    folder: Path, model: str = "scripted", microphone: str = "quiet"
) -> Iterator[tuple[ScriptedService, Terminal]]:
    """The program in the middle of a conversation, its settings beside the transcript."""
    folder.mkdir(exist_ok=True)
    file = quiet_microphone(folder).rename(folder / f"{microphone}.wav")
    with ScriptedService(model=model) as service:
        arguments = ("--service", service.url, "--mic", str(file), "--speaker", "none", "--no-greeting")
        with program(folder, *arguments, columns=110, rows=32) as terminal:
            terminal.wait_for("LISTENING")
            service.wait_for("session.update")
            terminal.press("s")
            terminal.wait_for("▾ Turn taking")
            yield service, terminal


def said(service: ScriptedService, terminal: Terminal, text: str, number: int) -> None:
    """Once by the user and once by the assistant, bit by bit."""
    item_id = service.hears(text[:3])
    service.has_heard(item_id, text)
    service.speaks(*(text[at : at + 3] for at in range(0, len(text), 3)))
    service.put("assistant", f"Mark {number}.")
    terminal.wait_for(rf"Mark {number}\.")


def run(folder: Path, texts: Sequence[str], names: str) -> tuple[set[str], str]:
    """What the terminal was told to do while all this was said, and all that it was told."""
    with talk(folder, model=names, microphone=names[:60]) as (service, terminal):
        since = len(terminal.painted())
        for number, text in enumerate(texts):
            said(service, terminal, text, number)
            assert_aligned(terminal)
        for key in ("Up", "Left", "Down", "Left", "Down", "Right", "Down"):  # to the microphone's name
            terminal.press(key)
            time.sleep(PACE_S)
        terminal.wait_for("› microphone")
        assert_aligned(terminal)
        terminal.press("Escape")
        terminal.wait_without("› microphone")
        terminal.press("Home")
        terminal.wait_for("End follows")
        for text in texts:
            service.tell("error", error={"type": text, "code": text, "message": text, "param": text, "event_id": text})
            service.tell(text, message=text)
        service.put("assistant", "Last mark.")
        terminal.wait_for("▌ The service says:")
        terminal.press("End")
        terminal.wait_for(r"Last mark\.")
        painted = terminal.painted()[since:].lstrip(bytes(range(0x80, 0xC0)))  # not from within a character on
        service.hang_up(1011, names[:30])
        terminal.wait_for("OFFLINE")
        terminal.press("C-q")
        assert terminal.exit_status() == 5
    return controls(painted), painted.decode()


def assert_aligned(terminal: Terminal) -> None:
    """The settings' left border is a straight line: what stands right of it is as wide in every row."""
    rows = re.sub(r"\x1b\[[0-9;:]*m", "", terminal.styled()).split("\n")[2:26]
    lengths = {len(row.rpartition("│")[2]) for row in rows}
    assert len(lengths) == 1, "\n".join(rows)


def test_nothing_of_it_is_obeyed(tmp_path: Path):
    harmless, _ = run(tmp_path / "harmless", ["Harmless words. " * 3] * 3, "a model")
    assert {"go to", "colour"} <= harmless
    names = "[@click]EVIL\x1b]0;EVIL\x07\x9b2J\u202e[bold]"
    harmful, painted = run(tmp_path / "harmful", tuple(HARMFUL.values()), names)
    assert harmful - harmless == set()
    assert INVISIBLE.findall(painted) == []
    assert painted.count("EVIL") > 2 * len(HARMFUL), "it is shown all the same"


def test_whatever_the_script_all_stays_in_its_place(tmp_path: Path):
    _, painted = run(tmp_path, tuple(STRANGE.values()), "👍🏽 漢字 E\u0301")
    assert painted.count("EVIL") > 2 * len(STRANGE)


def test_a_word_without_end_leaves_the_screen_quick_and_straight(tmp_path: Path):
    with talk(tmp_path) as (service, terminal):
        service.speaks(*[LONG[:1000]] * 100)
        service.speaks("漢" * 50_000)
        service.put("user", "A mark.")
        terminal.wait_for(r"A mark\.")
        assert_aligned(terminal)
        rows = terminal.text().split("\n")
        header = next(row for row in rows if "  you  " in row)
        assert re.match(r" \d\d:\d\d:\d\d  you +typed +│", header), header
        terminal.press("Escape")
        terminal.wait_without("▾ Turn taking")
        terminal.press("Home")
        terminal.wait_for(r"(?m)^   W{100,}(?s:.*)End follows")
        terminal.press("End")
        terminal.wait_for(r"A mark\.")
        terminal.press("C-q")
        assert terminal.exit_status() == 0


def test_line_by_line_nothing_of_it_is_obeyed_either(tmp_path: Path):
    refusal = {"type": "EVIL", "code": "\x1b[2J", "message": "".join(HARMFUL.values())}
    with ScriptedService(refuses=refusal) as service:
        done = realtime("--plain", "--mic", "none", "--service", service.url, folder=tmp_path, typed="Hello.\n")
    assert done.status == 3
    assert "EVIL" in done.err
    assert controls(done.err.encode()) <= {"\n"}
    assert INVISIBLE.findall(done.err) == []


def shown(folder: Path, name: str) -> tuple[set[str], str]:
    """What the terminal was told to do while names of files, values and keys of the settings file were shown."""
    place = folder / name / "home"
    place.mkdir(parents=True)
    file = quiet_microphone(folder).rename(folder / f"{name}.wav")
    escaped = "".join(f"\\U{ord(letter):08x}" for letter in name)
    (place / "settings.toml").write_text(f'"{escaped}" = 1\nvoice = "{escaped}"\n')
    env = {"REALTIME_HOME": str(place), "REALTIME_EXPORT_FOLDER": str(folder / name), "REALTIME_INSTRUCTIONS": name}
    with ScriptedService() as service:
        arguments = ("--service", service.url, "--mic", str(file), "--speaker", "none", "--no-greeting")
        with program(folder, *arguments, env=env, columns=110, rows=32) as terminal:
            terminal.wait_for(r"is[\s▌]+no[\s▌]+setting")
            terminal.wait_for("LISTENING")
            since = len(terminal.painted())
            service.put("user", "A mark.")
            terminal.wait_for(r"A mark\.")
            terminal.press("s")
            terminal.wait_for("▾ Turn taking")
            for key in ("Left", "Down", "Right", "Down", "Down", "Down"):
                terminal.press(key)
                time.sleep(PACE_S)
            terminal.press("Escape")
            terminal.wait_without("▾ Turn taking")
            terminal.press("e")
            terminal.wait_for("─ Export ─")
            terminal.press("Enter")
            terminal.wait_for("Exported to")
            painted = terminal.painted()[since:]
            terminal.press("C-q")
            assert terminal.exit_status() == 0
    return controls(painted), painted.decode()


def test_names_of_files_values_and_keys_are_not_obeyed_either(tmp_path: Path):
    harmless, _ = shown(tmp_path, "a harmless name")
    harmful, painted = shown(tmp_path, "EVIL\x1b]0;EVIL\x07\x9b2J\x1b[2J\u202eEVIL\x7f\u2066")
    assert harmful - harmless == set()
    assert INVISIBLE.findall(painted) == []
    assert painted.count("EVIL") > 3
