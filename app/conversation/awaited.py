"""The turns whose words are still to come, and how long each is waited for."""

from __future__ import annotations


class Awaited:
    """Items that are not final. Each waits for its next word no longer than the limit; the longest waiting is first."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._due_ms: dict[str, int] = {}  # in the order of time, since the limit is the same for all

    @property
    def deadline_ms(self) -> int | None:
        """When `take_overdue` has something to give."""
        return next(iter(self._due_ms.values()), None)

    def expect(self, item_id: str, now_ms: int) -> None:
        """Something came of it, or is to come: from now on it is waited for anew."""
        self._due_ms.pop(item_id, None)
        self._due_ms[item_id] = now_ms + self._timeout_ms

    def settled(self, item_id: str) -> None:
        """It is final, or is gone."""
        self._due_ms.pop(item_id, None)

    def take_overdue(self, now_ms: int) -> list[str]:
        """What was waited for too long, and is waited for no more."""
        overdue: list[str] = []
        for item_id, due_ms in self._due_ms.items():
            if due_ms > now_ms:
                break
            overdue.append(item_id)
        for item_id in overdue:
            del self._due_ms[item_id]
        return overdue
