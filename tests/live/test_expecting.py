"""A speaker that rests is woken before an answer comes."""

from __future__ import annotations

import asyncio

from app.connection.services import compatible
from app.conversation.session import SessionSettings
from app.live.conversation import LiveConversation
from app.live.dialling import ServiceDialler
from tests.connection.loopback import playing, run
from tests.live.fakes import HandSpeaker
from tests.live.test_devices import HandSystem
from tests.live.test_keeping import answers_once


def test_a_speaker_is_told_when_an_answer_is_asked_for_before_there_is_any_of_it():
    speaker = HandSpeaker()

    async def talk() -> None:
        async with playing(answers_once) as service:
            live = LiveConversation(
                dialler=ServiceDialler(compatible(service.url), None),
                settings=SessionSettings(),
                microphone=None,
                speaker=speaker,
                listener=lambda _: None,
                system=HandSystem(),
                greets=False,
            )
            live.say("Hello.")
            await asyncio.to_thread(live.run_line)

    run(talk())
    assert speaker.expectations > 0
    assert not speaker.heard
