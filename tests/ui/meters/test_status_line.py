"""The header: what it says, and what it leaves out first."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from textual.app import App

from app.conversation.session import Mode, SessionSettings
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import NearLimit, State, Status
from app.conversation.usage import Spending, TokensByKind
from app.ui.meters.status_line import (
    HeaderLine,
    Piece,
    cost_piece,
    elapsed_text,
    laid_out,
    near_limit_piece,
    time_left_piece,
)

NOW = 1_800_000_000.0
BUSY = Status(
    state=State.LISTENING,
    model="gpt-realtime-2.1",
    expires_at=int(NOW) + 56 * 60 + 30,
    answered_ms=420,
    median_answered_ms=510,
    spending=Spending(TokensByKind(text_in=1000, audio_out=204), cost_usd=0.0041),
)


def shown(line, width, **methods) -> str:
    """The line's text on a screen of this width, after these methods were called."""

    class LineApp(App[None]):
        CSS_PATH = Path(__file__).parents[3] / "app.tcss"

        def compose(self):
            yield line

    async def whole():
        app = LineApp()
        async with app.run_test(size=(width, 3)) as pilot:
            for name, value in methods.items():
                getattr(line, name)(value)
            await pilot.pause()
            return line.text

    return asyncio.run(whole())


def header_line(width, status=BUSY, **more):
    return shown(HeaderLine("embedded service", NOW - 252), width, show_status=status, **more)


@pytest.mark.parametrize(
    ("width", "left", "right"),
    [
        (
            140,
            "realtime   embedded service · hands-free · gpt-realtime-2.1",
            "answer 0.42 s, median 0.51 s   1,204 tokens  $0.004   04:12   56 min left",
        ),
        (110, "realtime   embedded service · hands-free", "answer 0.42 s   1,204 tokens  $0.004   04:12   56 min left"),
        (80, "embedded service · hands-free", "answer 0.42 s   $0.004   04:12   56 min left"),
        (60, "hands-free", "answer 0.42 s   $0.004   04:12   56 min left"),
        (50, "hands-free", "answer 0.42 s   04:12   56 min left"),
        (40, "hands-free", "56 min left"),
        (20, "hands-free", ""),
        (8, "", ""),
    ],
)
def test_what_leaves_the_header_when_it_gets_narrow(width, left, right):
    text = header_line(width, tick=NOW)
    assert text.startswith(f" {left}   " if right else f" {left}"[: len(text)])
    assert text.endswith(right)
    assert text.split() == [*left.split(), *right.split()]
    assert len(text) < width or not text


def test_the_sound_server_is_named_where_there_is_one():
    line = HeaderLine("embedded service", NOW - 252)
    line.show_service("embedded service", "PulseAudio")
    assert (
        shown(line, 110, show_status=Status()).rstrip().endswith("embedded service · hands-free · sound by PulseAudio")
    )


def test_nothing_is_said_that_is_not_known():
    assert header_line(110, Status()).split() == ["realtime", "embedded", "service", "·", "hands-free"]


def test_without_a_price_there_is_no_cost():
    assert "$" not in header_line(200, Status(spending=Spending(TokensByKind(text_in=5))))


def test_the_header_says_where_one_is():
    settings = SessionSettings(mode=Mode.PUSH_TO_TALK)
    status = Status(State.READY, settings, expires_at=int(NOW) + 3400)
    text = shown(HeaderLine("Azure OpenAI", NOW - 252), 110, show_status=status, tick=NOW)
    assert text.startswith(" realtime   Azure OpenAI · push-to-talk   ")
    assert text.endswith("   04:12   56 min left")


@pytest.mark.parametrize(
    ("standing", "sign"), [(Standing.AGREED, " "), (Standing.DIFFERENT, "≠"), (Standing.REFUSED, "✗")]
)
def test_the_header_marks_a_mode_that_the_service_does_not_have(standing, sign):
    settings = SessionSettings(mode=Mode.PUSH_TO_TALK)
    status = Status(settings=settings, standings={"mode": SettingStanding(standing)})
    assert f"· push-to-talk {sign}" in header_line(110, status, tick=NOW)


@pytest.mark.parametrize(
    ("seconds", "text", "role"),
    [
        (3600, "60 min left", "dim"),
        (301, "5 min left", "dim"),
        (299, "4 min left", "warning"),
        (60, "1 min left", "warning"),
        (59, "under 1 min left", "warning"),
        (-5, "under 1 min left", "warning"),
    ],
)
def test_the_end_of_a_session_comes_nearer(seconds, text, role):
    piece = time_left_piece(int(NOW) + seconds, NOW, 3)
    assert (piece.text, piece.role) == (text, role)


@pytest.mark.parametrize("seconds", [86_401, 10**9, -3_601, -(10**9)])
def test_an_end_that_cannot_be_meant_is_not_shown(seconds: int):
    assert time_left_piece(int(NOW) + seconds, NOW, 3).text == ""


def test_a_near_end_is_worth_most():
    assert time_left_piece(int(NOW) + 10, NOW, 3).worth < time_left_piece(int(NOW) + 1000, NOW, 3).worth


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (-1, "00:00"), (252, "04:12"), (3599.9, "59:59"), (3852, "1:04:12")]
)
def test_elapsed_time(seconds, text):
    assert elapsed_text(seconds) == text


@pytest.mark.parametrize(
    ("cost_usd", "budget_usd", "text", "role"),
    [
        (None, None, "", "dim"),
        (None, 1.0, "", "dim"),
        (0.0041, None, "$0.004", "dim"),
        (0.0041, 1.0, "$0.004 of $1.00", "dim"),
        (0.79, 1.0, "$0.79 of $1.00", "dim"),
        (0.8, 1.0, "$0.80 of $1.00", "warning"),
        (1.2, 1.0, "$1.20 of $1.00", "warning"),
    ],
)
def test_cost(cost_usd, budget_usd, text, role):
    piece = cost_piece(Spending(cost_usd=cost_usd), budget_usd)
    assert (piece.text, piece.role) == (text, role)


ALL = replace(
    BUSY, round_trip_ms=34, budget_usd=0.005, near_limit=NearLimit("requests", 12, 8), median_answered_ms=None
)


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (160, "answer 0.42 s   line 34 ms   12 requests left, more in 8 s   1,204 tokens  $0.004 of $0.005"),
        (80, "answer 0.42 s   12 requests left, more in 8 s   $0.004 of $0.005"),
        (60, "  $0.004 of $0.005"),
    ],
)
def test_what_is_near_its_end_stays_longer(width, text):
    assert header_line(width, ALL).endswith(f" {text}")


@pytest.mark.parametrize(
    ("near", "text"),
    [
        (None, ""),
        (NearLimit("tokens", 4_000, None), "4,000 tokens left"),
        (NearLimit("requests", 0, 1), "0 requests left, more in 1 s"),
    ],
)
def test_a_limit_that_is_near(near, text):
    assert near_limit_piece(near).text == text


PIECES = st.lists(st.builds(Piece, st.text("ab語", max_size=12), st.integers(1, 9)), max_size=5)


@given(PIECES, PIECES, st.integers(0, 80))
def test_a_line_is_never_too_long_and_the_worthiest_stay(left, right, width):
    line = "".join(text for text, _ in laid_out(left, right, width))
    assert cell_len(line) <= max(0, width)
    if not line and (worthy := sorted((p for p in (*left, *right) if p.text), key=lambda p: p.worth)):
        assert cell_len(worthy[0].text) + 2 > width
