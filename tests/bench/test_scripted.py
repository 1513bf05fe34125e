"""The service that measurements talk with says what they count on."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from websockets.sync.client import connect

from app.bench.scripted import ScriptedService

KINDS = {
    "conversation.item.input_audio_transcription.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
}


@pytest.mark.parametrize(("in_turn", "each"), [(False, 6), (True, 2)], ids=["each kind 50 a second", "50 in all"])
def test_so_many_deltas_of_each_kind(in_turn: bool, each: int) -> None:
    with ScriptedService() as service, connect(service.url, proxy=None) as socket:
        assert json.loads(socket.recv(10))["type"] == "session.created"
        service.stream(6 * 0.02, in_turn=in_turn)
        seen: Counter[str] = Counter()
        while (kind := json.loads(socket.recv(10))["type"]) != "response.done":
            seen[kind] += 1
        assert {kind: seen[kind] for kind in KINDS} == dict.fromkeys(KINDS, each)
