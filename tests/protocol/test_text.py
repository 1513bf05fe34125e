"""What a terminal would obey never passes; what people write does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol.text import one_line, sanitise_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain words", "plain words"),
        ("\x1b]0;title\x07gone", "]0;titlegone"),
        ("\x1b]52;c;Zm9v\x1b\\", "]52;c;Zm9v\\"),
        ("\x9b2Jc1", "2Jc1"),
        ("a\u202eb\u2066c\u2069", "abc"),
        ("line\r\nend\rlast\u2028x", "line\nend\nlast\nx"),
        ("tab\tstays", "tab\tstays"),
        ("family 👨‍👩‍👧 and 漢字 and e\u0301", "family 👨‍👩‍👧 and 漢字 and e\u0301"),
        ("half \ud83d pair", "half  pair"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
    ],
)
def test_sanitise_table(raw: str, clean: str):
    assert sanitise_text(raw) == clean


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_nothing_that_a_terminal_obeys_remains(text: str):
    clean = sanitise_text(text)
    assert all(char in "\n\t" or (ord(char) >= 0x20 and not 0x7F <= ord(char) <= 0x9F) for char in clean)
    assert sanitise_text(clean) == clean
    clean.encode()


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_one_line_is_one_line(text: str, limit: int):
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit
