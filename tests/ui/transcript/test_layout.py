"""Entries as rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from app.conversation.transcript import Entry, Latency, Party
from app.conversation.usage import Spending
from app.ui.transcript.layout import INDENT, Block, Look, StyledText, lay_out, marked, plain
from tests.ui.fakes import assistant, program, user

WORDS = "The capital of France is Paris. About two million people live in the city itself, and more in the region."


def clock(ms: int) -> str:
    return f"14:02:{ms // 1000:02}"


def lines(block: Block) -> list[str]:
    return [plain(block.row(number, clock)).rstrip() for number in range(block.height)]


def looks(block: Block, look: Look) -> str:
    return "".join(p.text for n in range(block.height) for p in block.row(n, clock) if p.look is look)


def table(entry: Entry, width: int = 40, *, is_open: bool = False) -> list[str]:
    return lines(lay_out(entry, width, is_open=is_open))


def test_a_turn_is_headline_words_and_an_empty_row() -> None:
    assert table(user("What time is it in the whole of the wide world?", started_ms=11_000)) == [
        " 14:02:11  you",
        "   What time is it in the whole of the",
        "   wide world?",
        "",
    ]


def test_latency_stands_at_the_right() -> None:
    entry = assistant(latency=Latency(first_word_ms=300, first_sound_ms=420), started_ms=14_000)
    assert table(entry)[0] == " 14:02:14  assistant             0.42 s"
    assert cell_len(table(entry)[0]) == 40 - 1


@pytest.mark.parametrize("width", [14, 20, 24])
def test_where_there_is_no_room_for_it_the_latency_is_left_out(width: int) -> None:
    entry = assistant(latency=Latency(first_word_ms=420))
    assert table(entry, width)[0] == " 14:02:00  assistant"


@pytest.mark.parametrize(
    ("cost_usd", "has_unpriced", "width", "right"),
    [
        (0.0041, False, 40, "$0.004   0.42 s"),
        (0.0041, True, 46, "over $0.004   0.42 s"),
        (0.0041, False, 35, "assistant        0.42 s"),  # no room for both
        (0.0005, False, 40, "$0.001   0.42 s"),
        (0.0004, False, 40, "assistant             0.42 s"),
        (None, True, 40, "assistant             0.42 s"),
    ],
)
def test_what_an_answer_cost_stands_before_its_latency(
    cost_usd: float | None, has_unpriced: bool, width: int, right: str
) -> None:
    spending = Spending(cost_usd=cost_usd, has_unpriced=has_unpriced)
    entry = assistant(latency=Latency(first_word_ms=420), spending=spending)
    assert table(entry, width)[0].endswith(right)
    assert cell_len(table(entry, width)[0]) == width - 1


def test_what_writing_down_costs_is_in_the_sum_alone() -> None:
    assert table(user(spending=Spending(cost_usd=0.02)))[0] == " 14:02:00  you"


def test_a_partial_says_so_and_looks_otherwise() -> None:
    block = lay_out(user("And in the", is_final=False), 40)
    assert lines(block)[0] == " 14:02:00  you                  partial"
    assert lines(block)[1] == "   And in the …"
    assert looks(block, Look.PARTIAL) == "And in the …"
    assert looks(lay_out(user("And in the"), 40), Look.PARTIAL) == ""


def test_a_turn_whose_words_have_not_come_shows_that_they_will() -> None:
    assert table(user("", is_final=False))[1:] == ["   …", ""]


def test_typed_words_say_so() -> None:
    assert table(user(is_spoken=False))[0].endswith("typed")


def test_the_speaker_of_a_live_turn_has_the_accent() -> None:
    assert looks(lay_out(assistant(is_final=False), 40), Look.LIVE) == "assistant"
    assert looks(lay_out(assistant(ended_ms=None), 40), Look.LIVE) == "assistant"
    assert looks(lay_out(assistant(), 40), Look.LIVE) == ""
    assert looks(lay_out(assistant(), 40), Look.ASSISTANT) == "assistant"


def test_what_was_not_heard_is_marked_cut_and_said() -> None:
    entry = assistant(WORDS, received_ms=10_000, heard_ms=3_200, is_interrupted=True)
    block = lay_out(entry, 34)
    assert lines(block)[1:] == [
        "   The capital of France is",
        "   Paris. About two million",
        "   people live in the city …",
        "   interrupted after 3.2 s; the",
        "   rest was not heard (+2 lines)",
        "",
    ]
    assert looks(block, Look.WORDS) == "The capital of France isParis. About"
    assert looks(block, Look.UNHEARD) == "two millionpeople live in the city…"


@pytest.mark.parametrize("text", ["It is noon. ", "It is noon.   And ", " It is"])
@pytest.mark.parametrize("heard_ms", [0, 500, 1400, 1990])
def test_no_blank_at_an_end_is_struck(text: str, heard_ms: int) -> None:
    block = lay_out(assistant(text, received_ms=2000, heard_ms=heard_ms, is_interrupted=True), 40)
    for number in range(block.height):
        for piece in block.row(number, lambda _: "12:00:00"):
            assert piece.look is not Look.UNHEARD or piece.text == piece.text.strip(" ")
    assert "".join(lines(block)[1]).strip() == text.strip()


def test_opened_it_shows_every_word_that_was_not_heard() -> None:
    entry = assistant(WORDS, received_ms=10_000, heard_ms=3_200, is_interrupted=True)
    block = lay_out(entry, 40, is_open=True)
    assert looks(block, Look.UNHEARD).endswith("and more in the region.")
    assert "(+" not in looks(block, Look.INTERRUPTED)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (assistant(heard_ms=0, is_interrupted=True), "interrupted before anything was heard"),
        (assistant(heard_ms=None, is_interrupted=True), "interrupted before anything was heard"),
        (assistant(heard_ms=2000, is_interrupted=True), "interrupted after 2.0 s"),
        (assistant(is_spoken=False, is_interrupted=True), "interrupted"),
        (assistant(heard_ms=500, is_interrupted=True), "interrupted after 0.5 s; the rest was not heard"),
    ],
)
def test_an_interruption_in_words(entry: Entry, says: str) -> None:
    assert looks(lay_out(entry, 80), Look.INTERRUPTED) == says


def test_a_note_is_a_warning_below() -> None:
    block = lay_out(user("", note="The words could not be written down."), 60)
    assert lines(block)[1:] == ["   ! The words could not be written down.", ""]
    assert looks(block, Look.NOTE) == "! The words could not be written down."


def test_markup_and_brackets_are_only_characters() -> None:
    assert "   [@click=app.quit]x[/] [/" in table(assistant("[@click=app.quit]x[/] [/"))


@given(
    st.text(st.sampled_from("ab  \n東é👍[]"), max_size=200), st.integers(12, 60), st.booleans(), st.integers(0, 2000)
)
def test_every_row_fits(text: str, width: int, is_interrupted: bool, heard_ms: int) -> None:
    entry = assistant(text, is_interrupted=is_interrupted, heard_ms=heard_ms, note="a note that is long enough to wrap")
    block = lay_out(replace(entry, is_final=False), width)
    assert all(cell_len(line) <= max(width, 20) for line in lines(block))
    assert block.row(block.height - 1, clock) == ()


@given(st.text(max_size=80), st.text(max_size=80))
def test_laying_out_a_grown_entry_again_is_as_doing_it_at_once(text: str, more: str) -> None:
    before = lay_out(assistant(text), 30)
    assert lay_out(assistant(text + more), 30, before=before) == lay_out(assistant(text + more), 30)


ROW = (StyledText("abc", Look.WORDS), StyledText("def", Look.UNHEARD))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 3, [("abc", Look.MATCH), ("def", Look.UNHEARD)]),
        (2, 4, [("ab", Look.WORDS), ("c", Look.MATCH), ("d", Look.MATCH), ("ef", Look.UNHEARD)]),
        (5, 99, [("abc", Look.WORDS), ("de", Look.UNHEARD), ("f", Look.MATCH)]),
        (4, 4, [("abc", Look.WORDS), ("def", Look.UNHEARD)]),
        (-3, 1, [("a", Look.MATCH), ("bc", Look.WORDS), ("def", Look.UNHEARD)]),
    ],
)
def test_marks(start: int, end: int, expected: list[tuple[str, Look]]) -> None:
    assert [(piece.text, piece.look) for piece in marked(ROW, [(start, end, Look.MATCH)])] == expected


def test_a_line_of_the_program_looks_like_nobodys_turn() -> None:
    block = lay_out(program("The service ended the session at its longest duration."), 40)
    assert lines(block) == [
        " 14:02:15  ── realtime ──",
        "   The service ended the session at its",
        "   longest duration.",
        "",
    ]
    assert looks(block, Look.PROGRAM) == "── realtime ──"


def test_words_of_which_the_service_is_not_sure_look_so_over_the_end_of_a_row():
    text = "I saw the cat of Ann-Marie"
    entry = Entry("u1", Party.USER, text, True, doubtful=((2, 5), (17, 26)))
    block = lay_out(entry, INDENT + 1 + 12)
    doubtful = [
        [piece.text for piece in block.row(number, lambda _: "") if piece.look is Look.DOUBT]
        for number in range(1, block.height)
    ]
    assert ["".join(row) for row in doubtful if row] == ["saw", "Ann-Marie"]
    assert [plain(block.row(number, lambda _: "")).strip() for number in (1, 2)] == ["I saw the", "cat of"]


def speaking(text: str = WORDS, **fields: object) -> Entry:
    return assistant(text, **{"is_final": False, "heard_ms": None, "ended_ms": None, "received_ms": 10_000, **fields})


def test_what_has_sounded_is_bright_what_waits_is_dim_and_all_of_it_is_shown() -> None:
    block = lay_out(speaking(), 40)
    assert looks(block, Look.WORDS) == ""
    half = block.heard_for(5_000)
    bright, dim = looks(half, Look.WORDS), looks(half, Look.WAITING)
    assert WORDS.startswith(bright[:20])
    assert bright.endswith(" people")  # at the end of a word
    assert dim.strip().startswith("live")
    assert half.height == block.height
    assert not looks(half, Look.UNHEARD)


def test_the_seam_stays_while_more_words_come_and_never_goes_back() -> None:
    before = lay_out(speaking(WORDS[:40], received_ms=4_000), 40).heard_for(3_000)
    after = lay_out(speaking(), 40, before=before)
    assert after.heard == before.heard
    assert after.heard_for(1_000) is after
    assert after.heard_for(9_000).heard > before.heard
    assert lay_out(speaking(), 24, before=after).heard == after.heard  # another width


def test_an_interruption_freezes_the_seam() -> None:
    seam = lay_out(speaking(), 40).heard_for(5_000)
    cut = lay_out(replace(seam.entry, is_interrupted=True, heard_ms=5_000, ended_ms=9), 40, before=seam)
    assert cut.heard == seam.heard
    assert looks(cut, Look.UNHEARD)
    assert not looks(cut, Look.WAITING)
    assert cut.heard_for(9_000) is cut


@pytest.mark.parametrize("entry", [user(is_final=False), assistant(), speaking(is_spoken=False), program()])
def test_what_does_not_sound_has_no_seam(entry: Entry) -> None:
    assert not looks(lay_out(entry, 40), Look.WAITING)


@given(st.text(st.sampled_from("ab 東\n👍\t"), max_size=60), st.lists(st.integers(0, 12_000), max_size=6))
def test_the_seam_only_goes_on_and_parts_the_words_in_two(text: str, heards_ms: list[int]) -> None:
    block = lay_out(speaking(text), 24)
    for heard_ms in heards_ms:
        heard, block = block.heard, block.heard_for(heard_ms)
        assert heard <= block.heard <= len(block.words)
        shown = [letter for letter in "".join(lines(block)[1:]) if letter not in " …"]
        parted = looks(block, Look.WORDS) + looks(block, Look.WAITING)
        assert [letter for letter in parted if letter not in " …"] == shown
