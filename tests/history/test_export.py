"""Every format holds every word, says what was heard, and stays a well-formed document whatever was said."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import astuple, replace

from app.conversation.transcript import Entry, Latency, Party
from app.history.export import ExportError, ExportFormat, UnknownFormatError, format_of, render
from app.protocol.text import sanitise_text

ZONE = timezone(timedelta(hours=1))
BEGAN = datetime(2026, 11, 24, 14, 2, 7, 250_000, ZONE)

TALK = (
    Entry("u1", Party.USER, "What is the capital of France?", True, True, 4_000, 6_500),
    Entry(
        "a1",
        Party.ASSISTANT,
        "The capital of France is Paris. About two million people live there.",
        True,
        True,
        7_000,
        10_200,
        received_ms=6_800,
        heard_ms=3_200,
        is_interrupted=True,
        latency=Latency(310, 420, 150, 200, 70),
    ),
    Entry("u2", Party.USER, "2 * 3 is <b>?", True, False, 12_000, 12_000),
    Entry("a2", Party.ASSISTANT, "Six", False, False, 12_500, note="The answer is incomplete."),
)


SAYING_SO = (
    *TALK[:2],
    Entry("r1", Party.PROGRAM, "The *line* broke; dialled again.", True, False, 11_000, 11_000),
    *TALK[2:],
)
"""With a line of the program's."""


def export(entries, form: ExportFormat, **about: str) -> str:
    return render(entries, BEGAN.timestamp(), form, zone=ZONE, **about)


def squeezed(text: str) -> str:
    return "".join(text.split())


# ---------------------------------------------------------------- which format


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("talk.md", ExportFormat.MARKDOWN),
        ("/some/where/Talk.JSON", ExportFormat.JSON),
        ("a.b.txt", ExportFormat.TEXT),
        ("x.srt", ExportFormat.SRT),
        ("x.Vtt", ExportFormat.VTT),
    ],
)
def test_the_ending_says_the_format(path: str, form: ExportFormat):
    assert format_of(path) is form


@pytest.mark.parametrize("path", ["talk.doc", "talk", ".md", "", "\x1b]0;x\x07.exe"])
def test_another_ending_is_an_error_that_names_the_known_ones(path: str):
    with pytest.raises(UnknownFormatError, match=r"\.md, \.json, \.txt, \.srt or \.vtt") as caught:
        format_of(path)
    assert isinstance(caught.value, ExportError)
    assert "\x1b" not in str(caught.value)


# ---------------------------------------------------------------- how each looks


def test_markdown():
    assert export(TALK, ExportFormat.MARKDOWN, service="embedded service", model="some_model") == (
        """\
# Conversation, 2026-11-24 14:02

- Began: 2026-11-24 14:02:07+01:00
- Service: embedded service
- Model: some\\_model

**14:02:11 you**

What is the capital of France?

**14:02:14 assistant**

The capital of France is Paris. About ~~two million people live there.~~

*interrupted after 3.2 s; the rest was not heard*

**14:02:19 you**, in writing

2 \\* 3 is \\<b\\>?

**14:02:19 assistant**, in writing

Six

*The answer is incomplete.*

*not complete*
"""
    )


def test_text():
    assert export(TALK, ExportFormat.TEXT, service="embedded service") == (
        """\
Conversation, 2026-11-24 14:02:07+01:00
embedded service

14:02:11 you: What is the capital of France?
14:02:14 assistant: The capital of France is Paris. About [not heard: two million people live there.] \
[interrupted after 3.2 s; the rest was not heard]
14:02:19 you: 2 * 3 is <b>?
14:02:19 assistant: Six [The answer is incomplete.] [not complete]
"""
    )


def test_json():
    document = json.loads(export(TALK, ExportFormat.JSON, service="embedded service", model="m"))
    assert list(document) == ["version", "started_at", "service", "model", "lasted_ms", "usage", "turns", "remarks"]
    assert (document["lasted_ms"], document["usage"]) == (12_500, None)
    assert (document["version"], document["service"], document["model"]) == (1, "embedded service", "m")
    assert datetime.fromisoformat(document["started_at"]) == BEGAN
    assert list(document["turns"][1].items()) == [
        ("item_id", "a1"),
        ("speaker", "assistant"),
        ("text", TALK[1].text),
        ("heard_text", "The capital of France is Paris. About"),
        ("unheard_text", " two million people live there."),
        ("is_final", True),
        ("is_spoken", True),
        ("is_interrupted", True),
        ("started_ms", 7_000),
        ("ended_ms", 10_200),
        ("heard_ms", 3_200),
        ("received_ms", 6_800),
        ("started_at", "2026-11-24T14:02:14.250+01:00"),
        ("note", ""),
        ("latency_ms", {"first_word": 310, "first_sound": 420, "turn": 150, "service": 200, "playback": 70}),
        ("doubtful", []),
        ("usage", None),
    ]
    assert document["turns"][3]["ended_ms"] is None
    assert document["turns"][3]["latency_ms"] is None


def test_srt():
    assert export(TALK, ExportFormat.SRT) == (
        """\
1
00:00:04,000 --> 00:00:06,500
you: What is the capital of France?

2
00:00:07,000 --> 00:00:09,350
assistant: The capital of France is Paris. About

3
00:00:09,350 --> 00:00:10,200
[not heard: two million people live
there.]

4
00:00:12,000 --> 00:00:12,700
you: 2 * 3 is ‹b›?

5
00:00:12,700 --> 00:00:13,400
assistant: Six
"""
    )


def test_vtt():
    lines = export(TALK, ExportFormat.VTT, service="A --> B").split("\n")
    assert lines[:7] == [
        "WEBVTT",
        "",
        "NOTE Conversation, 2026-11-24 14:02, A --&gt; B",
        "",
        "00:00:04.000 --> 00:00:06.500",
        "<v you>What is the capital of France?",
        "",
    ]
    assert "<v you>2 * 3 is &lt;b&gt;?" in lines


def test_lines_of_the_program_are_of_a_kind_of_their_own():
    assert "heard*\n\n*14:02:18 The \\*line\\* broke; dialled again.*\n\n**14:02:19 you**" in export(
        SAYING_SO, ExportFormat.MARKDOWN
    )
    assert "\n14:02:18 [The *line* broke; dialled again.]\n14:02:19 you" in export(SAYING_SO, ExportFormat.TEXT)
    document, without = (json.loads(export(talk, ExportFormat.JSON)) for talk in (SAYING_SO, TALK))
    assert document["turns"] == without["turns"]
    assert without["remarks"] == []
    assert document["remarks"] == [
        {
            "text": "The *line* broke; dialled again.",
            "started_ms": 11_000,
            "started_at": "2026-11-24T14:02:18.250+01:00",
            "after_turns": 2,
        }
    ]


@pytest.mark.parametrize("form", [ExportFormat.SRT, ExportFormat.VTT])
def test_subtitles_are_of_what_was_said(form: ExportFormat):
    assert export(SAYING_SO, form) == export(TALK, form)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_nothing_was_said(form: ExportFormat):
    assert export((), form).endswith("\n")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("1. no list", r"1\. no list"),
        ("17) no list", r"17\) no list"),
        ("twenty-one and 1.5", "twenty-one and 1.5"),
        ("=====", r"\====="),
        ("a_b_c `code` [x](y) | $5 and $6", r"a\_b\_c \`code\` \[x\](y) \| \$5 and \$6"),
        ("two\nlines", "two\n\nlines"),
        ("    indented", "indented"),
        ("&amp; \\", r"\&amp; \\"),
    ],
)
def test_markdown_signs_in_speech_are_only_said(said: str, written: str):
    turn = export([Entry("i", Party.USER, said, True)], ExportFormat.MARKDOWN).partition("**14:02:07 you**\n\n")[2]
    assert turn == written + "\n"


@pytest.mark.parametrize(
    ("text", "heard_ms", "written"),
    [
        ("one two three", 0, "~~one two three~~"),
        ("one two three", 4_000, "one two ~~three~~"),
        ("one two\nthree\nfour", 1_500, "one ~~two~~\n\n~~three~~\n\n~~four~~"),
        ("one two\nthree\nfour", 3_000, "one two\n\n~~three~~\n\n~~four~~"),
        ("one two", 9_000, "one two"),
    ],
)
def test_markdown_strikes_what_was_not_heard_on_every_line(text: str, heard_ms: int, written: str):
    entry = Entry("a", Party.ASSISTANT, text, True, received_ms=8_000, heard_ms=heard_ms, is_interrupted=True)
    turn = export([entry], ExportFormat.MARKDOWN).partition("assistant**\n\n")[2]
    assert turn.rpartition("\n\n")[0] == written


# ---------------------------------------------------------------- cues


def spans(srt: str) -> list[tuple[str, str]]:
    return re.findall(r"^(\S+) --> (\S+)$", srt, re.MULTILINE)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        # (start, end) of each turn -> its one cue
        ([(1_000, 2_000)], [("00:00:01,000", "00:00:02,000")]),
        ([(1_000, None)], [("00:00:01,000", "00:00:01,700")]),
        ([(1_000, 1_000)], [("00:00:01,000", "00:00:01,700")]),
        ([(1_000, -5)], [("00:00:01,000", "00:00:01,700")]),
        ([(-3_000, -1_000)], [("00:00:00,000", "00:00:00,700")]),
        # the second speaks into the first
        ([(1_000, 9_000), (4_000, 6_000)], [("00:00:01,000", "00:00:04,000"), ("00:00:04,000", "00:00:06,000")]),
        # both begin at once: one after the other, each long enough to be read
        ([(1_000, 2_000), (1_000, 3_000)], [("00:00:01,000", "00:00:01,700"), ("00:00:01,700", "00:00:03,000")]),
        # the transcript's order is not the clock's
        ([(5_000, 6_000), (1_000, 2_000)], [("00:00:01,000", "00:00:02,000"), ("00:00:05,000", "00:00:06,000")]),
        ([(3_600_000 * 100, 3_600_000 * 100 + 900)], [("100:00:00,000", "100:00:00,900")]),
    ],
)
def test_when_cues_show(turns, expected):
    entries = [
        Entry(f"i{at}", Party.USER, "word", True, started_ms=start, ended_ms=end)
        for at, (start, end) in enumerate(turns)
    ]
    assert spans(export(entries, ExportFormat.SRT)) == expected


def test_a_long_turn_is_cut_at_words_and_shares_its_time_by_length():
    words = " ".join(f"word{number:03d}" for number in range(100))
    srt = export([Entry("a", Party.ASSISTANT, words, True, started_ms=0, ended_ms=60_000)], ExportFormat.SRT)
    blocks = srt.removesuffix("\n").split("\n\n")
    assert len(blocks) == 10
    for number, block in enumerate(blocks, 1):
        lines = block.split("\n")
        assert lines[0] == str(number)
        assert len(lines[2:]) == 2
        assert all(len(line.removeprefix("assistant: ")) <= 42 for line in lines[2:])
    assert [end for _, end in spans(srt)][-1] == "00:01:00,000"
    assert [start for start, _ in spans(srt)][:2] == ["00:00:00,000", "00:00:06,000"]


def test_a_language_without_spaces_is_cut_too():
    vtt = export([Entry("a", Party.ASSISTANT, "あ" * 200, True)], ExportFormat.VTT)
    assert [line.removeprefix("<v assistant>").count("あ") for line in vtt.split("\n") if "あ" in line] == [
        42,
        42,
        42,
        42,
        32,
    ]


# ---------------------------------------------------------------- properties

TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["word", "-->", "<i>", "&", "\n", "*", "1.", "\x1b[31m", "{\\an8}", "x" * 90, "WEBVTT", "NOTE", "~~", "7"]
        ),
        max_size=60,
    ).map(" ".join),
)
TIMES = st.integers(min_value=-10_000, max_value=10_000_000) | st.sampled_from([-(10**400), 10**400, 2**63, 2**70])
ENTRIES = st.lists(
    st.builds(
        Entry,
        item_id=st.text(min_size=1, max_size=8),
        speaker=st.sampled_from(Party),
        text=TEXTS,
        is_final=st.booleans(),
        is_spoken=st.booleans(),
        started_ms=TIMES,
        ended_ms=st.none() | TIMES,
        received_ms=st.integers(0, 60_000) | TIMES,
        heard_ms=st.none() | st.integers(0, 60_000) | TIMES,
        is_interrupted=st.booleans(),
        note=TEXTS,
        latency=st.none() | st.builds(Latency, *[st.none() | TIMES] * 5),
    ),
    max_size=8,
)


YEAR_MS = 366 * 86_400_000


def in_range(ms: int | None) -> int | None:
    return None if ms is None else min(max(ms, 0), YEAR_MS)


def harmless(entry: Entry) -> Entry:
    """What an export may tell of it."""
    times = {name: in_range(getattr(entry, name)) for name in ("started_ms", "ended_ms", "received_ms", "heard_ms")}
    latency = entry.latency and Latency(*map(in_range, astuple(entry.latency)))
    item_id = " ".join(sanitise_text(entry.item_id).split())
    return replace(entry, item_id=item_id, text=sanitise_text(entry.text), latency=latency, **times)


@pytest.mark.parametrize("form", list(ExportFormat))
@pytest.mark.parametrize("started_at", [1e300, -1e18, -1.0, 0.0, float("nan"), float("inf"), float("-inf"), 4e10, 1e15])
@pytest.mark.parametrize("zone", [None, ZONE])
def test_a_beginning_that_no_calendar_has_is_no_reason_not_to_export(form: ExportFormat, started_at: float, zone):
    late = replace(TALK[0], started_ms=10**400, ended_ms=-(10**400))
    assert "What is the capital" in render([*TALK, late], started_at, form, zone=zone)


PLAIN_FIELDS = (
    *("item_id", "text", "is_final", "is_spoken", "is_interrupted"),
    *("started_ms", "ended_ms", "heard_ms", "received_ms"),
)


@given(ENTRIES)
def test_json_gives_back_every_field(entries):
    document = json.loads(export(entries, ExportFormat.JSON))
    turns = document["turns"]
    assert [remark["text"] for remark in document["remarks"]] == [
        sanitise_text(entry.text) for entry in entries if not entry.is_turn
    ]
    entries = [entry for entry in entries if entry.is_turn]
    assert len(turns) == len(entries)
    for turn, entry in zip(turns, map(harmless, entries), strict=True):
        latency = turn["latency_ms"]
        read = Entry(
            note=entry.note,
            latency=latency and Latency(**{f"{name}_ms": ms for name, ms in latency.items()}),
            speaker=Party(turn["speaker"]),
            **{name: turn[name] for name in PLAIN_FIELDS},
        )
        assert read == entry
        assert (turn["heard_text"], turn["unheard_text"]) == (entry.heard_text, entry.unheard_text)
        began = datetime.fromisoformat(turn["started_at"])
        assert began == BEGAN + timedelta(milliseconds=entry.started_ms)


@given(ENTRIES)
def test_every_word_is_in_the_text(entries):
    text = export(entries, ExportFormat.TEXT)
    assert len(text.splitlines()) == 2 + len(entries)
    for entry in map(harmless, entries):
        assert all(word in text for word in entry.heard_text.split() + entry.unheard_text.split())


@given(ENTRIES)
def test_a_markdown_reader_sees_every_word_and_no_sign_of_the_speakers(entries):
    tokens = MarkdownIt("commonmark").enable(["strikethrough", "table"]).parse(export(entries, ExportFormat.MARKDOWN))
    body = tokens[next(at for at, token in enumerate(tokens) if token.type == "bullet_list_close") + 1 :]
    assert {token.type for token in body} <= {"paragraph_open", "inline", "paragraph_close"}
    said = [part for token in body for part in token.children or ()]
    # struck, bold (the speaker) and in italics (the remark): only ours, each opened and closed
    signs = [part.type for part in said if part.type != "text"]
    ours = {"s_open", "s_close", "strong_open", "strong_close", "em_open", "em_close"}
    assert set(signs) <= ours
    assert signs.count("strong_open") == sum(entry.is_turn for entry in entries)
    words = "".join(squeezed(part.content) for part in said)
    for entry in map(harmless, entries):
        assert squeezed(entry.text) in words
        assert not (entry.is_turn and entry.unheard_text.strip()) or "s_open" in signs


def cue_blocks(document: str, point: str) -> list[tuple[int, int, str]]:
    """Read as a player reads: blocks between empty lines, times first, then lines of text."""
    found = []
    clock = rf"(\d\d+):([0-5]\d):([0-5]\d)\{point}(\d\d\d)"
    for block in document.removesuffix("\n").split("\n\n"):
        lines = block.split("\n")
        lines = lines[1:] if point == "," else lines
        times = re.fullmatch(f"{clock} --> {clock}", lines[0])
        assert times, block
        h1, m1, s1, ms1, h2, m2, s2, ms2 = map(int, times.groups())
        start_ms, end_ms = ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
        assert 1 <= len(lines[1:]) <= 2
        assert all("-->" not in line for line in lines[1:])
        found.append((start_ms, end_ms, "\n".join(lines[1:])))
    return found


def in_order(found: list[tuple[int, int, str]]) -> None:
    moments = [moment for start_ms, end_ms, _ in found for moment in (start_ms, end_ms)]
    assert moments == sorted(moments)
    assert all(start_ms < end_ms for start_ms, end_ms, _ in found)


def by_clock(entries) -> list[Entry]:
    turns = (entry for entry in map(harmless, entries) if entry.is_turn and entry.text.strip())
    return sorted(turns, key=lambda turn: turn.started_ms)


def marked(entry: Entry) -> str:
    """All words of a turn, those that were not heard in brackets."""
    unheard = entry.unheard_text
    return entry.heard_text + (f"[not heard: {unheard}]" if unheard.strip() else "")


@given(ENTRIES)
def test_srt_is_well_formed_in_order_and_whole(entries):
    srt = export(entries, ExportFormat.SRT)
    if not by_clock(entries):
        assert srt == "\n"
        return
    numbers = [block.split("\n")[0] for block in srt.removesuffix("\n").split("\n\n")]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    found = cue_blocks(srt, ",")
    in_order(found)
    assert "<" not in srt
    assert "{" not in srt
    said = ""
    for entry in by_clock(entries):
        said += squeezed(f"{entry.speaker}:{marked(entry)}").translate(str.maketrans("<>{}", "‹›()"))
    assert "".join(squeezed(text) for _, _, text in found) == said


@given(ENTRIES)
def test_vtt_is_well_formed_in_order_and_whole(entries):
    head, note, *rest = export(entries, ExportFormat.VTT).split("\n\n", 2)
    assert head == "WEBVTT"
    assert note.startswith("NOTE ")
    if not by_clock(entries):
        return
    found = cue_blocks(rest[0], ".")
    in_order(found)
    said = ""
    for _, _, text in found:
        voice, _, words = text.partition(">")
        assert voice in ("<v you", "<v assistant")
        assert "<" not in words
        assert ">" not in words
        said += words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert squeezed(said) == "".join(squeezed(marked(entry)) for entry in by_clock(entries))


@given(ENTRIES, st.sampled_from(ExportFormat))
def test_every_document_can_be_written_and_shown(entries, form):
    document = export(entries, form, service="\x1b[2J\ud800", model="m\u202e")
    assert document.encode()
    assert sanitise_text(document) == document
    assert document.endswith("\n")
