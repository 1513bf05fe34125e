"""The screen with a conversation played by a script, to look at: `python -m tests.ui.demo [SPEED [THEME]]`."""

from __future__ import annotations

import math
import sys
import tempfile
import threading
import time
from pathlib import Path

from msgspec.structs import replace

from app.audio.capture import Levels
from app.conversation.effects import Interrupted, Notice, Severity
from app.conversation.session import SessionSettings
from app.conversation.status import State
from app.conversation.transcript import Latency
from app.conversation.usage import Spending, TokensByKind
from app.live.events import Listener
from app.settings import Folders, Loaded, Settings
from app.ui.app import RealtimeApp
from tests.ui.fakes import FakeLive, assistant, session_of, user

PARIS = (
    "The capital of France is Paris. About two million people live in the city itself, and more than twelve million "
    "in the whole region, which makes it one of the largest urban areas of Europe. Most of them live outside of the "
    "ring road, in towns that have grown together with the city over the last hundred and fifty years, and travel to "
    "work by train every day."
)


class Played(FakeLive):
    """Plays the conversation once, then stays as it is."""

    speed = 1.0

    def run_line(self) -> None:
        """The script."""
        threading.Thread(target=self._levels, daemon=True).start()
        self.now(state=State.CONNECTING, is_microphone_open=False)
        self.wait(0.6)
        self.now(
            state=State.LISTENING,
            is_microphone_open=True,
            has_microphone=True,
            model="gpt-realtime",
            expires_at=int(time.time() + 57 * 60),
            settings=SessionSettings(),
        )
        self.wait(1.0)
        self.user_turn("u1", "What is the capital of France, and how many people live there?")
        self.answer("a1", PARIS, heard_ms=3200)
        self.tell(Interrupted())
        self.user_turn("u2", "And in the whole region?")
        self.answer("a2", "About twelve million: every fifth person in France lives in or around Paris.")
        self.put(user("Danke! 東京はどうですか？ 👩‍👩‍👧 naïve café", "u3", is_spoken=False, started_ms=self.ms()))
        self.answer(
            "a3", "東京都には約一千四百万人が住んでいます。首都圏全体では三千七百万人を超え、世界最大の都市圏です。"
        )
        self.tell(Notice("Your turn could not be written down; the assistant heard it all the same.", Severity.WARNING))
        self.user_turn("u4", "And in the whole", is_final=False)
        self.closed.wait()
        self.line_ended.set()

    def ms(self) -> int:
        return int((time.time() - self.started_at) * 1000)

    def wait(self, seconds: float) -> None:
        self.closed.wait(seconds / self.speed)

    def user_turn(self, item_id: str, text: str, *, is_final: bool = True) -> None:
        started = self.ms()
        self.now(state=State.HEARING)
        words = text.split(" ")
        for count in range(len(words)):
            self.put(user(" ".join(words[:count]), item_id, is_final=False, started_ms=started))
            self.wait(0.15)
        self.put(user(text, item_id, is_final=is_final, started_ms=started))
        if is_final:
            self.now(state=State.THINKING, is_response_active=True)
            self.wait(0.4)

    def answer(self, item_id: str, text: str, *, heard_ms: int | None = None) -> None:
        started = self.ms()
        fast = Latency(400, 420)
        self.now(state=State.SPEAKING, answered_ms=420, median_answered_ms=510)
        for end in range(0, len(text), 6):
            entry = assistant(text[:end], item_id, is_final=False, ended_ms=None, heard_ms=None, latency=fast)
            self.put(replace(entry, started_ms=started))
            self.wait(0.05)
        heard = {"heard_ms": heard_ms, "received_ms": 14_000, "is_interrupted": True} if heard_ms else {}
        self.put(assistant(text, item_id, started_ms=started, latency=fast, **heard))
        spoken = self.status.spending.tokens.audio_out + 301
        self.now(
            state=State.LISTENING,
            is_response_active=False,
            spending=Spending(TokensByKind(text_in=900, audio_out=spoken), cost_usd=spoken * 0.000004),
        )
        self.wait(0.5)

    def _levels(self) -> None:
        while not self.closed.wait(0.05):
            t = time.time()
            talks = self.status.state is State.HEARING
            loud = -28 + 9 * math.sin(t * 9) + 4 * math.sin(t * 23) if talks else -58 + 2 * math.sin(t * 3)
            voice = 0.82 + 0.1 * math.sin(t * 7) if talks else 0.04
            speaks = self.status.state is State.SPEAKING
            self.levels = Levels(
                round(loud, 1), round(max(loud, -19.0 if talks else loud), 1), False, round(voice, 2),
                round(-24 + 6 * math.sin(t * 11), 1) if speaks else -90.0,
            )  # fmt: skip


def main() -> None:
    """Run it."""
    Played.speed = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    root = Path(tempfile.mkdtemp())

    def make(listener: Listener) -> FakeLive:
        return Played(listener, started_at=time.time())

    places = Folders(root / "settings.toml", root / "logs", root / "conversations")
    settings = Settings(theme=sys.argv[2]) if len(sys.argv) > 2 else Settings()
    app = RealtimeApp(make, Loaded(settings), places, session_of=session_of)
    app.run()
    sys.exit(app.return_code)


if __name__ == "__main__":
    main()
