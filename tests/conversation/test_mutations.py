"""A service that makes mistakes in anything it says: nothing raises, and nothing absurd or harmful is shown."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.conversation.effects import Notice, Play
from app.conversation.session import Mode, SessionSettings
from app.history.export import ExportFormat, render
from app.history.jsonl import entry_line, read_lines
from app.protocol.codec import (
    Dialect,
    MalformedEventError,
    decode_server_event,
    encode_client_event,
    encode_server_event,
)
from app.protocol.server_events import SessionCreated
from app.protocol.text import sanitise_text
from tests.conversation.driver import Talk
from tests.mutations import SCRIPTS, mutated

MOST_USD = 1_000
"""More than all responses of a script could cost together."""


def hold_conversation(frames: list[str], chance: Random) -> Talk:
    """Let the conversation hear the frames, in either dialect, the user doing something now and then."""
    dialect = chance.choice([Dialect.GA, Dialect.GA, Dialect.BETA])
    talk = Talk(SessionSettings(mode=chance.choice(list(Mode))), ready=False)
    is_connected = False
    for frame in frames:
        talk.later(chance.choice([0, 20, 500, 6_000]))
        try:
            event = decode_server_event(frame, dialect)
        except MalformedEventError:
            continue
        json.loads(encode_server_event(event))
        if not is_connected and isinstance(event, SessionCreated):
            talk(talk.conversation.connected(event, talk.now_ms))
            is_connected = True
        else:
            talk.hear(event)
        _answer_like_a_shell(talk, chance)
    for _ in range(4):
        talk.later(20_000).tick()
    talk.lose()
    return talk


def _answer_like_a_shell(talk: Talk, chance: Random) -> None:
    for play in talk.of(Play):
        if chance.random() < 0.5:
            talk.sounding(play.item_id)
            talk.played_out(play.item_id)
    match chance.randrange(12):
        case 0:
            talk.type("Hello.")
        case 1:
            talk.stop_key()
        case 2:
            talk.talk_key()
        case 3:
            talk.tick()


def check(talk: Talk) -> None:
    """What a user would see of it."""
    status = talk.conversation.status
    spending = status.spending
    assert spending.cost_usd is None or 0 <= spending.cost_usd < MOST_USD
    assert 0 <= spending.tokens.cached <= spending.tokens.total < 10**9
    assert status.answered_ms is None or 0 <= status.answered_ms < 10**7
    shown = [each.text for each in talk.effects if isinstance(each, Notice)]
    entries = talk.conversation.entries
    shown += [text for entry in entries for text in (entry.item_id, entry.text, entry.note)]
    for text in (*shown, status.model):
        assert sanitise_text(text) == text
    assert all("\n" not in text for text in shown[: -3 * len(entries) or None])
    for event in talk.all_sent:
        for dialect in Dialect:
            json.loads(encode_client_event(event, dialect))
    saved = read_lines(b"".join(entry_line(entry, at) for at, entry in enumerate(entries)), started_at=1.0)
    assert (len(saved.entries), saved.skipped_lines) == (len(entries), 0)
    for form in ExportFormat:
        assert render(entries, 1_790_000_000.0, form, model=status.model).encode()


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_a_service_that_makes_mistakes(chance: Random):
    check(hold_conversation(mutated(chance), chance))


@pytest.mark.parametrize("at", range(len(SCRIPTS)))
def test_each_script_as_it_is(at: int):
    check(hold_conversation([json.dumps(event) for event in SCRIPTS[at]], Random(at)))
