"""openai-agents: a RealtimeSession over the WebSocket, as its documentation shows it."""

from __future__ import annotations

import asyncio

from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from judged import KEY, MODEL, URL, Talk, check, ends, speak_and_be_heard, write_and_stop


class SessionTalk(Talk):
    """By the events of the session."""

    def __init__(self, session: RealtimeSession) -> None:
        super().__init__()
        self._session = session

    async def speak(self) -> None:
        async for chunk in self.microphone.chunks():
            await self._session.send_audio(chunk)

    async def follow(self) -> None:
        async for event in self._session:
            match event.type:
                case "audio":
                    self.heard.add(event.audio.data)
                case "audio_interrupted":
                    self.interruptions += 1
                case "history_added":
                    self._note(event.item)
                case "history_updated":
                    for item in event.history:
                        self._note(item)
                case "error":
                    self.errors.append(str(event.error))
                case "agent_end":
                    self.answers += 1
            self.changed()

    def _note(self, item) -> None:
        if item.type == "message":
            words = [getattr(part, "text", None) or getattr(part, "transcript", None) or "" for part in item.content]
            said = self.assistant_said if item.role == "assistant" else self.user_said
            if any(words) or item.item_id not in said:
                said[item.item_id] = " ".join(words)

    async def write(self, text: str) -> None:
        await self._session.send_message(text)

    async def interrupt(self) -> None:
        await self._session.interrupt()


async def talk_with(service_interrupts: bool) -> None:
    """`service_interrupts`: the service cancels an answer when the user speaks; else the library does."""
    detection = {
        "type": "server_vad",
        "threshold": 0.5,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": service_interrupts,
    }
    settings = {
        "model_name": MODEL,
        "audio": {
            "input": {
                "format": "pcm16",
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": detection,
                "noise_reduction": {"type": "near_field"},
            },
            "output": {"format": "pcm16", "voice": "marin"},
        },
    }
    agent = RealtimeAgent(name="Judge", instructions="You are a helpful voice assistant. Answer briefly.")
    runner = RealtimeRunner(agent, config={"model_settings": settings})
    session = await runner.run(model_config={"api_key": KEY, "url": f"{URL}?model={MODEL}"})
    await session.enter()
    talk = SessionTalk(session)
    tasks = [asyncio.create_task(talk.follow()), asyncio.create_task(talk.speak())]
    try:
        await speak_and_be_heard(talk)
        if not service_interrupts:
            await write_and_stop(talk)
        check("no errors are reported to the application", not talk.errors, talk.errors)
    finally:
        await ends(session.close())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def main() -> None:
    await talk_with(service_interrupts=True)
    await talk_with(service_interrupts=False)


asyncio.run(main())
