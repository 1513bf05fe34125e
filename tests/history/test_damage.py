"""Files of kept conversations with anything in them: what can be read is read, and every export is well formed."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.conversation.transcript import Entry, Latency, Party
from app.history.export import ExportFormat, render
from app.history.jsonl import entry_line, header_line, read_lines, removed_line
from app.history.saved import LAST_MOMENT_S, Saved
from app.history.store import list_conversations, load
from app.history.writer import FILE_NAME
from app.protocol.text import sanitise_text

NAME = "2026-11-25_02-27-08_0c0c"
NUMBERS = ["1e300", "-1e18", "-1", "0", "1.5", "NaN", "Infinity", "null", "true", '"x"', "[]", "{}", str(2**70),
           str(-(2**70)), "1" + "0" * 400, "1" + "0" * 5_000, "[" * 20_000 + "]" * 20_000]  # fmt: skip
ENTRY = Entry("a1", Party.ASSISTANT, "one two three", True, True, 5, 900, 800, 300, True, "cut", Latency(1, 2))
LINES = [
    header_line(Saved(50.0, "OpenAI", "m")),
    entry_line(Entry("u1", Party.USER, "Hello.", True), 0),
    entry_line(ENTRY, 1),
    entry_line(ENTRY, 0),
    removed_line("u1"),
]
_NUMBER = re.compile(rb"(?<=:)(?:\d+(?:\.\d+)?|true|null)")
_TEXT = re.compile(rb'(?<=:)"[^"]*"')
_KEY = re.compile(rb'"[a-z_]+"(?=:)')


def _replaced(line: bytes, pattern: re.Pattern[bytes], at: int, by: bytes) -> bytes:
    found = list(pattern.finditer(line))
    if not found:
        return line
    match = found[at % len(found)]
    return line[: match.start()] + by + line[match.end() :]


@st.composite
def mutated_lines(draw: st.DrawFn) -> bytes:
    """A valid line with one thing wrong."""
    line, at = draw(st.sampled_from(LINES)), draw(st.integers(0, 20))
    match draw(st.integers(0, 6)):
        case 0:
            return _replaced(line, _NUMBER, at, draw(st.sampled_from(NUMBERS)).encode())
        case 1:
            return _replaced(line, _TEXT, at, json.dumps(draw(st.text())).encode())
        case 2:
            return _replaced(line, _TEXT, at, draw(st.sampled_from(NUMBERS)).encode())
        case 3:
            return _replaced(line, _KEY, at, draw(st.sampled_from([b'"index"', b'"x"', b'"entry"', b'"removed"'])))
        case 4:
            return line[: draw(st.integers(0, len(line)))] + b"\n"
        case 5:
            cut = draw(st.integers(0, len(line)))
            return line[:cut] + draw(st.binary(max_size=4)) + line[cut:]
        case _:
            return line


def check(saved: Saved) -> None:
    """What is read can be told in every form."""
    assert 0 <= saved.started_at <= LAST_MOMENT_S
    ids = [entry.item_id for entry in saved.entries]
    assert len(ids) == len(set(ids))
    for form in ExportFormat:
        for zone in (None, UTC):
            text = render(saved.entries, saved.started_at, form, service=saved.service, model=saved.model, zone=zone)
            assert sanitise_text(text) == text
            assert text.encode()
    turns = json.loads(render(saved.entries, saved.started_at, ExportFormat.JSON))["turns"]
    assert [turn["item_id"] for turn in turns] == ids
    for text in (value for turn in turns for value in turn.values() if isinstance(value, str)):
        assert sanitise_text(text) == text
    for form, point in ((ExportFormat.SRT, ","), (ExportFormat.VTT, ".")):
        times = [line for line in render(saved.entries, 0.0, form).split("\n") if " --> " in line]
        clock = rf"\d\d+:[0-5]\d:[0-5]\d\{point}\d\d\d"
        assert all(re.fullmatch(f"{clock} --> {clock}", line) for line in times)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes):
    check(read_lines(data, started_at=1.0))


@given(st.lists(mutated_lines(), max_size=12))
def test_mutated_lines(lines: list[bytes]):
    saved = read_lines(b"".join(lines), started_at=1.0)
    assert saved.skipped_lines <= sum(line.count(b"\n") + 1 for line in lines)
    check(saved)


@given(st.lists(mutated_lines() | st.binary(max_size=40), max_size=8))
def test_a_damaged_file_hides_no_other(tmp_path_factory, lines: list[bytes]):
    root: Path = tmp_path_factory.mktemp("kept")
    for name, data in ((NAME, b"".join(lines)), (NAME.replace("-08_", "-07_"), b"".join(LINES))):
        (root / name).mkdir()
        (root / name / FILE_NAME).write_bytes(data)
    damaged, whole = list_conversations(root)
    assert (damaged.id, whole.first_words, whole.trouble) == (NAME, "one two three", "")
    assert bool(damaged.trouble) == bool(load(root / NAME).skipped_lines)


def test_a_line_of_ten_megabytes_is_read():
    text = "word " * 2_000_000
    saved = read_lines(LINES[0] + entry_line(Entry("a", Party.USER, text, True), 0), started_at=1.0)
    assert (len(saved.entries[0].text), saved.skipped_lines) == (len(text), 0)


def test_ids_lose_what_a_terminal_would_obey():
    wild = Entry("a\x1b[2J\u202eb\nc", Party.USER, "x", True)
    saved = read_lines(LINES[0] + entry_line(wild, 0), started_at=1.0)
    assert [entry.item_id for entry in saved.entries] == ["a[2Jb c"]
    gone = read_lines(LINES[0] + entry_line(wild, 0) + removed_line(wild.item_id), started_at=1.0)
    assert gone.entries == ()
