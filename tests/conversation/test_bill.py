"""The budget: told once at four fifths and once at all of it, and where the user said so, nothing more is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation.bill import CLOSED, HELD_BACK, Budget
from app.conversation.session import Mode, SessionChange, SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Party
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities
from app.protocol.client_events import InputAppend, InputCommit, ItemCreate, ResponseCreate
from app.protocol.items import OutputTokens, Usage
from app.protocol.server_events import SessionCreated, SessionUpdated
from app.protocol.session import Session
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk, kinds

CENT = 10_000 / 24  # tokens of text out, at 24 dollars a million


def spend(talk: Talk, cents: float) -> None:
    """The assistant answers, and that costs so much."""
    number = len(talk.effects)
    tokens = round(cents * CENT)
    talk.began(f"r{number}")
    talk.text("Yes.", f"a{number}", f"r{number}")
    used = Usage(output_tokens=tokens, output_token_details=OutputTokens(text_tokens=tokens))
    talk.ended(f"r{number}", usage=used)


def remarks(talk: Talk) -> list[str]:
    return [entry.text for entry in talk.entries.values() if entry.speaker is Party.PROGRAM]


def test_four_fifths_and_all_are_told_once_each():
    talk = Talk(budget=Budget(1.0))
    spend(talk, 79)
    assert remarks(talk) == []
    spend(talk, 2)
    assert remarks(talk) == ["This conversation has cost $0.81 of its budget of $1.00."]
    spend(talk, 2)
    assert len(remarks(talk)) == 1
    spend(talk, 20)
    assert remarks(talk)[1:] == ["The budget of $1.00 is spent: this conversation has cost $1.03."]
    spend(talk, 20)
    assert len(remarks(talk)) == 2
    assert talk.state is State.LISTENING
    assert talk.type("Go on.")
    assert "conversation.item.create" in talk.wire


@given(st.lists(st.floats(0, 60), max_size=12))
def test_however_it_is_spent_no_word_comes_twice(steps: list[float]):
    talk = Talk(budget=Budget(1.0))
    for cents in steps:
        spend(talk, cents)
    cost = talk.conversation.status.spending.cost_usd or 0
    told = remarks(talk)
    assert len(told) <= 2
    assert any("is spent" in text for text in told) is (cost >= 1.0)
    assert bool(told) is (cost >= 0.8)


@pytest.mark.parametrize("settings", [HANDS_FREE, PUSH_TO_TALK])
def test_a_budget_that_stops_closes_the_microphone_and_sends_nothing_more(settings: SessionSettings):
    talk = Talk(settings, budget=Budget(0.10, stops=True))
    if settings.mode is Mode.PUSH_TO_TALK:
        talk.talk_key()
    talk.speak(400)
    spend(talk, 12)
    assert "The microphone is closed" in remarks(talk)[0]
    assert "raise the budget in the settings" in remarks(talk)[0]
    assert not talk.conversation.status.is_microphone_open
    before = len(talk.all_sent)
    talk.speak(1000)
    talk.talk_key()
    assert talk.notices == [CLOSED]
    talk.speak(1000)
    talk.type("Are you there?")
    assert talk.notices == [HELD_BACK]
    talk.later(60_000).tick()
    sent = talk.all_sent[before:]
    assert not [event for event in sent if isinstance(event, InputAppend | InputCommit | ItemCreate | ResponseCreate)]
    assert not talk.conversation.status.is_microphone_open


def test_what_was_held_back_goes_out_when_the_budget_is_raised():
    talk = Talk(budget=Budget(0.10, stops=True))
    spend(talk, 12)
    talk.type("One.")
    talk.type("Two.")
    talk(talk.conversation.limit_spending(Budget(0.11, stops=True), talk.now_ms))
    assert talk.sent == []
    talk(talk.conversation.limit_spending(Budget(1.0, stops=True), talk.now_ms))
    assert kinds(talk.sent) == ["conversation.item.create", "conversation.item.create", "response.create"]
    assert [entry.text for entry in talk.entries.values() if entry.speaker is Party.USER] == ["One.", "Two."]
    talk.talk_key()
    assert talk.conversation.status.is_microphone_open
    assert len(remarks(talk)) == 1
    spend(talk, 70)
    assert len(remarks(talk)) == 2  # a budget that was raised is a new one


@pytest.mark.parametrize("budget", [Budget(None, stops=True), Budget(0.10, stops=False), Budget()])
def test_nothing_stops_where_nothing_was_said_of_it(budget: Budget):
    talk = Talk(budget=budget)
    spend(talk, 50)
    assert talk.conversation.status.is_microphone_open
    talk.type("Go on.")
    assert "response.create" in talk.wire


def test_another_mode_opens_no_microphone():
    talk = Talk(PUSH_TO_TALK, budget=Budget(0.10, stops=True))
    spend(talk, 50)
    talk.change(mode=Mode.HANDS_FREE)
    talk.microphone(False)
    talk.microphone(True)
    assert not talk.conversation.status.is_microphone_open


def test_a_new_session_spends_the_same_budget_and_says_so_no_second_time():
    talk = Talk(budget=Budget(0.10, stops=True))
    spend(talk, 50)
    talk.conversation = talk.conversation.successor(SessionChange(), seed="s")
    assert talk.conversation.status.budget_usd == 0.10
    assert len(remarks(talk)) == 1
    talk.type("Hello?")
    assert talk.sent == []


def test_what_has_no_price_is_told_once_and_counts_nothing():
    talk = Talk(model="a-deployment", budget=Budget(0.10, stops=True))
    spend(talk, 50)
    spend(talk, 50)
    (remark,) = remarks(talk)
    assert "a-deployment" in remark
    assert "REALTIME_DEPLOYMENT_MODELS" in remark
    assert talk.conversation.status.is_microphone_open


def test_without_a_budget_what_has_no_price_is_no_news():
    talk = Talk(model="a-deployment")
    spend(talk, 50)
    assert remarks(talk) == []


FREE = SessionCapabilities(is_free=True)


def go_on(talk: Talk, capabilities: SessionCapabilities, model: str) -> None:
    """With another service."""
    session = Session(type="realtime", model=model)
    talk(talk.conversation.lost(talk.now_ms))
    talk.conversation = talk.conversation.successor(SessionChange(), seed=model, capabilities=capabilities)
    talk(talk.conversation.connected(SessionCreated(session=session), talk.now_ms))
    talk.hear(SessionUpdated(session=session))


def test_a_budget_waits_where_nothing_costs_and_holds_again_at_a_service_that_does():
    talk = Talk(model="embedded", budget=Budget(0.10, stops=True), capabilities=FREE)
    spend(talk, 50)
    assert remarks(talk) == []
    assert not talk.conversation.status.spending.has_unpriced
    go_on(talk, ALL_OF_GA, "gpt-realtime-2.1")
    spend(talk, 50)
    assert [text for text in remarks(talk) if "is spent" in text]
    talk.type("Hello?")
    assert ResponseCreate.TYPE not in talk.wire


def test_a_spent_budget_holds_nothing_back_where_nothing_costs():
    talk = Talk(budget=Budget(0.10, stops=True))
    spend(talk, 50)
    go_on(talk, FREE, "embedded")
    talk.type("Hello?")
    assert ResponseCreate.TYPE in talk.wire
