"""Kept conversations are found, read whatever happened to their files, and deleted only where that was meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.conversation.transcript import Entry, Party
from app.history.jsonl import entry_line, header_line, read_lines, removed_line
from app.history.saved import Saved
from app.history.store import HistoryError, delete, find, list_conversations, load
from app.history.writer import FILE_NAME, ConversationWriter

HEADER = header_line(Saved(50.0, "OpenAI", "gpt-realtime"))
A, B, C = (Entry(name, Party.USER, name.upper(), True) for name in "abc")
OLD, MIDDLE, NEW = "2026-01-02_03-04-05_aaaa", "2026-01-02_13-04-05_bbbb", "2026-11-25_02-27-08_0c0c"


def silent(sentence: str) -> None:
    raise AssertionError(sentence)


def kept(root: Path, name: str, *entries: Entry, started_at: float = 50.0) -> None:
    ConversationWriter(root / name, silent).end(Saved(started_at, "OpenAI", "m", entries))


def test_lines_of_the_program_are_read_again_and_are_no_turns(tmp_path: Path):
    why = Entry("remark_1", Party.PROGRAM, "The hour is over.", True, False, 9, 9)
    kept(tmp_path, NEW, why, A, replace(why, item_id="remark_2"))
    (summary,) = list_conversations(tmp_path)
    assert (summary.turns, summary.first_words) == (1, "A")
    assert load(tmp_path / NEW).entries == (why, A, replace(why, item_id="remark_2"))


@pytest.mark.parametrize(
    ("data", "entries", "skipped"),
    [
        pytest.param(b"", (), 0, id="nothing"),
        pytest.param(HEADER, (), 0, id="a header alone"),
        pytest.param(HEADER + entry_line(A, 0) + entry_line(B, 1), (A, B), 0, id="in order"),
        pytest.param(HEADER + entry_line(B, 0) + entry_line(A, 0), (A, B), 0, id="the first came later"),
        pytest.param(HEADER + entry_line(A, 0) + entry_line(A, 0), (A,), 0, id="twice"),
        pytest.param(HEADER + entry_line(A, 0) + entry_line(B, 1) + entry_line(A, 1), (B, A), 0, id="moved"),
        pytest.param(HEADER + entry_line(A, 0) + removed_line("a"), (), 0, id="removed"),
        pytest.param(HEADER + removed_line("x") + entry_line(A, 0), (A,), 0, id="an unknown one removed"),
        pytest.param(HEADER + entry_line(A, 0) + entry_line(B, 1)[:-9], (A,), 1, id="the last line is cut"),
        pytest.param(HEADER + entry_line(A, 0)[:-1], (A,), 0, id="only the last line's end is cut"),
        pytest.param(HEADER + b"\x00\xff\n" + entry_line(A, 0), (A,), 1, id="a broken line"),
        pytest.param(HEADER + b'[1]\n"x"\n{}\n' + entry_line(A, 0), (A,), 3, id="JSON that is no line of ours"),
        pytest.param(HEADER + b'{"entry":{"text":"x"},"index":0}\n', (), 1, id="an entry without an id"),
        pytest.param(HEADER + entry_line(A, 7) + entry_line(B, -3), (B, A), 0, id="places that do not exist"),
        pytest.param(HEADER + entry_line(A, 0).replace(b"{", b'{"new":[1],'), (A,), 0, id="unknown keys"),
        pytest.param(b"\xef\xbb\xbf" + HEADER + entry_line(A, 0), (A,), 0, id="an editor marked the byte order"),
        pytest.param(HEADER + b"\n\r\n" + entry_line(A, 0).replace(b"\n", b"\r\n"), (A,), 0, id="an editor was there"),
    ],
)
def test_reads_what_can_be_read_and_counts_the_rest(data: bytes, entries: tuple[Entry, ...], skipped: int):
    saved = read_lines(data, started_at=1.0)
    assert (saved.entries, saved.skipped_lines) == (entries, skipped)
    assert (saved.started_at, saved.service) == ((50.0, "OpenAI") if data else (1.0, ""))


def test_text_from_the_file_is_harmless():
    wild = Entry("a", Party.USER, "\x1b[2Jone\x07\ntwo", True, note="\x1b]0;x\x07n")
    saved = read_lines(header_line(Saved(1.0, "\x1b[1mO", "m\n")) + entry_line(wild, 0), started_at=0.0)
    assert (saved.service, saved.model) == ("[1mO", "m")
    assert (saved.entries[0].text, saved.entries[0].note) == ("[2Jone\ntwo", "]0;xn")


def test_lists_newest_first_with_the_users_first_words(tmp_path: Path):
    kept(
        tmp_path,
        OLD,
        Entry("g", Party.ASSISTANT, "Hello!", True),
        Entry("q", Party.USER, "What\n is it?", True),
    )
    kept(tmp_path, NEW, Entry("g", Party.ASSISTANT, "Hello!", True), started_at=99.0)
    (tmp_path / "notes").mkdir()
    (tmp_path / MIDDLE.replace("bbbb", "file")).write_text("")
    newest, oldest = list_conversations(tmp_path)
    assert (newest.id, newest.turns, newest.first_words, newest.started_at) == (NEW, 1, "Hello!", 99.0)
    assert (oldest.id, oldest.turns, oldest.first_words, oldest.folder) == (OLD, 2, "What is it?", tmp_path / OLD)


def test_nothing_kept_is_an_empty_list(tmp_path: Path):
    assert list_conversations(tmp_path / "none") == ()


def test_one_that_cannot_be_read_hides_no_other(tmp_path: Path):
    kept(tmp_path, OLD, A)
    (tmp_path / NEW / FILE_NAME).mkdir(parents=True)
    broken, whole = list_conversations(tmp_path)
    assert (broken.id, broken.turns, whole.first_words) == (NEW, 0, "A")
    assert broken.first_words.startswith(f"The conversation {NEW} cannot be read: ")
    with pytest.raises(HistoryError, match="cannot be read"):
        load(tmp_path / NEW)


def test_a_recording_alone_has_the_time_of_its_name(tmp_path: Path):
    (tmp_path / NEW).mkdir()
    (tmp_path / OLD).mkdir()
    (tmp_path / "2026-99-99_99-99-99_abcd").mkdir()
    assert load(tmp_path / NEW).entries == ()
    assert load(tmp_path / NEW).started_at - load(tmp_path / OLD).started_at > 320 * 86_400
    assert load(tmp_path / "2026-99-99_99-99-99_abcd").started_at == 0.0


@pytest.mark.parametrize(
    ("wanted", "name"), [(NEW, NEW), ("2026-11", NEW), ("2026-01-02_03", OLD), ("last", NEW), ("LAST", NEW)]
)
def test_finds_by_the_beginning_of_the_id(tmp_path: Path, wanted: str, name: str):
    for each in (OLD, MIDDLE, NEW):
        (tmp_path / each).mkdir()
    assert find(tmp_path, wanted) == tmp_path / name


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("2026-01-02", f'^2 conversations begin with "2026-01-02": {MIDDLE}, {OLD}. Give more of it.$'),
        ("2027", '^No conversation\'s id begins with "2027"'),
        ("", "^No conversation's id begins with"),
        ("..", "^No conversation's id begins with"),
        ("\x1b[1m", r'begins with "\[1m"'),
    ],
)
def test_none_or_several_is_said(tmp_path: Path, wanted: str, why: str):
    for each in (OLD, MIDDLE, NEW):
        (tmp_path / each).mkdir()
    with pytest.raises(HistoryError, match=why):
        find(tmp_path, wanted)


def test_last_of_none_is_said(tmp_path: Path):
    with pytest.raises(HistoryError, match="No conversation is kept in"):
        find(tmp_path / "none", "last")


def test_deletes_the_folder_with_all_that_is_in_it(tmp_path: Path):
    kept(tmp_path, OLD, A)
    kept(tmp_path, NEW, A)
    (tmp_path / OLD / "audio.wav").write_bytes(b"sound")
    delete(tmp_path / OLD)
    assert [each.name for each in tmp_path.iterdir()] == [NEW]


def test_deletes_no_other_folder(tmp_path: Path):
    with pytest.raises(HistoryError, match="is no folder of a conversation"):
        delete(tmp_path)
    with pytest.raises(HistoryError, match="was not deleted"):
        delete(tmp_path / OLD)
    assert tmp_path.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_a_link_to_a_folder_elsewhere_deletes_nothing_there(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / OLD).symlink_to(tmp_path / "mine", target_is_directory=True)
    with pytest.raises(HistoryError, match="was not deleted"):
        delete(tmp_path / OLD)
    assert (tmp_path / "mine").is_dir()
