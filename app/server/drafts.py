"""An answer begun on a guess: while a pause may still turn out not to be the end of the turn, the responder is asked
and the first sentence spoken. If the turn ends with these words, the answer is there; else nobody hears of it.
"""

from __future__ import annotations

from app.audio.ports import Samples
from app.server.engines.ports import Prompt
from app.server.engines.sentences import SentenceSplitter
from app.server.jobs import CancelJob, NewId, Outbox, Respond, Speak


class Draft:
    """What is known so far of the answer to `prompt`. Says nothing to the client."""

    def __init__(self, out: Outbox, new_id: NewId, prompt: Prompt, speed: float | None) -> None:
        """`speed` of the speech; None for an answer in writing, which is not spoken."""
        self.prompt = prompt
        self.speed = speed
        self.fragments: list[str] = []
        job_id = new_id("job")
        self.respond_job: str | None = job_id
        """None when the responder has said all."""
        self.speak: Speak | None = None
        """The first sentence, once it is known."""
        self.sound: Samples | None = None
        """Of the first sentence, once it is spoken."""
        self.given_up = False
        """An engine failed at it. It stays, so that the same is not tried again in the same pause."""
        self._out = out
        self._new_id = new_id
        self._splitter = SentenceSplitter()
        out.put(Respond(job_id, prompt))

    @property
    def jobs(self) -> list[str]:
        """The jobs whose results it waits for."""
        speaking = self.speak.job_id if self.speak is not None and self.sound is None else None
        return [] if self.given_up else [job for job in (self.respond_job, speaking) if job is not None]

    def fragment(self, text: str) -> None:
        """More of the answer."""
        self.fragments.append(text)
        if self.speak is None and self.speed is not None:
            self._speak_first(self._splitter.feed(text))

    def answered(self) -> None:
        """The responder has said all."""
        self.respond_job = None
        if self.speak is None and self.speed is not None:
            self._speak_first(self._splitter.finish())

    def cancel(self) -> None:
        """The turn went on, or took other words."""
        for job in self.jobs:
            self._out.put(CancelJob(job))

    def give_up(self) -> None:
        """An engine cannot do its part."""
        self.cancel()
        self.given_up = True

    def _speak_first(self, sentences: list[str]) -> None:
        if sentences and not sentences[0].isspace() and self.speed is not None:
            self.speak = Speak(self._new_id("job"), sentences[0], self.speed)
            self._out.put(self.speak)
