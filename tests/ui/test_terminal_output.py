"""Whatever a widget is given, nothing that a terminal would obey comes out of it, and every row keeps its width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.widgets import Label, Static

from app.conversation.effects import Notice, Severity
from app.live.events import Ended
from app.protocol.text import sanitise_text
from app.ui.terminal_output import HARMLESS
from tests.ui.conftest import Drive

HARMFUL = "\x1b]0;EVIL\x07\x9b2JEVIL\x85\u202eEVIL\u2066\x7f\U000e0041EVIL\x08\x0e"
BLACK = Color(0, 0, 0)

strange = st.text(st.characters(codec=None) | st.sampled_from(HARMFUL), max_size=30)


@given(st.lists(strange, max_size=4))
def test_a_row_is_harmless_and_as_wide_as_before(texts: list[str]):
    before = [Segment(text) for text in texts]
    after = HARMLESS.apply(before, BLACK)
    for one, other in zip(before, after, strict=True):
        assert sanitise_text(other.text) == other.text
        assert "\n" not in other.text
        assert cell_len(other.text) == cell_len(one.text)
    assert HARMLESS.apply(after, BLACK) == after


@given(strange)
def test_sentences_are_harmless_as_they_are_made(text: str):
    for made in (Notice(text).text, Ended(text).why):
        assert sanitise_text(made) == made
        assert "\n" not in made


async def test_any_widget_on_any_screen(drive: Drive):
    async with drive() as run:
        await run.main.mount(Label(HARMFUL, markup=False), Static(HARMFUL, markup=False))
        run.app.notify(HARMFUL, title=HARMFUL, markup=False)
        run.app._receive(Notice(HARMFUL, Severity.ERROR))
        await run.pilot.pause()
        assert run.text.count("EVIL") >= 8
        assert sanitise_text(run.text) == run.text
