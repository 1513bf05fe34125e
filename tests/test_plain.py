"""The line-by-line front end: what a turn looks like as a line, in which order lines come, and when it ends."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.conversation.effects import Notice, Severity
from app.conversation.session import Mode, SessionSettings
from app.conversation.status import State, Status
from app.conversation.transcript import Entry
from app.live.events import Ended
from app.plain.front import PlainFrontEnd
from app.plain.inbox import Event, Inbox, TypedLine, begin_reading
from app.plain.lines import line_of
from tests.ui.fakes import FakeLive, assistant, program, user

PUSH_TO_TALK = SessionSettings(mode=Mode.PUSH_TO_TALK)

# ---------------------------------------------------------------- a turn as a line


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (user("What time\n is it?"), "you: What time is it?"),
        (assistant("It is noon."), "assistant: It is noon."),
        (
            assistant("It is noon now.", is_interrupted=True, heard_ms=1000),
            "assistant: It is noon [interrupted after 1.0 s; not heard: now.]",
        ),
        (
            assistant("It is noon.", is_interrupted=True, heard_ms=2000),
            "assistant: It is noon. [interrupted after 2.0 s]",
        ),
        (
            assistant("It is noon.", is_interrupted=True, heard_ms=0),
            "assistant: [interrupted after 0.0 s; not heard: It is noon.]",
        ),
        (assistant("It is", is_final=False), "assistant: It is [partial]"),
        (assistant("It is", note="broken\noff"), "assistant: It is [broken off]"),
        (user("", note="not understood"), "you: [not understood]"),
    ],
)
def test_a_turn_is_one_line(entry: Entry, line: str):
    assert line_of(entry) == line


# ---------------------------------------------------------------- the front end


class WaitsForEverError(Exception):
    """The front end would go on waiting: nothing that happens ends it."""


class Script:
    """An inbox with a clock of its own: what happens is written down, and no time passes but here."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.scenes: deque[tuple[float, Callable[[], None]]] = deque()
        self._events: deque[Event] = deque()

    def put(self, event: Event) -> None:
        self._events.append(event)

    def get(self, timeout_s: float | None) -> Event | None:
        if not self._events and timeout_s != 0:
            self._pass(timeout_s)
        return self._events.popleft() if self._events else None

    def _pass(self, timeout_s: float | None) -> None:
        if self.scenes and (timeout_s is None or self.scenes[0][0] <= self.now_s + timeout_s):
            at_s, scene = self.scenes.popleft()
            self.now_s = max(self.now_s, at_s)
            scene()
        elif timeout_s is None or self.now_s > 100:
            raise WaitsForEverError
        else:
            self.now_s += timeout_s


@dataclass
class Talk(FakeLive):
    """A conversation whose workers do nothing but end."""

    microphone_name: str = ""
    status: Status = field(default_factory=Status)
    is_input_over: bool = True
    is_input_finite: bool = False
    is_waiting_to_speak: bool = False

    def run_line(self) -> None:
        self.closed.wait(10)


class Play:
    """One conversation on two streams, from a script."""

    def __init__(self, **talk: object) -> None:
        self.script = Script()
        self.live = Talk(self.script.put, **talk)
        self.out, self.err = io.StringIO(), io.StringIO()

    def at(self, at_s: float, scene: Callable[[Talk], object]) -> Play:
        self.script.scenes.append((at_s, lambda: scene(self.live) and None))
        return self

    def type(self, at_s: float, *lines: str | None) -> Play:
        return self.at(at_s, lambda _: [self.script.put(TypedLine(line)) for line in lines])

    def run(self, *typed: str, is_typing_over: bool = True) -> int:
        front = PlainFrontEnd(
            self.live,
            self.script,
            out=self.out,
            err=self.err,
            typed=typed,
            is_typing_over=is_typing_over,
            clock=lambda: self.script.now_s,
        )
        return front.run()

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()


def ready(live: Talk) -> None:
    live.now(state=State.READY)


def listening(live: Talk) -> None:
    live.now(state=State.LISTENING, has_microphone=True, is_microphone_open=True)


def answer(live: Talk) -> None:
    live.now(state=State.THINKING)
    live.now(state=State.SPEAKING)
    live.now(state=State.READY)


def test_lines_keep_the_order_of_the_turns_although_a_transcription_comes_late():
    play = Play()
    play.at(1, lambda live: live.put(user("", is_final=False)))
    play.at(2, lambda live: live.put(assistant()))
    play.at(2, ready)
    play.at(2, lambda live: live.put(user("What time is it?")))
    assert play.run() == 0
    assert play.lines == ["you: What time is it?", "assistant: It is noon."]


def test_what_never_became_final_is_told_at_the_end():
    play = Play().at(1, lambda live: live.put(user("What ti", is_final=False))).at(1, ready)
    play.at(1, lambda live: live.put(assistant(ended_ms=None)))
    assert play.run() == 0
    assert play.lines == ["you: What ti [partial]", "assistant: It is noon."]


def test_a_typed_line_waits_for_the_answer_before_it():
    play = Play().at(1, ready)
    said_by: list[list[str]] = []
    for at_s in (3, 6):
        play.at(at_s, lambda live: said_by.append([text for _, text in live.asked]))
        play.at(at_s, answer)
    assert play.run("", "one", "\a", "two") == 0
    assert said_by == [["one"], ["one", "two"]]


def test_lines_that_say_nothing_hold_up_no_other_while_standard_input_stays_open():
    play = Play().type(0, "", " ", "hello").at(1, ready)
    with pytest.raises(WaitsForEverError):
        play.run(is_typing_over=False)
    assert play.live.asked == [("say", "hello")]


def test_an_answer_that_comes_while_the_user_speaks_lets_the_next_line_go():
    play = Play().at(1, ready)
    play.at(2, lambda live: live.now(state=State.HEARING, is_response_active=True))
    play.at(3, lambda live: live.now(state=State.READY, is_response_active=False))
    play.at(4, answer)
    assert play.run("one", "two") == 0
    assert play.live.asked == [("say", "one"), ("say", "two")]


def test_it_does_not_end_while_standard_input_is_open():
    with pytest.raises(WaitsForEverError):
        Play().at(1, ready).run(is_typing_over=False)


def test_it_does_not_end_while_a_device_may_hear_something():
    with pytest.raises(WaitsForEverError):
        Play(is_input_over=False, microphone_name="headset").at(1, listening).run()


def test_a_recording_may_be_found_to_be_speech_only_after_its_end():
    play = Play(is_input_over=False, is_input_finite=True, microphone_name="question.wav").at(0, listening)
    play.at(20, lambda live: setattr(live, "is_input_over", True))
    play.at(21.5, lambda live: live.now(state=State.HEARING))
    play.at(22, answer)
    assert play.run() == 0
    assert play.script.now_s > 22


def test_a_lost_microphone_is_one_that_is_over():
    play = Play(is_input_over=False, microphone_name="headset").at(1, listening)
    play.at(5, lambda live: [setattr(live, "is_input_over", True), live.tell(Notice("The microphone went away."))])
    assert play.run() == 0
    assert "The microphone went away." in play.err.getvalue()


@pytest.mark.parametrize(("typed", "answered_s"), [((), 33), (("", ""), 31)])
def test_push_to_talk_hears_a_recording_to_its_end_and_waits_for_the_answer(typed: tuple[str, ...], answered_s: int):
    play = Play(
        is_input_over=False,
        is_input_finite=True,
        is_waiting_to_speak=True,
        microphone_name="question.wav",
        status=Status(settings=PUSH_TO_TALK, has_microphone=True),
    )
    presses: list[int] = []
    play.at(0, ready)
    play.at(4, lambda live: setattr(live, "is_waiting_to_speak", False))
    play.at(30, lambda live: [presses.append(len(live.asked)), setattr(live, "is_input_over", True)])
    play.at(answered_s, answer)
    assert play.run(*typed) == 0
    assert presses == [1]
    assert play.live.asked == [("talk_key",), ("talk_key",)]
    assert play.script.now_s > answered_s


def test_push_to_talk_at_a_device_ends_with_standard_input_and_closes_the_microphone():
    status = Status(settings=PUSH_TO_TALK, has_microphone=True)
    play = Play(is_input_over=False, microphone_name="headset", status=status).at(0, ready)
    play.type(1, "").type(9, None).at(12, answer)
    assert play.run(is_typing_over=False) == 0
    assert play.live.asked == [("talk_key",), ("talk_key",)]


def test_an_empty_line_closes_the_microphone_in_the_middle_of_a_word():
    status = Status(settings=PUSH_TO_TALK, has_microphone=True)
    play = Play(is_input_over=False, microphone_name="headset", status=status).at(0, ready)
    play.type(1, "").at(2, lambda live: live.now(state=State.HEARING)).type(3, "")
    with pytest.raises(WaitsForEverError):
        play.run(is_typing_over=False)
    assert play.live.asked == [("talk_key",), ("talk_key",)]


def test_an_empty_line_without_a_microphone_is_told():
    play = Play(status=Status(settings=PUSH_TO_TALK)).at(0, ready).at(1, answer)
    assert play.run("", "hello") == 0
    assert play.live.asked == [("say", "hello")]
    assert "no microphone" in play.err.getvalue()


@pytest.mark.parametrize("ended", [Ended("The key was refused.", 3), Ended("The line is lost.", 5), Ended()])
def test_the_end_of_the_line_is_told_with_its_status(ended: Ended):
    play = Play().at(1, lambda live: live.tell(ended)).at(1, lambda live: live.tell(Notice("It is not kept.")))
    assert play.run() == ended.exit_status
    assert ended.why in play.err.getvalue()


@pytest.mark.parametrize("worker", ["line", "sound"])
def test_a_fault_of_a_worker_ends_the_other_one_and_is_raised(worker: str):
    inbox = Inbox()
    live = Talk(inbox.put, faults={worker: ZeroDivisionError("fault")})
    if worker == "line":
        live.run_line = lambda: FakeLive.run_line(live)  # type: ignore[method-assign]
    front = PlainFrontEnd(live, inbox, out=io.StringIO(), err=io.StringIO())
    with pytest.raises(ZeroDivisionError, match="fault"):
        front.run()
    assert live.closed.is_set()


# ---------------------------------------------------------------- standard input


class Broken(io.StringIO):
    def __next__(self) -> str:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("stream", "begins"),
    [
        (None, ((), True)),
        (io.StringIO(""), ((), True)),
        (io.StringIO("one\r\ntwo\n"), (("one",), False)),
    ],
)
def test_the_beginning_of_standard_input(stream: io.StringIO | None, begins: tuple[tuple[str, ...], bool]):
    assert begin_reading(Inbox(), stream, is_terminal=False, patience_s=10) == begins


def test_standard_input_that_cannot_be_read_is_told_and_is_over():
    inbox = Inbox()
    inbox.read_lines(Broken())
    assert isinstance(inbox.get(0), Notice)
    assert inbox.get(0) == TypedLine(None)


# ---------------------------------------------------------------- waits, and how it comes out


def test_words_that_come_after_their_turn_was_printed_have_a_line_before_the_next_turn():
    play = Play().at(1, lambda live: live.put(user("", note="not written down", item_id="u1")))
    play.at(2, lambda live: live.put(user("What time is it?", item_id="u1")))
    play.at(3, lambda live: live.put(assistant(item_id="a1")))
    play.at(4, lambda live: live.put(assistant("It is noon. I think.", item_id="a1"))).at(4, ready)
    assert play.run() == 0
    assert play.lines == [
        "you: [not written down]",
        "you: What time is it? [late]",
        "assistant: It is noon.",
        "assistant: It is noon. I think. [late]",
    ]


def test_a_typed_line_that_nothing_takes_up_holds_up_no_other_for_ever():
    play = Play().at(1, ready)
    assert play.run("one", "two") == 0
    assert play.live.asked == [("say", "one"), ("say", "two")]


HEARD = {"is_interrupted": True, "is_spoken": True, "received_ms": 900}


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([], 0),
        ([assistant()], 0),
        ([user()], 5),
        ([assistant(), user()], 5),
        ([user(), assistant()], 0),
        ([user(), assistant("", received_ms=0), user("", item_id="u2")], 5),
        ([user(), assistant("", received_ms=0, note="The service answered nothing.")], 5),
        ([user(), assistant("", received_ms=900)], 0),
        ([user(), assistant(**HEARD, heard_ms=0)], 5),
        ([user(), assistant(**HEARD, heard_ms=20)], 0),
        ([user(), user(item_id="u2"), assistant()], 0),
    ],
)
@pytest.mark.parametrize("was_refused", [False, True])
def test_where_nothing_was_answered_it_is_no_success(entries: list[Entry], status: int, was_refused: bool):
    play = Play()
    for entry in entries:
        play.at(1, lambda live, entry=entry: live.put(entry))
    if was_refused:
        play.at(1, lambda live: live.tell(Notice("No money.", Severity.ERROR)))
    play.at(1, ready)
    assert play.run() == (3 if status and was_refused else status)


def test_a_turn_that_leaves_no_entry_was_asked_all_the_same():
    assert Play().at(1, lambda live: live.now(state=State.READY, has_asked=True)).run() == 5


def test_speech_need_not_be_answered_where_the_service_is_not_to():
    status = Status(settings=SessionSettings(create_response=False))
    play = Play(status=status).at(1, lambda live: live.put(user(is_spoken=True))).at(1, ready)
    assert play.run() == 0


def test_a_recording_in_which_nothing_was_heard_is_told():
    play = Play(is_input_over=True, is_input_finite=True, microphone_name="silence.wav").at(0, listening)
    assert play.run() == 5
    assert "The service heard no speech." in play.err.getvalue()


def test_lines_of_the_program_are_said_once_and_are_no_turns():
    play = Play(is_input_finite=True, microphone_name="talk.wav").at(1, listening)
    play.at(1.2, lambda live: live.put(user("", is_final=False)))
    play.at(1.3, lambda live: live.tell(Notice("The service says: it hurts.", is_remarked=True)))
    play.at(1.3, lambda live: live.put(program("The service says: it hurts.")))
    play.at(1.4, lambda live: live.put(user("What time is it?")))
    play.at(1.5, lambda live: live.put(program("The line broke.", "r2")))
    play.at(1.5, lambda live: live.tell(Ended("The line broke.", 5)))
    assert play.run() == 5
    assert play.lines == ["you: What time is it?"]
    said = play.err.getvalue().splitlines()
    assert said.count("The service says: it hurts.") == said.count("The line broke.") == 1


def test_a_line_of_the_program_is_neither_speech_nor_an_answer():
    heard_nothing = Play(is_input_finite=True, microphone_name="talk.wav").at(1, listening)
    heard_nothing.at(2, lambda live: live.put(program()))
    assert heard_nothing.run() == 5
    unanswered = Play().at(1, lambda live: live.put(user(is_spoken=False)))
    unanswered.at(2, lambda live: live.put(program())).at(3, ready)
    assert unanswered.run() == 5
