"""What a conversation used is kept with it, and stands in what is exported."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.conversation.ordered import OrderedEntries
from app.conversation.transcript import Entry, Party
from app.conversation.usage import Spending, TokensByKind, total
from app.history.export import ExportFormat, render
from app.history.jsonl import entry_line, header_line, read_lines
from app.history.saved import Saved
from app.history.store import load
from app.history.writer import FILE_NAME, ConversationWriter

HEARD = Spending(transcribed_s=2.0, cost_usd=0.00015)
SAID = Spending(TokensByKind(text_in=100, text_cached=64, audio_in=70, audio_out=42), cost_usd=0.0053)
UNSAID = Spending(TokensByKind(text_in=900), cost_usd=0.0036)
TALK = (
    Entry("u1", Party.USER, "Hello.", True, started_ms=0, ended_ms=900, spending=HEARD),
    Entry("a1", Party.ASSISTANT, "Hi.", True, started_ms=1_000, ended_ms=242_000, spending=SAID),
)
SAVED = Saved(1_790_000_000.25, "OpenAI", "gpt-realtime", TALK, HEARD + SAID + UNSAID)


def kept(tmp_path: Path, saved: Saved) -> Path:
    def complain(sentence: str) -> None:
        raise AssertionError(sentence)

    writer = ConversationWriter(tmp_path / "c", complain)
    writer.keep(saved, OrderedEntries(saved.entries), {entry.item_id for entry in saved.entries})
    writer.end(saved)
    return tmp_path / "c"


def test_what_was_used_comes_back(tmp_path: Path):
    folder = kept(tmp_path, SAVED)
    assert load(folder) == SAVED
    lines = (folder / FILE_NAME).read_bytes().splitlines()
    assert [b'"version"' in line for line in lines] == [True, False, False, True]


def test_where_the_turns_tell_all_no_line_is_added(tmp_path: Path):
    saved = replace(SAVED, spending=total(entry.spending for entry in TALK))
    folder = kept(tmp_path, saved)
    assert load(folder) == saved
    assert len((folder / FILE_NAME).read_bytes().splitlines()) == 3


def test_a_talk_that_was_killed_has_the_sum_of_its_turns():
    data = header_line(Saved(1.0)) + b"".join(entry_line(entry, at) for at, entry in enumerate(TALK))
    assert read_lines(data, started_at=1.0).spending == HEARD + SAID


@pytest.mark.parametrize(
    "spending",
    [
        '{"cost_usd":-1}',
        '{"cost_usd":1e300}',
        '{"transcribed_s":-3}',
        '{"tokens":{"text_in":-4}}',
        '{"tokens":{"text_in":99999999999999999}}',
        '{"cost_usd":"much"}',
        '{"tokens":[]}',
    ],
)
def test_what_no_conversation_used_costs_its_line_alone(spending: str):
    good = header_line(Saved(1.0, "here")) + entry_line(TALK[0], 0)
    entry = f'{{"entry":{{"item_id":"x","speaker":"you","spending":{spending}}},"index":1}}\n'
    header = f'{{"version":1,"started_at":2.0,"spending":{spending}}}\n'
    saved = read_lines(good + (entry + header).encode(), started_at=1.0)
    assert (saved.service, saved.skipped_lines, len(saved.entries)) == ("here", 2, 1)
    assert saved.spending == HEARD


def exported(form: ExportFormat, spending: Spending | None = SAVED.spending) -> str:
    return render(TALK, 0.0, form, spending=spending, zone=UTC)


def test_json_has_it_by_turn_and_in_all():
    document = json.loads(exported(ExportFormat.JSON))
    assert document["lasted_ms"] == 242_000
    assert document["usage"]["tokens"] == {
        "text_in": 1000, "text_cached": 64, "text_out": 0, "audio_in": 70, "audio_cached": 0, "audio_out": 42,
        "image_in": 0, "image_cached": 0,
    }  # fmt: skip
    assert document["usage"]["cost_usd"] == 0.00905
    assert document["usage"]["has_unpriced"] is False
    assert [turn["usage"]["cost_usd"] for turn in document["turns"]] == [0.00015, 0.0053]
    assert document["turns"][0]["usage"]["transcribed_s"] == 2.0


def test_of_what_nobody_told_the_turns_make_the_sum():
    assert json.loads(exported(ExportFormat.JSON, None))["usage"]["cost_usd"] == 0.00545


@pytest.mark.parametrize(
    ("spending", "text"),
    [
        (SAVED.spending, "1,112 tokens (64 of them cached), 2 s of speech written down, $0.009, in 4 min"),
        (replace(SAID, has_unpriced=True), "212 tokens (64 of them cached), over $0.005, in 4 min"),
        (Spending(TokensByKind(text_in=5), has_unpriced=True), "5 tokens, in 4 min"),
    ],
)
def test_what_is_read_says_it_in_a_line(spending: Spending, text: str):
    assert f"\nused {text}\n" in exported(ExportFormat.TEXT, spending)
    assert f"\n- Used: {text.replace('$', chr(92) + '$')}\n" in exported(ExportFormat.MARKDOWN, spending)


def test_a_short_talk_lasted_less_than_a_minute():
    text = render(TALK[:1], 0.0, ExportFormat.TEXT, zone=UTC)
    assert "\nused 2 s of speech written down, $0.000, in under a minute\n" in text


def test_where_nothing_is_known_nothing_is_said():
    bare = [replace(entry, spending=None) for entry in TALK]
    assert "sed " not in render(bare, 0.0, ExportFormat.TEXT, zone=UTC)
