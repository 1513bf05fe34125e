"""livekit-agents: an AgentSession with the OpenAI plugin's RealtimeModel; ears and mouth of our own, no room."""

from __future__ import annotations

import asyncio
import time

from judged import CHUNK_MS, KEY, MODEL, RATE_HZ, URL, Talk, check, ends, speak_and_be_heard, write_and_stop
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins import openai


class Ears(AudioInput):
    """The microphone as the session reads it."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(label="judge")
        self._chunks = talk.microphone.chunks()

    async def __anext__(self) -> rtc.AudioFrame:
        return rtc.AudioFrame(await anext(self._chunks), RATE_HZ, 1, RATE_HZ * CHUNK_MS // 1000)


class Mouth(AudioOutput):
    """A loudspeaker at the speed of time that knows how far it is."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(label="judge", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE_HZ)
        self._talk = talk
        self._began: float | None = None
        self._pushed_s = 0.0
        self._end: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._began is None:
            self._began = time.monotonic()
            self.on_playback_started(created_at=time.time())
        self._pushed_s += frame.duration
        self._talk.heard.add(bytes(frame.data))
        self._talk.changed()

    def flush(self) -> None:
        super().flush()
        if self._began is not None:
            self._end = asyncio.create_task(self._play_out())

    async def _play_out(self) -> None:
        assert self._began is not None  # something is played
        await asyncio.sleep(max(0.0, self._began + self._pushed_s - time.monotonic()))
        self._finish(self._pushed_s, interrupted=False)

    def clear_buffer(self) -> None:
        if self._began is None:
            return
        if self._end is not None:
            self._end.cancel()
        self._talk.interruptions += 1
        self._finish(min(self._pushed_s, time.monotonic() - self._began), interrupted=True)

    def _finish(self, position_s: float, *, interrupted: bool) -> None:
        self._began, self._pushed_s, self._end = None, 0.0, None
        self._talk.answers += 1
        self.on_playback_finished(playback_position=position_s, interrupted=interrupted)
        self._talk.changed()


class SessionTalk(Talk):
    """By the events of the agent's session."""

    def __init__(self, session: AgentSession) -> None:
        super().__init__()
        self._session = session
        session.on("conversation_item_added", self._on_item)
        session.on("user_input_transcribed", self._on_words)
        session.on("error", lambda event: self.errors.append(str(event.error)))

    def _on_item(self, event) -> None:
        if event.item.type == "message" and event.item.role == "assistant":
            self.assistant_said[event.item.id] = event.item.text_content or ""
        self.changed()

    def _on_words(self, event) -> None:
        if event.is_final:
            self.user_said[event.item_id or str(len(self.user_said))] = event.transcript
        self.changed()

    async def write(self, text: str) -> None:
        self._session.generate_reply(user_input=text)

    async def interrupt(self) -> None:
        await self._session.interrupt()


async def main() -> None:
    model = openai.realtime.RealtimeModel(
        model=MODEL, base_url=URL.removesuffix("/realtime"), api_key=KEY, voice="marin"
    )
    session = AgentSession(llm=model)
    talk = SessionTalk(session)
    session.input.audio = Ears(talk)
    session.output.audio = Mouth(talk)
    await session.start(Agent(instructions="You are a helpful voice assistant. Answer briefly."), record=False)
    try:
        await speak_and_be_heard(talk)
        await write_and_stop(talk)
        check("no errors are reported to the application", not talk.errors, talk.errors)
    finally:
        await ends(session.aclose())
        await model.aclose()


asyncio.run(main())
