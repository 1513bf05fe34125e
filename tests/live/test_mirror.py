"""A front end that applies every change has the same transcript as the conversation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.conversation.effects import EntryChanged, EntryRemoved
from app.conversation.transcript import Entry, Party, Transcript
from app.live.mirror import Mirror

ids = st.sampled_from(["a", "b", "c", "d"])
steps = st.lists(st.tuples(st.sampled_from(["add", "change", "move", "remove"]), ids, ids), max_size=40)


@given(steps)
def test_the_mirror_follows(changes: list[tuple[str, str, str]]):
    transcript, mirror = Transcript(), Mirror()
    for number, (what, item_id, other) in enumerate(changes):
        if what == "remove":
            if transcript.remove(item_id):
                mirror.apply(EntryRemoved(item_id))
            continue
        if what == "add":
            if item_id not in transcript:
                transcript.insert(len(transcript), Entry(item_id, Party.USER))
        elif what == "change":
            transcript.change(item_id, text=str(number))
        else:
            transcript.place_after(item_id, other)
        if entry := transcript.get(item_id):
            mirror.apply(EntryChanged(entry, transcript.index(item_id)))
    assert tuple(mirror) == transcript.entries()
