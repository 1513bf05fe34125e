"""Carries out what a conversation wants done."""

from __future__ import annotations

from collections.abc import Callable

from app.connection.outbox import Outbox
from app.conversation.effects import (
    Duck,
    Effect,
    EntryChanged,
    EntryRemoved,
    FinishPlay,
    Interrupted,
    Notice,
    Play,
    Send,
    StatusChanged,
)
from app.live.coalescer import Coalescer
from app.live.events import Listener
from app.live.speaker import LastingSpeaker
from app.live.turn_sounds import TurnSounds


class EffectRunner:
    """To the service, the speaker and the front end, in order. Used under the line's guard."""

    def __init__(
        self,
        speaker: LastingSpeaker,
        listener: Listener,
        now_ms: Callable[[], int],
        find: Callable[[str], EntryChanged | None],
        on_status: Callable[[StatusChanged], None],
        sounds: TurnSounds,
        before_speech: Callable[[], None],
    ) -> None:
        """`find`: an entry as it is now; changed ones are told a little later, and then as they are by then. `sounds`
        keeps what is said either way; `before_speech` is called before the assistant's speech is given to the speaker.
        """
        self.outbox = Outbox()
        """What is said in the session that there is now."""
        self._speaker, self._listener, self._now_ms = speaker, listener, now_ms
        self._find, self._on_status = find, on_status
        self._sounds, self._before_speech = sounds, before_speech
        self._coalescer = Coalescer(self._tell_entries)
        self._final_news: set[str] = set()

    @property
    def due_ms(self) -> float | None:
        """When `tick` has something to do, at the latest."""
        return self._coalescer.due_ms

    def begin_session(self) -> None:
        """What was still to be said was meant for the old session."""
        self.outbox = Outbox()
        self._sounds.begin_session()

    def run(self, effect: Effect) -> None:
        """Carry one out."""
        match effect:
            case Send(event):
                self._sounds.sent(event)
                self.outbox.put(event)
            case Play(item_id, pcm):
                self._before_speech()
                self._sounds.played(item_id, pcm)
                self._speaker.play(item_id, pcm)
            case FinishPlay(item_id):
                self._speaker.finish(item_id)
            case Duck(gain_db):
                self._speaker.duck(gain_db)
            case EntryChanged(entry):
                if entry.is_final:
                    self._final_news.add(entry.item_id)
                self._coalescer.changed(entry.item_id, self._now_ms())
            case EntryRemoved(item_id):
                self._final_news.add(item_id)
                self._coalescer.removed(item_id)
                self._listener(effect)
            case StatusChanged():
                self._listener(effect)
                self._on_status(effect)
            case Notice() | Interrupted():
                self._listener(effect)

    def take_final_news(self) -> set[str]:
        """Ids of what is final and changed, or left, since this was last asked."""
        news, self._final_news = self._final_news, set()
        return news

    def tick(self) -> None:
        """Time has passed: see `due_ms`."""
        now_ms, due_ms = self._now_ms(), self._coalescer.due_ms
        if due_ms is not None and now_ms >= due_ms:
            self._coalescer.flush(now_ms)

    def flush(self) -> None:
        """Tell of every changed entry now."""
        self._coalescer.flush(self._now_ms())

    def _tell_entries(self, item_ids: tuple[str, ...]) -> None:
        found = [changed for item_id in item_ids if (changed := self._find(item_id))]
        for changed in sorted(found, key=lambda changed: changed.index):  # an index counts on those before it
            self._listener(changed)
