from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.engines.speakable_text import LONGEST_CHARACTERS, SentenceSplitter


def sentences(fragments):
    splitter = SentenceSplitter()
    pieces = [piece for fragment in fragments for piece in splitter.feed(fragment)]
    return pieces + splitter.finish()


def cut(text: str) -> list[str]:
    return [piece.strip() for piece in sentences(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("Hello", ["Hello"]),
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("It is 3.14 or so. Good.", ["It is 3.14 or so.", "Good."]),
        ("Dr. Smith met Mrs. Jones. They talked.", ["Dr. Smith met Mrs. Jones.", "They talked."]),
        ("Use a tool, e.g. Python. It works.", ["Use a tool, e.g. Python.", "It works."]),
        ("J. K. Rowling wrote it. I read it.", ["J. K. Rowling wrote it.", "I read it."]),
        ("So did I. You too.", ["So did I.", "You too."]),
        ("See no. 7 of it. No. That is all.", ["See no. 7 of it.", "No.", "That is all."]),
        ("Well... perhaps. Yes.", ["Well... perhaps.", "Yes."]),
        ("Well\u2026 perhaps. Yes.", ["Well\u2026 perhaps.", "Yes."]),
        ("Wait... What was that?", ["Wait...", "What was that?"]),
        ('He said "Stop!" Then he left.', ['He said "Stop!"', "Then he left."]),
        ('"Really?" he asked. "Yes."', ['"Really?" he asked.', '"Yes."']),
        ("(It rained.) We stayed.", ["(It rained.)", "We stayed."]),
        ("What?! No!", ["What?!", "No!"]),
        ("Two things:\n1. The first one\n2. The second one", ["Two things:", "1. The first one", "2. The second one"]),
        ("A title\n\nThe text goes here.", ["A title", "The text goes here."]),
        ("The year was 1999. Then came 2000.", ["The year was 1999.", "Then came 2000."]),
        ("Visit example.com now. Bye.", ["Visit example.com now.", "Bye."]),
        ("Yes, one, two, three. Four.", ["Yes, one, two, three.", "Four."]),
    ],
)
def test_where_sentences_end(text, pieces):
    assert cut(text) == pieces


def test_a_long_first_sentence_begins_with_its_first_clause_and_only_the_first():
    long = "When the first of the ships came back to the harbour in spring, nobody waited, since nobody had known."
    assert cut(f"{long} {long}") == [
        "When the first of the ships came back to the harbour in spring,",
        "nobody waited, since nobody had known.",
        long,
    ]


def test_a_piece_comes_with_the_first_letter_of_the_next():
    splitter = SentenceSplitter()
    assert splitter.feed("It is 3.") == []
    assert splitter.feed("14. ") == []
    assert splitter.feed("S") == ["It is 3.14. "]
    assert splitter.feed("o it is.") == []
    assert splitter.finish() == ["So it is."]
    assert splitter.finish() == []


def test_text_without_any_stop_is_cut_between_words():
    text = "word " * 200
    pieces = sentences([text])
    assert len(pieces) >= 4
    assert all(piece.endswith("word ") for piece in pieces)


def test_a_stop_beyond_the_longest_piece_does_not_make_a_longer_one():
    text = "word " * 80 + "end. Next."
    assert all(len(piece) <= LONGEST_CHARACTERS for piece in sentences([text]))


WRITING = st.text(alphabet=st.sampled_from("aB1 .,!?\u2026\n\"')-\u2003é"), max_size=900)


@given(WRITING | st.text(max_size=100), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_the_pieces_joined_are_the_text_however_it_comes(text, sizes):
    fragments, at = [], 0
    while at < len(text):
        size = sizes[len(fragments) % len(sizes)]
        fragments.append(text[at : at + size])
        at += size
    pieces = sentences(fragments)
    assert "".join(pieces) == text
    assert all(piece.strip() for piece in pieces) or not text.strip()
    assert all(len(piece.strip()) <= LONGEST_CHARACTERS for piece in pieces)


@given(WRITING)
def test_fragments_change_nothing_about_the_pieces(text):
    assert sentences(text) == sentences([text])
