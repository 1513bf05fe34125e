"""A conversation is in its file as soon as a turn is final, and the file read back is what was shown last."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry, Latency, Party
from app.history.saved import Saved
from app.history.store import load
from app.history.writer import FILE_NAME, ConversationWriter, new_folder_name

HELLO = Entry("a", Party.USER, "Hello.", True, started_ms=10, ended_ms=900)
ANSWER = Entry("b", Party.ASSISTANT, "Good day ✓", True, started_ms=1200, received_ms=1500, latency=Latency(210, 300))
TALK = Saved(1_790_000_000.25, "OpenAI", "gpt-realtime")


def shown(*entries: Entry) -> Saved:
    return replace(TALK, entries=entries)


def keep(writer: ConversationWriter, *entries: Entry) -> None:
    """Everything is told anew, what has left included."""
    writer.keep(TALK, OrderedEntries(entries), {entry.item_id for entry in entries} | set("abcdef"))


def silent(sentence: str) -> None:
    raise AssertionError(sentence)


def test_what_is_final_can_be_read_while_the_talk_goes_on(tmp_path: Path):
    writer = ConversationWriter(tmp_path / "c", silent)
    growing = replace(ANSWER, text="Good", is_final=False)
    keep(writer, HELLO, growing)
    assert load(tmp_path / "c") == shown(HELLO)
    keep(writer, HELLO, ANSWER)
    assert load(tmp_path / "c") == shown(HELLO, ANSWER)
    heard = replace(ANSWER, is_interrupted=True, heard_ms=400, ended_ms=1600)
    keep(writer, HELLO, heard)
    assert load(tmp_path / "c") == shown(HELLO, heard)
    writer.end(shown(HELLO, heard))
    assert load(tmp_path / "c") == shown(HELLO, heard)


def test_the_same_again_writes_nothing(tmp_path: Path):
    writer = ConversationWriter(tmp_path / "c", silent)
    keep(writer, HELLO, ANSWER)
    before = (tmp_path / "c" / FILE_NAME).read_bytes()
    keep(writer, replace(HELLO), ANSWER)
    writer.end(shown(HELLO, ANSWER))
    assert (tmp_path / "c" / FILE_NAME).read_bytes() == before
    assert before.count(b"\n") == 3


def test_at_the_end_a_turn_that_was_cut_off_is_kept_too(tmp_path: Path):
    writer = ConversationWriter(tmp_path / "c", silent)
    growing = replace(ANSWER, text="Good", is_final=False)
    empty = Entry("c", Party.USER)
    keep(writer, HELLO, growing, empty)
    writer.end(shown(HELLO, growing, empty))
    assert load(tmp_path / "c") == shown(HELLO, growing)


def test_a_conversation_without_words_leaves_no_folder(tmp_path: Path):
    writer = ConversationWriter(tmp_path / "deep" / "c", silent)
    keep(writer, Entry("a", Party.USER))
    writer.end(shown(Entry("a", Party.USER)))
    assert list(tmp_path.iterdir()) == []


def test_lines_of_the_program_alone_are_no_conversation_and_stand_where_they_were_once_there_is_one(tmp_path: Path):
    refused = Entry("r1", Party.PROGRAM, "The service refused the key.", True, False, 5, 5)
    writer = ConversationWriter(tmp_path / "c", silent)
    keep(writer, refused)
    writer.keep(TALK, OrderedEntries([refused, HELLO]), {"a"})
    assert load(tmp_path / "c") == shown(refused, HELLO)
    alone = ConversationWriter(tmp_path / "alone", silent)
    keep(alone, refused)
    alone.end(shown(refused))
    assert not (tmp_path / "alone").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_user_may_read_it(tmp_path: Path):
    keep(ConversationWriter(tmp_path / "all" / "c", silent), HELLO)
    assert stat.S_IMODE((tmp_path / "all").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "all" / "c").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "all" / "c" / FILE_NAME).stat().st_mode) == 0o600


def test_it_joins_what_else_is_kept_in_the_folder(tmp_path: Path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "audio.wav").write_bytes(b"sound")
    keep(ConversationWriter(tmp_path / "c", silent), HELLO)
    assert load(tmp_path / "c").entries == (HELLO,)
    assert (tmp_path / "c" / "audio.wav").read_bytes() == b"sound"


def test_a_place_that_cannot_be_written_is_told_once_and_stops_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("")
    told: list[str] = []
    writer = ConversationWriter(tmp_path / "file" / "c", told.append)
    keep(writer, HELLO)
    keep(writer, HELLO, ANSWER)
    writer.end(shown(HELLO, ANSWER))
    assert len(told) == 1
    assert told[0].startswith("The conversation is not being saved: ")


def test_what_failed_is_written_once_there_is_room_again(tmp_path: Path):
    blocker = tmp_path / "all"
    blocker.write_text("")
    told: list[str] = []
    writer = ConversationWriter(blocker / "c", told.append)
    keep(writer, HELLO)
    blocker.unlink()
    keep(writer, HELLO, ANSWER)
    assert load(blocker / "c") == shown(HELLO, ANSWER)
    assert len(told) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is of POSIX")
def test_a_disk_that_fills_up_within_a_line_spoils_no_other(tmp_path: Path):
    import resource  # not on Windows

    told: list[str] = []
    writer = ConversationWriter(tmp_path / "c", told.append)
    keep(writer, HELLO)
    size = (tmp_path / "c" / FILE_NAME).stat().st_size
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        keep(writer, HELLO, ANSWER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert len(told) == 1
    assert load(tmp_path / "c") == replace(shown(HELLO), skipped_lines=1)
    keep(writer, HELLO, ANSWER)
    assert load(tmp_path / "c") == replace(shown(HELLO, ANSWER), skipped_lines=1)


_KILLED = """
import os, signal, sys
from pathlib import Path
from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry, Party
from app.history.saved import Saved
from app.history.writer import ConversationWriter
entries = tuple(Entry(str(n), Party.USER, f"turn {n}", True) for n in range(50))
writer = ConversationWriter(Path(sys.argv[1]), print)
for n in range(50):
    writer.keep(Saved(1.0), OrderedEntries(entries[: n + 1]), [str(n)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_killed_program_loses_no_final_turn(tmp_path: Path):
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "c")], cwd=root, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [entry.text for entry in load(tmp_path / "c").entries] == [f"turn {n}" for n in range(50)]


entries = st.builds(
    Entry,
    item_id=st.sampled_from("abcdef"),
    speaker=st.sampled_from(Party),
    text=st.sampled_from(["", "one", "two ✓"]),
    is_final=st.booleans(),
    heard_ms=st.sampled_from([None, 5]),
)
snapshots = st.lists(entries, max_size=6, unique_by=lambda entry: entry.item_id)


@given(st.lists(snapshots, max_size=8))
def test_read_back_it_is_what_was_shown_last_whatever_moved_or_left(steps: list[list[Entry]]):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "c"
        writer = ConversationWriter(folder, silent)
        final: set[str] = set()
        expected: tuple[Entry, ...] = ()
        has_turn = False
        for step in steps:
            # What is final stays so while it stands.
            standing = [replace(entry, is_final=entry.is_final or entry.item_id in final) for entry in step]
            expected = tuple(entry for entry in standing if entry.is_final)
            final = {entry.item_id for entry in expected}
            keep(writer, *standing)
            has_turn = has_turn or any(entry.is_turn for entry in expected)
            assert load(folder).entries == (expected if has_turn else ())
        writer.end(shown(*expected))
        assert load(folder).entries == (expected if has_turn else ())


def test_the_folder_is_named_by_the_time():
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{4}", new_folder_name(TALK.started_at))
    assert new_folder_name(1.0) < new_folder_name(TALK.started_at)
