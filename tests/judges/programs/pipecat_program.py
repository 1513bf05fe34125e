"""pipecat: its OpenAI realtime service in a pipeline, between a microphone and a loudspeaker of our own."""

from __future__ import annotations

import asyncio
import time

from judged import CHUNK_MS, KEY, MODEL, RATE_HZ, URL, Talk, check, ends, says, speak_and_be_heard
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

PARAMS = TransportParams(
    audio_in_enabled=True,
    audio_out_enabled=True,
    audio_in_sample_rate=RATE_HZ,
    audio_out_sample_rate=RATE_HZ,
)


class Ears(BaseInputTransport):
    """The microphone as the pipeline reads it."""

    def __init__(self, talk: Talk) -> None:
        super().__init__(PARAMS)
        self._talk = talk
        self._speaking: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._speaking = asyncio.create_task(self._speak())

    async def cleanup(self) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
        await super().cleanup()

    async def _speak(self) -> None:
        async for chunk in self._talk.microphone.chunks():
            await self.push_audio_frame(InputAudioRawFrame(audio=chunk, sample_rate=RATE_HZ, num_channels=1))


class Mouth(BaseOutputTransport):
    """A loudspeaker at the speed of time."""

    def __init__(self) -> None:
        super().__init__(PARAMS)
        self._free_at = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self._free_at = max(self._free_at, time.monotonic()) + len(frame.audio) / 2 / RATE_HZ
        await asyncio.sleep(max(0.0, self._free_at - time.monotonic() - 2 * CHUNK_MS / 1000))
        return True


class PipelineTalk(Talk, BaseObserver):
    """By the frames in the pipeline, each looked at once."""

    def __init__(self) -> None:
        Talk.__init__(self)
        BaseObserver.__init__(self, observe_every_push=False)

    async def on_push_frame(self, data: FramePushed) -> None:
        # The loudspeaker passes on what it has played, in frames of its own: that was heard before.
        if not isinstance(data.source, Mouth):
            self._note(data.frame)
            self.changed()

    def _note(self, frame: Frame) -> None:
        match frame:
            case TranscriptionFrame():
                self.user_said[str(frame.id)] = frame.text
            case LLMFullResponseStartFrame():
                self.assistant_said[str(frame.id)] = ""
            case TTSTextFrame() if self.assistant_said:
                newest = next(reversed(self.assistant_said))
                self.assistant_said[newest] += frame.text
            case TTSAudioRawFrame():
                self.heard.add(frame.audio)
            case LLMFullResponseEndFrame():
                self.answers += 1
            case InterruptionFrame():
                self.interruptions += 1
            case ErrorFrame():
                self.errors.append(frame.error)


async def talk_with(turn_detection: events.TurnDetection | bool, messages: list[dict[str, str]]) -> None:
    """`turn_detection`: the service finds the turns; False: the application says when one begins and ends."""
    properties = events.SessionProperties(
        instructions="You are a helpful voice assistant. Answer briefly.",
        audio=events.AudioConfiguration(
            input=events.AudioInput(
                transcription=events.InputAudioTranscription(model="gpt-4o-mini-transcribe"),
                turn_detection=turn_detection,
                noise_reduction=events.InputAudioNoiseReduction(type="near_field"),
            ),
            output=events.AudioOutput(voice="marin"),
        ),
    )
    settings = OpenAIRealtimeLLMService.Settings(model=MODEL, session_properties=properties)
    service = OpenAIRealtimeLLMService(api_key=KEY, base_url=URL, settings=settings)
    talk, context = PipelineTalk(), LLMContext(messages)
    user, assistant = LLMContextAggregatorPair(context)
    pipeline = Pipeline([Ears(talk), user, service, Mouth(), assistant])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ),
        observers=[talk],
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frames([LLMRunFrame()])
    if messages:
        await talk.until(
            "an answer to what was written", lambda: says(talk.last_answer(), "4", "four") and talk.answers
        )
        check("a written question is answered", says(talk.last_answer(), "4", "four"), talk.last_answer())
        await asyncio.sleep(0.3)
        await talk.is_heard()
    if turn_detection:
        talk.heard.clear()
        talk.answers = 0
        await speak_and_be_heard(talk)
    else:
        await take_turns_by_hand(talk, worker)
    check("no errors are reported to the application", not talk.errors, talk.errors)
    await talk.is_heard()
    await worker.queue_frames([EndFrame()])
    await ends(running)


async def take_turns_by_hand(talk: PipelineTalk, worker: PipelineWorker) -> None:
    """As with a voice detector of the application's, or a talk key."""
    talk.heard.clear()
    for words, wanted in (("question_joe", "391"), ("story_joe", "here is"), ("stop_joe", "12")):
        if wanted == "12":
            await talk.until("a story", lambda: talk.heard.pcm)
            await worker.queue_frames([InterruptionFrame()])
        else:
            await talk.is_heard()
        talk.heard.clear()
        await worker.queue_frames([UserStartedSpeakingFrame()])
        talk.microphone.say(words)
        await talk.microphone.is_quiet()
        known = len(talk.assistant_said)
        await worker.queue_frames([UserStoppedSpeakingFrame()])
        await talk.until(
            f"an answer to {words}",
            lambda known=known, wanted=wanted: len(talk.assistant_said) > known and says(talk.last_answer(), wanted),
        )
        check(f"turns by hand: {words} is answered", says(talk.last_answer(), wanted), talk.last_answer())


async def main() -> None:
    detection = events.TurnDetection(type="server_vad", threshold=0.5, silence_duration_ms=500)
    await talk_with(detection, [{"role": "user", "content": "What is two plus two?"}])
    await talk_with(False, [])


asyncio.run(main())
