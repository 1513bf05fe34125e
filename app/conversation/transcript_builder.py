"""Builds the transcript from what the service says about items and their words.

Words come late, out of order and more than once (protocol reference, section 5.6). Everything is keyed by item.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from msgspec import UnsetType

from app.conversation.doubt import doubtful_spans
from app.conversation.effects import Effects, EntryChanged, EntryRemoved
from app.conversation.transcript import Entry, Party, Transcript
from app.conversation.usage import Spending
from app.conversation.words import PartWords
from app.protocol import server_events as sv
from app.protocol.items import Item
from app.protocol.text import flat, one_line

_FAILED = "The words could not be written down"
_NOT_TRANSCRIBED = "Spoken; the service was not asked to write it down."
_NOT_NAMED = "not written down: the service did not say which item it is"
_NOT_WRITTEN = "not written down: the service sent no words"
_HALF_WRITTEN = "the rest was not written down: the service sent no more words"
_PROVISIONAL = frozenset({_NOT_TRANSCRIBED, _NOT_WRITTEN, _HALF_WRITTEN})
"""Notes that the words make untrue when they come after all."""


class TranscriptBuilder:
    """The one writer of the transcript; it tells of each change as an effect."""

    def __init__(self, transcript: Transcript, effects: Effects, timeout_ms: int) -> None:
        """`timeout_ms`: how long the words of a turn are waited for without a sign of life."""
        self._transcript, self._effects = transcript, effects
        self._timeout_ms = timeout_ms
        self._due_ms: dict[str, int] = {}  # of entries that are not final, the longest waiting first
        self._open: dict[str, None] = {}  # the assistant's entries that are not final, in the order of their coming
        self._parts: dict[str, dict[int, PartWords]] = {}
        self._previous: dict[str, str] = {}
        self._gone: set[str] = set()
        self._unnamed = ""
        """The newest entry, where it is a turn of the user's whose item the service has not named."""

    @property
    def deadline_ms(self) -> int | None:
        """When `take_overdue` has something to give."""
        return next(iter(self._due_ms.values()), None)

    @property
    def open_items(self) -> Iterable[str]:
        """The assistant's items that are not final, in the order of their coming."""
        return self._open

    def take_overdue(self, now_ms: int) -> list[Entry]:
        """The entries of which nothing came for too long. They are waited for no more."""
        overdue = [item_id for item_id, due_ms in self._due_ms.items() if due_ms <= now_ms]
        for item_id in overdue:
            del self._due_ms[item_id]
        entries = [self._transcript.get(item_id) for item_id in overdue]
        return [entry for entry in entries if entry is not None]

    def expect(self, item_id: str, now_ms: int) -> None:
        """More will come of this entry: from now on it is waited for anew."""
        self._due_ms.pop(item_id, None)
        self._due_ms[item_id] = now_ms + self._timeout_ms

    def is_gone(self, item_id: str) -> bool:
        """Whether the item turned out to be nothing, or was deleted."""
        return item_id in self._gone

    def is_over(self, item_id: str) -> bool:
        """Whether the item is known and complete: what still comes of it begins no answer."""
        return (item_id in self._transcript and item_id not in self._open) or item_id in self._gone

    def ignore(self, item_id: str) -> None:
        """What the service says of this item is no entry: it retells one that is there already."""
        self._gone.add(item_id)

    def began(self, item_id: str, speaker: Party, now_ms: int, *, is_spoken: bool = True) -> Entry | None:
        """Somebody says something, of which the words come or will come; its entry, unless it is gone for good."""
        if not item_id or item_id in self._gone:
            return None
        entry = self._transcript.get(item_id)
        if entry is None:
            if speaker is Party.USER:
                self._remove(self._unnamed)  # this is it
            self._unnamed = ""
            entry = Entry(item_id, speaker, is_spoken=is_spoken, started_ms=now_ms)
            self._add(entry)
            if speaker is Party.ASSISTANT:
                self._open[item_id] = None
        if not entry.is_final:
            self.expect(item_id, now_ms)
        return entry

    def change(self, item_id: str, **what: object) -> None:
        """Change fields of an entry, if it is there and they differ."""
        entry = self._transcript.change(item_id, **what)
        if entry is not None:
            if entry.is_final:
                self._settled(item_id)
            self._tell(entry)

    # ---------------------------------------------------------------- the user

    def user_typed(self, item_id: str, text: str, now_ms: int) -> None:
        """The user wrote."""
        self._add(Entry(item_id, Party.USER, text, True, False, now_ms, now_ms))

    def committed(self, event: sv.InputCommitted, now_ms: int, *, began_ms: int, is_transcribed: bool) -> None:
        """The user's turn has its place. Where nobody writes it down, it is final as it is."""
        if not event.item_id:
            self._commit_unnamed(now_ms, began_ms)
            return
        self.began(event.item_id, Party.USER, began_ms)
        self.change(event.item_id, ended_ms=now_ms)
        if not is_transcribed:
            self.change(event.item_id, is_final=True, note=_NOT_TRANSCRIBED)
        self._place(event.item_id, event.previous_item_id)

    def transcription_delta(self, event: sv.TranscriptionDelta | sv.TranscriptionUpdated, now_ms: int) -> None:
        """More of the user's words, or all so far; not final."""
        entry = self.began(event.item_id, Party.USER, now_ms)
        if entry is None or (entry.is_final and entry.text and entry.note not in _PROVISIONAL):
            return  # a delta that was overtaken by its completed
        if entry.note in _PROVISIONAL:  # late, but not lost
            self.change(event.item_id, is_final=False, note="")
            self.expect(event.item_id, now_ms)
        match event:
            case sv.TranscriptionDelta(delta=delta):
                self.change(event.item_id, text=entry.text + delta)
            case sv.TranscriptionUpdated(transcript=so_far):
                self.change(event.item_id, text=so_far)

    def transcription_completed(self, event: sv.TranscriptionCompleted, spent: Spending | None, now_ms: int) -> None:
        """The user's words, final. A turn without words (a cough, a closing door) leaves the transcript."""
        entry = self.began(event.item_id, Party.USER, now_ms)
        text = event.transcript.strip()
        if not text:
            self.deleted(event.item_id)
        elif entry is not None:
            note = "" if entry.note in _PROVISIONAL else entry.note
            tokens = [(each.token, each.logprob) for each in event.logprobs or ()]
            doubtful = doubtful_spans(text, tokens)
            self.change(event.item_id, text=text, is_final=True, note=note, spending=spent, doubtful=doubtful)

    def transcription_failed(self, event: sv.TranscriptionFailed, now_ms: int) -> None:
        """The words are not to be had; the turn stays, with the reason."""
        self.began(event.item_id, Party.USER, now_ms)
        why = one_line(event.error.message or "")
        self.change(event.item_id, is_final=True, note=f"{_FAILED}: {why}" if why else f"{_FAILED}.")

    def not_written(self, item_id: str) -> None:
        """The user's words did not come: the turn stands as it is. If they come after all, they are put in."""
        entry = self._transcript.get(item_id)
        self.change(item_id, is_final=True, note=_HALF_WRITTEN if entry and entry.text else _NOT_WRITTEN)

    def is_unwritten(self, item_id: str) -> bool:
        """The user's turn stands here without its words, or with some of them."""
        entry = self._transcript.get(item_id)
        return entry is not None and (not entry.is_final or not entry.text)

    def is_followed_by_answer(self, item_id: str) -> bool:
        """Something was said by the assistant after this turn."""
        entries = list(self._transcript)
        after = itertools.dropwhile(lambda entry: entry.item_id != item_id, entries)
        return any(entry.speaker is Party.ASSISTANT and self.says_something(entry.item_id) for entry in after)

    # ---------------------------------------------------------------- the program

    def remark(self, text: str, now_ms: int) -> None:
        """The program says what happened, in a line of its own: after all that is there, final, and no turn."""
        self._add(Entry(self._effects.new_remark_id(), Party.PROGRAM, flat(text), True, False, now_ms, now_ms))

    # ---------------------------------------------------------------- items

    def item(self, item: Item, previous: str | None | UnsetType, now_ms: int, *, is_done: bool) -> None:
        """An item has its place, is complete, or both."""
        item_id = item.id or ""
        if item_id and isinstance(previous, str):
            self._previous[item_id] = previous
        if item.type != "message" or item.role not in ("user", "assistant"):
            return
        speaker = Party.USER if item.role == "user" else Party.ASSISTANT
        is_spoken = not item.content or any(part.is_audio for part in item.content or ())
        entry = self.began(item_id, speaker, now_ms, is_spoken=is_spoken)
        self._place(item_id, previous)
        if entry is None or not item.said:
            return
        parts = self._parts.setdefault(item_id, {})
        if not entry.text:
            self.change(item_id, is_final=not is_spoken or is_done, is_spoken=is_spoken)
        elif speaker is Party.USER or not parts or max(parts) >= len(item.content or ()):
            return  # the words did not come from here
        for index, part in enumerate(item.content or ()):
            self._part(item_id, index).whole(part.said)
        self.change(item_id, text=self._joined(item_id))

    def deleted(self, item_id: str) -> None:
        """The item is gone from the conversation, for good: what else is said of it comes too late."""
        self._gone.add(item_id)
        self._remove(item_id)

    def dropped(self, item_id: str) -> None:
        """The user's turn was thrown away before it was one."""
        entry = self._transcript.get(item_id)
        if entry is not None and not entry.text:
            self._remove(item_id)

    def lost(self) -> None:
        """No more words will come: what is there is final, what holds nothing leaves."""
        for entry in self._transcript.entries():
            if entry.is_final:
                continue
            if entry.text or entry.received_ms:
                self.change(entry.item_id, is_final=True)
            elif entry.speaker is Party.USER:
                self.change(entry.item_id, is_final=True, note=f"{_FAILED} before the line was lost.")
            else:
                self._remove(entry.item_id)

    # ---------------------------------------------------------------- the assistant

    def output_delta(self, event: sv.OutputTranscriptDelta | sv.OutputTextDelta, now_ms: int) -> None:
        """More of the assistant's words."""
        is_spoken = isinstance(event, sv.OutputTranscriptDelta)
        self.began(event.item_id, Party.ASSISTANT, now_ms, is_spoken=is_spoken)
        self._part(event.item_id, event.content_index).piece(event.delta)
        self.change(event.item_id, text=self._joined(event.item_id), is_spoken=is_spoken)

    def output_done(self, event: sv.OutputTranscriptDone | sv.OutputTextDone | sv.ContentPartDone, now_ms: int) -> None:
        """All words of a part. Never fewer than its deltas brought: a truncated part comes back empty."""
        match event:
            case sv.OutputTranscriptDone(transcript=text):
                is_spoken = True
            case sv.OutputTextDone(text=text):
                is_spoken = False
            case sv.ContentPartDone(part=part):
                text, is_spoken = part.said, part.is_audio
        self.began(event.item_id, Party.ASSISTANT, now_ms, is_spoken=is_spoken)
        self._part(event.item_id, event.content_index).whole(text)
        self.change(event.item_id, text=self._joined(event.item_id), is_spoken=is_spoken)

    def completed(self, item_id: str, now_ms: int, *, is_silent: bool) -> None:
        """No more of the assistant's words will come for it; what holds nothing leaves.

        `is_silent`: it was interrupted; what of it had no sound by then was never heard.
        """
        entry = self._transcript.get(item_id)
        if entry is None or entry.speaker is Party.USER:
            return
        if not self.says_something(item_id):
            self._remove(item_id)
            return
        self.change(item_id, is_final=True)
        if not entry.is_spoken or entry.received_ms == 0:
            self.change(item_id, ended_ms=now_ms)
            if is_silent and entry.is_spoken:
                self.change(item_id, is_interrupted=True, heard_ms=0)

    def says_something(self, item_id: str) -> bool:
        """Whether the item has an entry that holds words, sound or a note."""
        entry = self._transcript.get(item_id)
        return entry is not None and bool(entry.text or entry.received_ms or entry.note)

    def remarked(self, item_id: str, note: str, now_ms: int) -> None:
        """An answer without words stands in the transcript as what there is to say of it."""
        self._gone.discard(item_id)
        self.began(item_id, Party.ASSISTANT, now_ms, is_spoken=False)
        self._place(item_id, self._previous.get(item_id))
        self.change(item_id, is_final=True, ended_ms=now_ms, note=note)

    def received(self, item_id: str, received_ms: int) -> None:
        """So much of the assistant's speech is here.

        Of a turn under way nobody shows it, and it grows with every piece of sound: it is told with the next change.
        """
        entry = self._transcript.change(item_id, received_ms=received_ms)
        # Where hearing ended is reckoned from it; and of what is final, no other change may come.
        if entry and (entry.is_interrupted or entry.is_final):
            self._tell(entry)

    # ---------------------------------------------------------------- within

    def _commit_unnamed(self, now_ms: int, began_ms: int) -> None:
        """The service says that the user's turn is an item, and not which. Unless the item came before, or is the next
        one, nobody will write it down; but it was said, and is answered.
        """
        entries = self._transcript.entries()
        if entries and entries[-1].speaker is Party.USER and not entries[-1].is_final:
            return
        self._unnamed = self._effects.new_item_id()
        self._add(Entry(self._unnamed, Party.USER, "", True, True, began_ms, now_ms, note=_NOT_NAMED))

    def _part(self, item_id: str, index: int) -> PartWords:
        return self._parts.setdefault(item_id, {}).setdefault(index, PartWords())

    def _joined(self, item_id: str) -> str:
        parts = self._parts[item_id]
        texts = [parts[index].text for index in sorted(parts)]
        return texts[0] if len(texts) == 1 else " ".join(text.strip() for text in texts if text.strip())

    def _place(self, item_id: str, previous: str | None | UnsetType) -> None:
        # Null means the start, but several servers send null always: only a named predecessor moves anything.
        if not isinstance(previous, str):
            return
        self._previous[item_id] = previous
        seen = {item_id}
        while previous not in self._transcript and previous in self._previous and previous not in seen:
            seen.add(previous)  # an item without words, such as a function call: go on to the one before it
            previous = self._previous[previous]
        if (entry := self._transcript.get(item_id)) and self._transcript.place_after(item_id, previous):
            self._tell(entry)

    def _settled(self, item_id: str) -> None:
        self._due_ms.pop(item_id, None)
        self._open.pop(item_id, None)

    def _remove(self, item_id: str) -> None:
        self._parts.pop(item_id, None)
        self._settled(item_id)
        if self._transcript.remove(item_id):
            self._effects.add(EntryRemoved(item_id))

    def _add(self, entry: Entry) -> None:
        self._transcript.insert(len(self._transcript), entry)
        self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        self._effects.add(EntryChanged(entry, self._transcript.index(entry.item_id)))
