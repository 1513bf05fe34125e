"""How much of the assistant's speech was received, sounds, and was heard, item by item.

What the speaker played is the speaker's to know: it reports it. An item that was silenced never sounds again: what
still arrives of it is dropped (protocol reference, section 5.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

BYTES_PER_MS: Final = 48
"""PCM16, mono, 24 kHz."""


class Voice(Protocol):
    """The speaker, as far as a conversation has to know it. What sounds is given to it with `Play` effects."""

    def silence(self) -> Mapping[str, int]:
        """Be silent at once and forget what waits; the milliseconds that were heard of each item it held."""


class SpeechPhase(Enum):
    """How far an item's speech has come."""

    WAITING = auto()
    """Some was received; none has sounded."""
    SOUNDING = auto()
    DRY = auto()
    """All that was received has sounded, and more is to come."""
    OVER = auto()
    """Received and heard to its end."""
    DROPPED = auto()
    """It must not sound (any more), and nobody has said yet how much of it was heard."""
    CUT = auto()
    """It must not sound any more, and it is known how much was heard."""


_SILENT = (SpeechPhase.DROPPED, SpeechPhase.CUT)


@dataclass(slots=True)
class _Speech:
    phase: SpeechPhase = SpeechPhase.WAITING
    received_bytes: int = 0
    is_complete: bool = False
    """No more of it will come."""

    @property
    def received_ms(self) -> int:
        return self.received_bytes // BYTES_PER_MS


class PlaybackAccount:
    """The account. Items are kept for the session: ids are never used twice."""

    def __init__(self) -> None:
        self._items: dict[str, _Speech] = {}
        self._sounding: dict[str, _Speech] = {}  # those received and neither heard to their end nor silenced
        self._silent_responses: set[str] = set()

    def of_what_sounds(self) -> PlaybackAccount:
        """A new account, of what was received and has not been heard to its end: the one of a session that follows."""
        account = PlaybackAccount()
        account._items = dict(self._sounding)
        account._sounding = dict(self._sounding)
        return account

    @property
    def items(self) -> frozenset[str]:
        """All items of which speech was received."""
        return frozenset(self._items)

    @property
    def is_sounding(self) -> bool:
        """Something was received that has not been heard to its end."""
        return bool(self._sounding)

    def received_ms(self, item_id: str) -> int:
        """Speech received for an item so far."""
        speech = self._items.get(item_id)
        return speech.received_ms if speech else 0

    def is_silent(self, response_id: str, item_id: str = "") -> bool:
        """What arrives for this item of this response must not sound."""
        speech = self._items.get(item_id)
        return response_id in self._silent_responses or (speech is not None and speech.phase in _SILENT)

    def is_over(self, item_id: str) -> bool:
        """All of the item's speech was received and heard."""
        speech = self._items.get(item_id)
        return speech is not None and speech.phase is SpeechPhase.OVER

    def is_complete(self, item_id: str) -> bool:
        """All of the item's speech was received, or none is known of."""
        speech = self._items.get(item_id)
        return speech is None or speech.is_complete

    def receive(self, response_id: str, item_id: str, size_bytes: int) -> bool:
        """Count speech that came in; whether it may sound."""
        speech = self._items.setdefault(item_id, _Speech())
        speech.received_bytes += size_bytes
        if self.is_silent(response_id, item_id):
            if speech.phase is not SpeechPhase.CUT:
                self._drop(item_id, speech)
            return False
        if size_bytes:
            if speech.phase is not SpeechPhase.WAITING:
                speech.phase = SpeechPhase.SOUNDING
            self._sounding[item_id] = speech
        return bool(size_bytes)

    def complete(self, item_id: str) -> bool:
        """No more speech comes for the item; whether that is news."""
        speech = self._items.get(item_id)
        if speech is None or speech.is_complete:
            return False
        speech.is_complete = True
        if speech.phase is SpeechPhase.DRY:
            self._over(item_id, speech)
        return True

    def started(self, item_id: str) -> bool:
        """The item's first sound left the speaker; whether that is news."""
        speech = self._items.get(item_id)
        if speech is None or speech.phase is not SpeechPhase.WAITING:
            return False
        speech.phase = SpeechPhase.SOUNDING
        return True

    def played_out(self, item_id: str, played_ms: int) -> bool:
        """So much has sounded, and the speaker holds no more of it; whether the item is over with that.

        More may have come in since: the report crosses what arrives meanwhile.
        """
        speech = self._sounding.get(item_id)
        if speech is None or played_ms < speech.received_ms:
            return False
        if speech.is_complete:
            self._over(item_id, speech)
        else:
            speech.phase = SpeechPhase.DRY
        return speech.is_complete

    def silence_response(self, response_id: str) -> None:
        """Whatever else arrives for this response must not sound."""
        if response_id:
            self._silent_responses.add(response_id)

    def silence(self) -> dict[str, int]:
        """Nothing that was received so far may sound any more. The items that did, or waited to.

        With each, how much was heard of it if the speaker holds it no more: all, if no more was to come, or nothing.
        """
        silenced = tuple(self._sounding.items())
        for item_id, speech in silenced:
            self._drop(item_id, speech)
        return {item_id: speech.received_ms if speech.is_complete else 0 for item_id, speech in silenced}

    def settle(self, item_id: str, heard_ms: int) -> tuple[int, bool] | None:
        """How much of a silenced item was heard, never more than was received; and whether some of it was missed.

        None where that is known already, or where the item was not silenced.
        """
        speech = self._items.get(item_id)
        if speech is None or speech.phase is not SpeechPhase.DROPPED:
            return None
        received_ms = speech.received_ms
        if received_ms == 0:  # more may still come
            return 0, False
        speech.phase = SpeechPhase.CUT
        return max(0, min(heard_ms, received_ms)), not (speech.is_complete and heard_ms >= received_ms)

    # ---------------------------------------------------------------- within

    def _over(self, item_id: str, speech: _Speech) -> None:
        speech.phase = SpeechPhase.OVER
        self._sounding.pop(item_id, None)

    def _drop(self, item_id: str, speech: _Speech) -> None:
        speech.phase = SpeechPhase.DROPPED
        self._sounding.pop(item_id, None)
