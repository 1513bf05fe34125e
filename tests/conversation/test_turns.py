"""The table of turn-taking, row by row: what goes out on the wire and what becomes of microphone and speaker."""

from __future__ import annotations

import pytest

from app.conversation.bill import Budget
from app.conversation.effects import Play
from app.conversation.session import Mode
from app.conversation.status import State
from app.conversation.turn_table import TURNS, Trigger
from app.protocol import server_events as sv
from app.protocol.items import TranscriptionUsage
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk

CANCEL, CLEAR, COMMIT = "response.cancel", "input_audio_buffer.clear", "input_audio_buffer.commit"
TRUNCATE = "conversation.item.truncate"
CREATE, ITEM, UPDATE = "response.create", "conversation.item.create", "session.update"
HF, PTT = Mode.HANDS_FREE, Mode.PUSH_TO_TALK
OPEN, CLOSED = True, False

# (mode, microphone, trigger): what is sent with the assistant idle, thinking, speaking; flushed when speaking;
# whether the microphone is open afterwards. Thinking: a response is active, without a sound so far. Speaking: the
# response is active and its speech sounds, none of it heard so far.
ROWS = {
    (HF, CLOSED, Trigger.TALK_KEY): ([], [], [], False, True),
    (HF, OPEN, Trigger.TALK_KEY): ([], [], [], False, False),
    (HF, OPEN, Trigger.SPEECH_STARTED): ([], [], [TRUNCATE], True, True),
    (HF, CLOSED, Trigger.SPEECH_STARTED): ([], [], [TRUNCATE], True, False),
    (HF, OPEN, Trigger.TEXT): ([ITEM, CREATE], [CANCEL, ITEM], [CANCEL, TRUNCATE, ITEM], True, True),
    (HF, CLOSED, Trigger.TEXT): ([ITEM, CREATE], [CANCEL, ITEM], [CANCEL, TRUNCATE, ITEM], True, False),
    (HF, OPEN, Trigger.STOP_KEY): ([], [CANCEL], [CANCEL, TRUNCATE], True, True),
    (HF, CLOSED, Trigger.STOP_KEY): ([], [CANCEL], [CANCEL, TRUNCATE], True, False),
    (HF, OPEN, Trigger.TO_PUSH_TO_TALK): ([CLEAR, UPDATE], [CLEAR, UPDATE], [CLEAR, UPDATE], False, False),
    (HF, CLOSED, Trigger.TO_PUSH_TO_TALK): ([CLEAR, UPDATE], [CLEAR, UPDATE], [CLEAR, UPDATE], False, False),
    (PTT, CLOSED, Trigger.TALK_KEY): ([], [CANCEL], [CANCEL, TRUNCATE], True, True),
    (PTT, OPEN, Trigger.TALK_KEY): ([], [], [], False, False),  # the commit waits for the last chunk
    (PTT, OPEN, Trigger.TEXT): ([ITEM, CREATE], [CANCEL, ITEM], [CANCEL, TRUNCATE, ITEM], True, True),
    (PTT, CLOSED, Trigger.TEXT): ([ITEM, CREATE], [CANCEL, ITEM], [CANCEL, TRUNCATE, ITEM], True, False),
    (PTT, OPEN, Trigger.STOP_KEY): ([CLEAR], [CLEAR], [CLEAR], False, False),
    (PTT, CLOSED, Trigger.STOP_KEY): ([], [CANCEL], [CANCEL, TRUNCATE], True, False),
    (HF, OPEN, Trigger.BUDGET_SPENT): ([CLEAR], [CLEAR], [CLEAR], False, False),
    (HF, CLOSED, Trigger.BUDGET_SPENT): ([], [], [], False, False),
    (PTT, OPEN, Trigger.BUDGET_SPENT): ([CLEAR], [CLEAR], [CLEAR], False, False),
    (PTT, CLOSED, Trigger.BUDGET_SPENT): ([], [], [], False, False),
    (PTT, OPEN, Trigger.TO_HANDS_FREE): ([COMMIT, UPDATE, CREATE], [COMMIT, UPDATE], [COMMIT, UPDATE], False, True),
    (PTT, CLOSED, Trigger.TO_HANDS_FREE): ([UPDATE], [UPDATE], [UPDATE], False, True),
    (PTT, OPEN, Trigger.SPEECH_STARTED): ([], [], [], False, True),
    (PTT, CLOSED, Trigger.SPEECH_STARTED): ([], [], [], False, False),
    (HF, OPEN, Trigger.TO_HANDS_FREE): ([], [], [], False, True),
    (HF, CLOSED, Trigger.TO_HANDS_FREE): ([], [], [], False, False),
    (PTT, OPEN, Trigger.TO_PUSH_TO_TALK): ([], [], [], False, True),
    (PTT, CLOSED, Trigger.TO_PUSH_TO_TALK): ([], [], [], False, False),
}


def named(case: tuple[Mode, bool, Trigger]) -> str:
    mode, microphone, trigger = case
    return f"{mode.value}-{'open' if microphone is OPEN else 'closed'}-{trigger.name.lower()}"


ASSISTANT = ("idle", "thinking", "speaking")


def prepared(mode: Mode, microphone: bool, assistant: str) -> Talk:
    talk = Talk(HANDS_FREE if mode is HF else PUSH_TO_TALK)
    if (mode is HF) is (microphone is CLOSED):
        talk.talk_key()
    if mode is PTT and microphone is OPEN:
        talk.speak(200)
    if assistant != "idle":
        talk.began()
        talk.words("Hello")
    if assistant == "speaking":
        talk.audio(500)
        talk.sounding("a1")
    assert talk.conversation.status.is_microphone_open is (microphone is OPEN)
    return talk


def happen(talk: Talk, trigger: Trigger) -> None:
    match trigger:
        case Trigger.TALK_KEY:
            talk.talk_key()
        case Trigger.SPEECH_STARTED:
            talk.user_speaks()
        case Trigger.TEXT:
            talk.type("hello")
        case Trigger.STOP_KEY:
            talk.stop_key()
        case Trigger.BUDGET_SPENT:
            used = TranscriptionUsage(type="duration", seconds=60.0)
            talk.hear(sv.TranscriptionCompleted(item_id="u0", usage=used))
            talk(talk.conversation.limit_spending(Budget(0.001, stops=True), talk.now_ms))
        case Trigger.TO_HANDS_FREE:
            talk.change(mode=Mode.HANDS_FREE)
        case Trigger.TO_PUSH_TO_TALK:
            talk.change(mode=Mode.PUSH_TO_TALK)


def test_every_row_is_tested_and_every_case_has_a_row():
    assert set(ROWS) == set(TURNS)
    assert set(TURNS) == {(mode, mic, trigger) for mode in Mode for mic in (OPEN, CLOSED) for trigger in Trigger}


@pytest.mark.parametrize("assistant", ASSISTANT)
@pytest.mark.parametrize("case", ROWS, ids=named)
def test_row(case, assistant):
    talk = prepared(case[0], case[1], assistant)
    happen(talk, case[2])
    *sent, is_flushed, is_open = ROWS[case]
    assert talk.wire == sent[ASSISTANT.index(assistant)]
    assert bool(talk.flushes) is (is_flushed and assistant == "speaking")
    assert talk.conversation.status.is_microphone_open is is_open


@pytest.mark.parametrize("case", ROWS, ids=named)
def test_interruption_is_told_only_where_there_was_something_to_interrupt(case):
    for assistant in ASSISTANT:
        talk = prepared(case[0], case[1], assistant)
        happen(talk, case[2])
        assert talk.was_interrupted is (ROWS[case][3] and assistant != "idle")


def test_speech_that_may_not_interrupt_does_not():
    talk = Talk(HANDS_FREE)
    talk.change(interrupt_response=False)
    talk.acknowledge()
    talk.answer()
    talk.user_speaks()
    assert talk.wire == []
    assert talk.flushes == 0
    talk.audio(20)
    assert len(talk.of(Play)) == 1


def test_without_a_microphone_the_talk_key_is_nothing():
    talk = Talk(PUSH_TO_TALK, has_microphone=False)
    assert talk.talk_key() == []
    assert talk.state is State.READY
