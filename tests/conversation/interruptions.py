"""The ways to interrupt the assistant, for the tests of interruption."""

from __future__ import annotations

from app.protocol.client_events import ItemTruncate
from tests.conversation.driver import HANDS_FREE, PUSH_TO_TALK, Talk

WAYS = ("speech", "stop key", "text", "talk key")


def interrupt(way: str, talk: Talk) -> None:
    """The user takes the floor."""
    match way:
        case "speech":
            talk.user_speaks("u9")
        case "stop key":
            talk.stop_key()
        case "text":
            talk.type("wait")
        case "talk key":
            talk.talk_key()


def speaking(way: str, *, done: bool = False, ms: int = 1000) -> Talk:
    """The assistant speaks, in the mode where that way of interrupting exists."""
    talk = Talk(PUSH_TO_TALK if way == "talk key" else HANDS_FREE)
    talk.answer(ms, done=done)
    return talk


def truncations(talk: Talk) -> list[tuple[str, int, int]]:
    """Every truncation so far: item, part, milliseconds."""
    return [(event.item_id, event.content_index, event.audio_end_ms) for event in talk.said(ItemTruncate)]
