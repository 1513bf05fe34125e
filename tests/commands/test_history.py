"""`realtime history` as a user runs it: by its output, its files and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.conversation.transcript import Entry, Party
from app.history.saved import Saved
from app.history.writer import FILE_NAME, ConversationWriter

ROOT = Path(__file__).parent.parent.parent
OLD, NEW = "2026-01-02_03-04-05_aaaa", "2026-11-25_02-27-08_0c0c"
ENTRIES = (
    Entry("a", Party.USER, "What is the capital of France?", True, started_ms=0, ended_ms=900),
    Entry("b", Party.ASSISTANT, "Paris ✓", True, started_ms=1200, ended_ms=2000, received_ms=800),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, entries in ((OLD, ENTRIES[:1]), (NEW, ENTRIES)):
        writer = ConversationWriter(tmp_path / "home" / "conversations" / name, pytest.fail)
        writer.end(Saved(1_790_000_000.0, "OpenAI", "m", entries))
    return tmp_path / "home"


def history(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REALTIME_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "app", "history", *arguments],
        cwd=home.parent,
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def kept(home: Path) -> list[str]:
    return sorted(each.name for each in (home / "conversations").iterdir())


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_lists_newest_first(home: Path, arguments: tuple[str, ...]):
    done = history(home, *arguments)
    newest, oldest = done.stdout.splitlines()
    assert newest.startswith(NEW)
    assert newest.endswith("  What is the capital of France?")
    assert oldest.startswith(OLD)
    for line, length, turns in ((newest, "0:02", "2"), (oldest, "0:00", "1")):
        assert f"  {length}    {turns}      OpenAI " in line
        assert line.index("OpenAI") == newest.index("OpenAI")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_empty_list_says_where_it_looked(tmp_path: Path):
    done = history(tmp_path / "home", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"No conversation is kept in {tmp_path / 'home' / 'conversations'} yet.\n"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("which", ["last", "2026-11", NEW])
def test_shows_one(home: Path, which: str):
    done = history(home, "show", which)
    assert done.returncode == 0
    assert "you: What is the capital of France?\n" in done.stdout
    assert "assistant: Paris ✓\n" in done.stdout
    assert done.stderr == f"kept in {home / 'conversations' / NEW}\n"


def test_says_what_could_not_be_read(home: Path):
    with (home / "conversations" / NEW / FILE_NAME).open("ab") as file:
        file.write(b'{"entry":{"it')
    done = history(home, "show", "last")
    assert "Paris" in done.stdout
    assert f"{NEW}: 1 line of it could not be read and is left out.\n" in done.stderr


ENTRY = '{"entry":{"item_id":"x","speaker":"you","text":"Never"%s},"index":%s}'
DAMAGE = {
    "a beginning in no calendar": '{"version":1,"started_at":1e300}',
    "a beginning before all calendars": '{"version":1,"started_at":-1e18}',
    "a beginning that is no number": '{"version":1,"started_at":NaN}',
    "nested beyond measure": '{"version":1,"x":' + "[" * 100_000 + "]" * 100_000 + "}",
    "a huge place": ENTRY % ("", 2**70),
    "a huge negative place": ENTRY % ("", -(2**70)),
    "a place of thousands of digits": ENTRY % ("", "1" + "0" * 5_000),
    "huge times": ENTRY % (',"started_ms":1' + "0" * 400, 0),
    "a negative length": ENTRY % (',"heard_ms":-1', 0),
    "a latency that cannot be": ENTRY % (',"latency":{"first_word_ms":-5}', 0),
    "an id that is no text": '{"entry":{"item_id":7,"speaker":"you"},"index":0}',
    "nobody's words": '{"entry":{"item_id":"x","speaker":"nobody"},"index":0}',
    "no text": "\x00\x01\x02",
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_line_that_cannot_be_costs_itself_and_a_word(home: Path, line: str):
    path = home / "conversations" / NEW / FILE_NAME
    path.write_bytes(line.encode() + b"\n" + path.read_bytes())
    listed = history(home, "list")
    assert [each.split()[0] for each in listed.stdout.splitlines()] == [NEW, OLD]
    assert "2      OpenAI   What is the capital" in listed.stdout
    assert listed.stderr == f"{NEW}: 1 line of it could not be read and is left out.\n"
    shown = history(home, "show", "last")
    assert "Paris" in shown.stdout
    assert "1 line of it could not be read" in shown.stderr
    assert [listed.returncode, shown.returncode] == [0, 0]


def _unreadable_folders(home: Path) -> dict[str, str]:
    """Conversations that cannot be read, and why."""
    root = home / "conversations"
    made = {}
    for at, (kind, why) in enumerate(
        {"folder": "is not a file", "pipe": "is not a file", "link": "is a link to nothing", "device": "is not a file",
         "loop": "", "large": "is larger than"}.items()
    ):  # fmt: skip
        folder = root / f"2026-11-26_00-00-{at:02}_{at:04}"
        folder.mkdir()
        path = folder / FILE_NAME
        match kind:
            case "folder":
                path.mkdir()
            case "pipe":
                os.mkfifo(path)
            case "link":
                path.symlink_to(root / "nowhere")
            case "device":
                path.symlink_to("/dev/zero")
            case "loop":
                path.symlink_to(path)
            case "large":
                path.touch()
                os.truncate(path, 1 << 30)  # takes no room
        made[folder.name] = why
    return made


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names, and links need a privilege there")
def test_what_cannot_be_read_hides_no_other_and_never_waits(home: Path):
    made = _unreadable_folders(home)
    done = history(home)
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines.keys() == {NEW, OLD, *made}
    for name, why in made.items():
        assert f"The conversation {name} cannot be read: " in lines[name]
        assert why in lines[name]
        shown = history(home, "show", name)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert f"The conversation {name} cannot be read: " in shown.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("ending", [".md", ".json", ".txt", ".srt", ".vtt"])
def test_exports_by_the_ending(home: Path, ending: str):
    file = home.parent / f"talk{ending}"
    done = history(home, "export", "last", str(file))
    assert (done.returncode, done.stdout) == (0, f"written: {file}\n")
    text = file.read_text("utf-8")
    assert "Paris ✓" in text
    if ending == ".json":
        assert [turn["item_id"] for turn in json.loads(text)["turns"]] == ["a", "b"]


def test_an_export_replaces_only_with_force(home: Path):
    file = home.parent / "talk.md"
    file.write_text("mine")
    done = history(home, "export", "last", str(file))
    assert (done.returncode, file.read_text()) == (2, "mine")
    assert done.stderr == (
        f"realtime: {file} exists already and was left alone. Choose another name, or say --force.\n"
    )
    assert history(home, "export", "last", str(file), "--force").returncode == 0
    assert "Paris" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("show", "2027"), 'No conversation\'s id begins with "2027"'),
        (("show", "2026"), '2 conversations begin with "2026"'),
        (("export", "last", "talk.doc"), "ending: 'talk.doc' needs .md"),
        (("delete", "last", "2027", "--yes"), 'No conversation\'s id begins with "2027"'),
        (("delete",), "Missing argument 'ID...'"),
        (("burn", "last"), "No such command 'burn'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_2(home: Path, arguments: tuple[str, ...], why: str):
    done = history(home, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("realtime: ")
    assert why in done.stderr
    assert kept(home) == [OLD, NEW]


@pytest.mark.parametrize(
    ("typed", "left", "status"), [("y\n", [OLD], 0), ("n\n", [OLD, NEW], 0), ("\n", [OLD, NEW], 0), ("", [OLD, NEW], 2)]
)
def test_deletes_when_the_user_is_sure(home: Path, typed: str, left: list[str], status: int):
    done = history(home, "delete", "last", typed=typed)
    assert (done.returncode, kept(home)) == (status, left)
    assert ("Nothing was deleted" in done.stdout + done.stderr) is (NEW in left)
    assert "Traceback" not in done.stderr


def test_deletes_several_without_asking(home: Path):
    done = history(home, "delete", "last", "2026-01", NEW, "--yes")
    assert (done.returncode, kept(home)) == (0, [])
    assert done.stdout == f"deleted: {NEW}\ndeleted: {OLD}\n"
