"""What happens to a conversation, to be carried out on the thread that owns it."""

from __future__ import annotations

from collections.abc import Callable

from app.conversation.conversation import Conversation
from app.conversation.effects import Effect
from app.protocol.server_events import ServerEvent

Step = Callable[[Conversation, int], list[Effect]]
"""Something that happens to the conversation as it is then, given the time."""


def received(event: ServerEvent, advice: str) -> Step:
    """The service said that; see `Conversation.receive`."""
    return lambda conversation, now_ms: conversation.receive(event, now_ms, advice)
