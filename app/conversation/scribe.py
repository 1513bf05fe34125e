"""Writes the transcript from what the service says about items and their words.

Words come late, out of order and more than once (protocol reference, section 5.6). Everything is keyed by item.
"""

from __future__ import annotations

from app.conversation.effects import Effect, EntryChanged, EntryRemoved
from app.conversation.transcript import Entry, Speaker, Transcript
from app.protocol import server_events as sv
from app.protocol.convert import Unset
from app.protocol.items import Item, Response
from app.protocol.text import one_line

_FAILED = "The words could not be written down"
_NOT_TRANSCRIBED = "Spoken; the service was not asked to write it down."


class Scribe:
    """One owner of the transcript's contents; tells of each change as an effect."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._parts: dict[str, dict[int, str]] = {}
        self._previous: dict[str, str] = {}
        self._items_of: dict[str, list[str]] = {}
        self._gone: set[str] = set()

    def ignore(self, item_id: str) -> None:
        """What the service says of this item is no entry: it retells one that is there already."""
        self._gone.add(item_id)

    # ---------------------------------------------------------------- the user

    def user_began(self, item_id: str, now_ms: int) -> list[Effect]:
        """The user is speaking; the words will come."""
        return self._ensure(item_id, Speaker.USER, now_ms)

    def user_typed(self, item_id: str, text: str, now_ms: int) -> list[Effect]:
        """The user wrote."""
        entry = Entry(item_id, Speaker.USER, text, True, False, now_ms, now_ms)
        self._transcript.add(entry)
        return self._told(entry)

    def committed(self, event: sv.InputCommitted, now_ms: int, *, began_ms: int, is_transcribed: bool) -> list[Effect]:
        """The user's turn has its place. Where nobody writes it down, it is final as it is."""
        effects = self._ensure(event.item_id, Speaker.USER, began_ms)
        effects += self._change(event.item_id, ended_ms=now_ms)
        if not is_transcribed:
            effects += self._change(event.item_id, is_final=True, note=_NOT_TRANSCRIBED)
        return effects + self._place(event.item_id, event.previous_item_id)

    def transcription_delta(self, event: sv.TranscriptionDelta, now_ms: int) -> list[Effect]:
        """More of the user's words, not final."""
        effects = self._ensure(event.item_id, Speaker.USER, now_ms)
        entry = self._transcript.get(event.item_id)
        if entry is None or (entry.is_final and entry.text):  # a delta that was overtaken by its completed
            return effects
        return effects + self._change(event.item_id, text=entry.text + event.delta)

    def transcription_completed(self, event: sv.TranscriptionCompleted, now_ms: int) -> list[Effect]:
        """The user's words, final. A turn without words (a cough, a closing door) leaves the transcript."""
        effects = self._ensure(event.item_id, Speaker.USER, now_ms)
        text = event.transcript.strip()
        if not text:
            return effects + self.deleted(event.item_id)
        return effects + self._change(event.item_id, text=text, is_final=True)

    def transcription_failed(self, event: sv.TranscriptionFailed, now_ms: int) -> list[Effect]:
        """The words are not to be had; the turn stays, with the reason."""
        effects = self._ensure(event.item_id, Speaker.USER, now_ms)
        why = one_line(event.error.message or "")
        note = f"{_FAILED}: {why}" if why else f"{_FAILED}."
        return effects + self._change(event.item_id, is_final=True, note=note)

    # ---------------------------------------------------------------- items

    def item(self, item: Item, previous: str | None | Unset, now_ms: int, *, is_done: bool) -> list[Effect]:
        """An item has its place, is complete, or both."""
        item_id = item.id or ""
        if not item_id:
            return []
        if isinstance(previous, str):
            self._previous[item_id] = previous
        if item.type != "message" or item.role not in ("user", "assistant"):
            return []
        speaker = Speaker.USER if item.role == "user" else Speaker.ASSISTANT
        is_spoken = not item.content or any(part.is_audio for part in item.content or ())
        effects = self._ensure(item_id, speaker, now_ms, is_spoken=is_spoken)
        effects += self._place(item_id, previous)
        entry = self._transcript.get(item_id)
        if entry is not None and item.said and not entry.text:
            is_final = not is_spoken or is_done
            effects += self._change(item_id, text=item.said, is_final=is_final, is_spoken=is_spoken)
        return effects

    def deleted(self, item_id: str) -> list[Effect]:
        """The item is gone from the conversation, for good: what else is said of it comes too late."""
        self._gone.add(item_id)
        return self._remove(item_id)

    def dropped(self, item_id: str) -> list[Effect]:
        """The user's turn was thrown away before it was one."""
        entry = self._transcript.get(item_id)
        return self._remove(item_id) if entry is not None and not entry.text else []

    def lost(self) -> list[Effect]:
        """No more words will come: what is there is final, what holds nothing leaves."""
        effects: list[Effect] = []
        for entry in self._transcript.entries():
            if entry.is_final:
                continue
            if entry.text or entry.received_ms:
                effects += self._change(entry.item_id, is_final=True)
            elif entry.speaker is Speaker.USER:
                effects += self._change(entry.item_id, is_final=True, note=f"{_FAILED} before the line was lost.")
            else:
                effects += self._remove(entry.item_id)
        return effects

    # ---------------------------------------------------------------- the assistant

    def output_item(self, response_id: str, item: Item, now_ms: int) -> list[Effect]:
        """A response has this item."""
        self._belongs(response_id, item.id or "")
        return self.item(item, None, now_ms, is_done=False)

    def speech(self, response_id: str, item_id: str, now_ms: int) -> list[Effect]:
        """A response speaks, whether or not its words were told before."""
        self._belongs(response_id, item_id)
        return self._ensure(item_id, Speaker.ASSISTANT, now_ms)

    def output_delta(self, event: sv.OutputTranscriptDelta | sv.OutputTextDelta, now_ms: int) -> list[Effect]:
        """More of the assistant's words."""
        is_spoken = isinstance(event, sv.OutputTranscriptDelta)
        effects = self._ensure(event.item_id, Speaker.ASSISTANT, now_ms, is_spoken=is_spoken)
        self._belongs(event.response_id, event.item_id)
        parts = self._parts.setdefault(event.item_id, {})
        parts[event.content_index] = parts.get(event.content_index, "") + event.delta
        return effects + self._change(event.item_id, text=_joined(parts), is_spoken=is_spoken)

    def output_done(
        self, event: sv.OutputTranscriptDone | sv.OutputTextDone | sv.ContentPartDone, now_ms: int
    ) -> list[Effect]:
        """All words of a part. Never fewer than its deltas brought: a truncated part comes back empty."""
        match event:
            case sv.OutputTranscriptDone(transcript=text):
                is_spoken = True
            case sv.OutputTextDone(text=text):
                is_spoken = False
            case sv.ContentPartDone(part=part):
                text, is_spoken = part.said, part.is_audio
        effects = self._ensure(event.item_id, Speaker.ASSISTANT, now_ms, is_spoken=is_spoken)
        self._belongs(event.response_id, event.item_id)
        parts = self._parts.setdefault(event.item_id, {})
        if len(text) >= len(parts.get(event.content_index, "")):
            parts[event.content_index] = text
        return effects + self._change(event.item_id, text=_joined(parts), is_spoken=is_spoken)

    def response_done(self, response: Response, now_ms: int, *, is_dead: bool) -> tuple[list[Effect], bool]:
        """The response's entries are final; what failed is noted on the last. And whether there was any entry.

        `is_dead`: it was interrupted; what of it had no sound by then was never heard.
        """
        effects: list[Effect] = []
        for item in response.output or ():
            effects += self.output_item(response.id, item, now_ms)
        ids = [item_id for item_id in self._items_of.pop(response.id, []) if item_id in self._transcript]
        for item_id in ids:
            entry = self._transcript.get(item_id)
            if entry is not None and not entry.text and not entry.received_ms:
                effects += self._remove(item_id)
                continue
            effects += self._change(item_id, is_final=True)
            if entry is not None and (not entry.is_spoken or entry.received_ms == 0):
                effects += self._change(item_id, ended_ms=now_ms)
                if is_dead and entry.is_spoken:
                    effects += self._change(item_id, is_interrupted=True, heard_ms=0)
        left = [item_id for item_id in ids if item_id in self._transcript]
        if left and (note := failure_note(response)):
            effects += self._change(left[-1], note=note)
        return effects, bool(left)

    def change(self, item_id: str, **what: object) -> list[Effect]:
        """Change an entry for a reason that lies outside the words: what was heard, how fast it came."""
        return self._change(item_id, **what)

    # ---------------------------------------------------------------- within

    def _ensure(self, item_id: str, speaker: Speaker, now_ms: int, *, is_spoken: bool = True) -> list[Effect]:
        if not item_id or item_id in self._transcript or item_id in self._gone:
            return []
        entry = Entry(item_id, speaker, is_spoken=is_spoken, started_ms=now_ms)
        self._transcript.add(entry)
        return self._told(entry)

    def _place(self, item_id: str, previous: str | None | Unset) -> list[Effect]:
        # Null means the start, but several servers send null always: only a named predecessor moves anything.
        if not isinstance(previous, str):
            return []
        self._previous[item_id] = previous
        seen = {item_id}
        while previous not in self._transcript and previous in self._previous and previous not in seen:
            seen.add(previous)  # an item without words, such as a function call: go on to the one before it
            previous = self._previous[previous]
        if not self._transcript.place_after(item_id, previous):
            return []
        entry = self._transcript.get(item_id)
        return self._told(entry) if entry else []

    def _belongs(self, response_id: str, item_id: str) -> None:
        ids = self._items_of.setdefault(response_id, [])
        if item_id and item_id not in ids:
            ids.append(item_id)

    def _change(self, item_id: str, **what: object) -> list[Effect]:
        entry = self._transcript.change(item_id, **what)
        return self._told(entry) if entry else []

    def _remove(self, item_id: str) -> list[Effect]:
        self._parts.pop(item_id, None)
        return [EntryRemoved(item_id)] if self._transcript.remove(item_id) else []

    def _told(self, entry: Entry) -> list[Effect]:
        return [EntryChanged(entry, self._transcript.index(entry.item_id))]


def failure_note(response: Response) -> str:
    """Why a response did not come to its end, for the user; empty when it did or the user stopped it."""
    details = response.status_details or None
    match response.status:
        case "failed":
            error = (details.error if details else None) or None
            words = one_line((error.message or error.code or error.type or "") if error else "")
            return f"The service could not answer: {words}" if words else "The service could not answer."
        case "incomplete":
            reason = (details.reason or "") if details else ""
            return {
                "max_output_tokens": "The answer was cut at the limit of output tokens.",
                "content_filter": "The answer was cut by the service's content filter.",
            }.get(reason, "The answer is incomplete.")
        case _:
            return ""


def _joined(parts: dict[int, str]) -> str:
    return " ".join(parts[index].strip() if len(parts) > 1 else parts[index] for index in sorted(parts))
