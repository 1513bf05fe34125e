"""Which sound belongs to which turn, and what of it is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.audio.pcm import ms_to_bytes
from app.live.turn_sounds import TurnSounds
from app.protocol import server_events as sv
from app.protocol.client_events import InputAppend, InputClear, InputCommit
from app.protocol.items import ErrorDetail

CHUNK_MS = 20


def chunk(number: int) -> bytes:
    """20 ms that tell their place: every sample is the number."""
    return number.to_bytes(2, "little") * (ms_to_bytes(CHUNK_MS) // 2)


def chunks(first: int, end: int) -> bytes:
    return b"".join(chunk(number) for number in range(first, end))


def send(sounds: TurnSounds, first: int, end: int) -> None:
    for number in range(first, end):
        sounds.sent(InputAppend(audio=chunk(number)))


def test_a_turn_that_the_service_finds_is_what_it_says_that_it_heard():
    sounds = TurnSounds()
    send(sounds, 0, 50)
    sounds.received(sv.SpeechStarted(item_id="u1", audio_start_ms=200))
    send(sounds, 50, 80)
    sounds.received(sv.SpeechStopped(item_id="u1", audio_end_ms=1400))
    send(sounds, 80, 85)
    sounds.received(sv.InputCommitted(item_id="u1"))
    sounds.received(sv.SpeechStarted(item_id="u2", audio_start_ms=1500))
    send(sounds, 85, 100)
    sounds.received(sv.SpeechStopped(item_id="u2", audio_end_ms=1900))
    sounds.received(sv.InputCommitted(item_id="u2"))
    assert sounds.of("u1") == chunks(10, 70)
    assert sounds.of("u2") == chunks(75, 95)


def test_where_the_service_names_no_places_a_turn_is_what_came_while_it_heard_one():
    sounds = TurnSounds()
    send(sounds, 0, 50)
    sounds.received(sv.SpeechStarted(item_id="u1"))
    send(sounds, 50, 80)
    sounds.received(sv.SpeechStopped(item_id="u1"))
    sounds.received(sv.InputCommitted(item_id="u1"))
    assert sounds.of("u1") == chunks(25, 80)


def test_in_push_to_talk_a_turn_is_what_was_in_the_buffer():
    sounds = TurnSounds()
    send(sounds, 0, 10)
    sounds.sent(InputClear())
    send(sounds, 10, 30)
    sounds.sent(InputCommit())
    send(sounds, 30, 40)
    sounds.sent(InputCommit())
    sounds.received(sv.InputCommitted(item_id="u1"))
    sounds.received(sv.InputCommitted(item_id="u2"))
    assert (sounds.of("u1"), sounds.of("u2")) == (chunks(10, 30), chunks(30, 40))


def test_a_commit_that_was_refused_is_nobodys_turn():
    sounds = TurnSounds()
    sounds.sent(InputCommit())
    send(sounds, 0, 10)
    sounds.sent(InputCommit())
    sounds.received(sv.ErrorEvent(error=ErrorDetail(code="input_audio_buffer_commit_empty")))
    sounds.received(sv.InputCommitted(item_id="u1"))
    assert sounds.of("u1") == chunks(0, 10)


def test_a_new_session_counts_anew_and_forgets_no_turn():
    sounds = TurnSounds()
    sounds.played("a1", chunk(7))
    send(sounds, 0, 50)
    sounds.begin_session()
    send(sounds, 50, 60)
    sounds.received(sv.SpeechStarted(item_id="u1", audio_start_ms=20))
    sounds.received(sv.InputCommitted(item_id="u1"))
    assert (sounds.of("a1"), sounds.of("u1")) == (chunk(7), chunks(51, 60))


def test_what_the_assistant_says_is_kept_piece_by_piece():
    sounds = TurnSounds()
    sounds.played("a1", chunk(1))
    sounds.played("a2", chunk(2))
    sounds.played("a1", chunk(3))
    assert (sounds.of("a1"), sounds.of("a2"), sounds.of("a3")) == (chunk(1) + chunk(3), chunk(2), b"")
    sounds.received(sv.ItemDeleted(item_id="a1"))
    assert (sounds.of("a1"), sounds.has_left("a1")) == (b"", False)


def test_what_is_oldest_makes_room_and_is_known_to_have_been_there():
    sounds = TurnSounds(kept_ms=100)
    for number in range(8):
        sounds.played(f"a{number}", chunk(number))
    assert [sounds.has_left(f"a{number}") for number in range(8)] == [True] * 3 + [False] * 5
    sounds.played("a0", chunk(0))  # late: half a turn would be worse than none
    assert (sounds.of("a0"), sounds.of("a7")) == (b"", chunk(7))


STEP = st.one_of(
    st.tuples(st.just("played"), st.integers(0, 5), st.integers(1, 4)),
    st.tuples(st.just("sent"), st.just(0), st.integers(1, 4)),
    st.tuples(st.just("started"), st.integers(0, 5), st.integers(0, 900)),
    st.tuples(st.just("stopped"), st.integers(0, 5), st.integers(0, 900)),
    st.tuples(st.just("committed"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("commit"), st.just(0), st.just(0)),
    st.tuples(st.just("clear"), st.just(0), st.just(0)),
    st.tuples(st.just("session"), st.just(0), st.just(0)),
)


@given(st.lists(STEP, max_size=60))
def test_whatever_is_said_and_answered_no_more_is_kept_than_there_is_room_for(steps):
    sounds = TurnSounds(kept_ms=200)
    for what, item, number in steps:
        item_id = f"i{item}"
        match what:
            case "played":
                sounds.played(item_id, chunk(item) * number)
            case "sent":
                send(sounds, 0, number)
            case "started":
                sounds.received(sv.SpeechStarted(item_id=item_id, audio_start_ms=number))
            case "stopped":
                sounds.received(sv.SpeechStopped(item_id=item_id, audio_end_ms=number))
            case "committed":
                sounds.received(sv.InputCommitted(item_id=item_id))
            case "commit":
                sounds.sent(InputCommit())
            case "clear":
                sounds.sent(InputClear())
            case _:
                sounds.begin_session()
        kept = [sounds.of(f"i{number}") for number in range(6)]
        assert all(len(pcm) % 2 == 0 for pcm in kept)
        newest = max(map(len, kept))
        assert sum(map(len, kept)) <= max(ms_to_bytes(200), newest)
