"""Every key of the conversation, pressed in a real terminal, in both modes and in every state.

The service is a scripted one, so that each state can be brought about and holds still.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.screen import needs_terminal, program, quiet_microphone
from tests.rig.service import Event, ScriptedService
from tests.rig.terminal import Terminal

pytestmark = [needs_terminal, pytest.mark.timeout(120)]

TURNS = 20
TAP_S = 0.2
"""As fast as a person taps twice. What comes quicker is a held key, which toggles once."""
FIRST_REPEAT_S, REPEAT_S = 0.4, 0.03


@dataclass(frozen=True)
class Step:
    """A key and what comes of it; `undo` is a key that takes it away again."""

    key: str
    shows: str
    undo: str = ""


DIALOGS = [
    Step("s", "▾ Turn taking", undo="s"),
    Step("F1", "─ Help ─", undo="Escape"),
    Step("C-p", "Search for commands", undo="Escape"),
    Step("-", "volume 95 %"),
    Step("+", "volume 100 %"),
]

TYPING = [
    Step("i", "write to the assistant", undo="Escape"),
    Step("Enter", "write to the assistant", undo="Escape"),
]

TRANSCRIPT = [
    Step("Home", r"Turn 1 of the past(?s:.*)End follows"),
    Step("PageDown", r"Turn 10 of the past(?s:.*)End follows"),
    Step("PageUp", r"Turn 1 of the past(?s:.*)End follows", undo="End"),
    Step("e", "─ Export ─", undo="Escape"),
]


@dataclass
class Stage:
    """A program that talks with a scripted service."""

    terminal: Terminal
    service: ScriptedService

    def press(self, key: str, shows: str) -> None:
        """A key, and what comes of it."""
        self.terminal.press(key)
        self.terminal.wait_for(shows)
        if key == "Escape":  # followed by another key at once it would be Alt with that key
            time.sleep(TAP_S)

    def talk(self, shows: str, key: str = "Space") -> None:
        """The talk key, at the pace of a person."""
        time.sleep(TAP_S)
        self.press(key, shows)

    def sent(self, kind: str) -> Event:
        """The next event of that kind."""
        return self.service.wait_for(kind)

    def walk(self, steps: Sequence[Step]) -> None:
        """One key after the other."""
        for step in steps:
            self.press(step.key, step.shows)
            if step.undo:
                self.terminal.press(step.undo)
                self.terminal.wait_without(step.shows)

    def remember(self) -> None:
        """A past that fills more than one screen."""
        self.sent("session.update")
        for number in range(1, TURNS + 1):
            self.service.put("user" if number % 2 else "assistant", f"Turn {number} of the past.")
        self.terminal.wait_for(f"Turn {TURNS} of the past")

    def every_key_that_looks(self, lamp: str) -> None:
        """The keys that mean the same in every state, which they leave alone."""
        self.terminal.wait_for(lamp)
        self.walk(DIALOGS)
        if "OFFLINE" not in lamp:  # there is nobody to type to
            self.walk(TYPING)
        self.walk(TRANSCRIPT)
        self.search()
        self.copy()
        self.terminal.wait_for(lamp)

    def search(self) -> None:
        """`/`, `n` and `N`."""
        self.press("/", "find in the transcript")
        self.terminal.write("the past")
        self.terminal.wait_for("20 of 20 +Enter keeps")
        self.press("Enter", "20 of 20 +n next")
        self.press("N", "19 of 20 ")
        self.press("n", "20 of 20 ")
        self.terminal.press("Escape")
        self.terminal.wait_without("20 of 20 ")

    def copy(self) -> None:
        """`C` and `c`, by what has come to the clipboard."""
        self.terminal.press("C")
        self.terminal.wait_until(lambda _: "Turn 1 of" in self.terminal.copied(), "the copy of everything")
        self.terminal.press("c")
        self.terminal.wait_until(lambda _: "Turn 1 of" not in self.terminal.copied(), "the copy of a turn")

    def type_with(self, lamp: str, after: str) -> None:
        """In a text field Space types a space, letters type themselves, and F9 talks all the same."""
        self.press("i", "write to the assistant")
        self.terminal.press("m", "Space", "]", "Space", "x")
        self.terminal.wait_for(r"› m \] x")
        self.terminal.wait_for(lamp)
        self.talk(after, "F9")
        self.terminal.wait_for(r"› m \] x")
        self.terminal.press("Escape")
        self.terminal.wait_without("› m")

    def say(self, words: str) -> None:
        """Type a line and send it."""
        self.press("i", "write to the assistant")
        self.terminal.write(words)
        self.terminal.press("Enter")
        self.terminal.press("Escape")
        self.terminal.wait_without("write to the assistant")


@contextmanager
def stage(folder: Path, microphone: str, *arguments: str, admits: bool = True) -> Iterator[Stage]:
    with ScriptedService(admits=admits) as service:
        sound = ("--mic", microphone, "--speaker", "none", "--no-greeting")
        with program(folder, "--service", service.url, *sound, *arguments, columns=110, rows=32) as terminal:
            yield Stage(terminal, service)


def test_every_key_hands_free(tmp_path: Path):
    with stage(tmp_path, str(quiet_microphone(tmp_path)), admits=False) as on:
        on.terminal.wait_for("CONNECTING")
        on.press("Space", "CONNECTING")
        on.press("F9", "CONNECTING")
        on.press("m", "· push-to-talk")
        on.press("m", "· hands-free")
        on.press("e", "Nothing has been said yet")
        on.walk([*DIALOGS, *TYPING])
        on.say("Early words.")
        on.press("Escape", "CONNECTING")
        on.service.admit()
        assert on.sent("conversation.item.create")["item"]["content"][0]["text"] == "Early words."
        on.sent("response.create")
        on.terminal.wait_for("THINKING")
        on.service.speaks("Early answer.")
        on.terminal.wait_for("● LISTENING")
        for number in range(1, TURNS + 1):
            on.service.put("user" if number % 2 else "assistant", f"Turn {number} of the past.")

        on.every_key_that_looks("● LISTENING")
        on.service.wait_for_sound()
        on.press("]", "● LISTENING")
        assert on.sent("session.update")["session"]["audio"]["input"]["turn_detection"]["threshold"] == 0.55
        on.press("[", "● LISTENING")
        assert on.sent("session.update")["session"]["audio"]["input"]["turn_detection"]["threshold"] == 0.5
        on.press("m", "◌ READY")
        assert on.sent("session.update")["session"]["audio"]["input"]["turn_detection"] is None
        on.press("m", "● LISTENING")
        assert on.sent("session.update")["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        on.press("Escape", "● LISTENING")
        on.type_with("● LISTENING", "◌ MUTED")

        on.every_key_that_looks("◌ MUTED")
        on.type_with("◌ MUTED", "● LISTENING")
        on.talk("◌ MUTED")
        on.press("Escape", "◌ MUTED")
        on.talk("● LISTENING", "F9")

        item_id = on.service.hears("What I")
        on.every_key_that_looks("● HEARING YOU")
        on.talk("◌ HEARING YOU")
        on.talk("● HEARING YOU")
        on.press("Escape", "● HEARING YOU")
        on.service.has_heard(item_id, "What I said.")
        on.terminal.wait_for("What I said.")

        on.service.thinks()
        on.every_key_that_looks("● THINKING")
        on.talk("◌ THINKING")
        on.talk("● THINKING")
        on.press("Escape", "● LISTENING")
        on.sent("response.cancel")

        on.service.speaks("A long answer.", sound_s=60, is_done=False)
        on.every_key_that_looks("● SPEAKING")
        on.talk("◌ SPEAKING")
        on.talk("● SPEAKING")
        on.press("Escape", "interrupted after")
        on.sent("response.cancel")
        assert on.sent("conversation.item.truncate")["audio_end_ms"] > 0
        on.terminal.wait_for("● LISTENING")

        on.press("i", "write to the assistant")
        on.terminal.write("Late words.")
        on.service.hang_up()
        on.terminal.wait_for("◌ OFFLINE")
        on.press("Enter", "over, so this")
        on.press("Escape", "◌ OFFLINE")
        on.every_key_that_looks("◌ OFFLINE")
        told = len(on.service.log)
        on.terminal.press("Space", "F9", "m", "[", "]", "x", "i", "Enter")
        on.press("s", r"· hands-free(?s:.*)threshold .* 0\.50(?s:.*)◌ OFFLINE")
        assert len(on.service.log) == told
        on.terminal.press("C-q")
        assert on.terminal.exit_status() == 5


def test_every_key_push_to_talk(tmp_path: Path):
    talking = ["story_joe.wav", 0.1] * 8
    with stage(tmp_path, str(quiet_microphone(tmp_path, *talking)), "--mode", "push-to-talk") as on:
        on.remember()
        on.every_key_that_looks("◌ READY")
        on.press("Escape", "◌ READY")
        on.talk("● HEARING YOU")
        on.service.wait_for_sound()
        on.every_key_that_looks("● (HEARING YOU|LISTENING)")
        on.talk("◌ THINKING")
        on.sent("input_audio_buffer.commit")
        on.sent("response.create")

        on.service.thinks()
        on.every_key_that_looks("◌ THINKING")
        on.press("Escape", "◌ READY")
        on.sent("response.cancel")

        on.talk("● (HEARING YOU|LISTENING)", "F9")
        on.press("Escape", "◌ READY")
        on.sent("input_audio_buffer.clear")
        on.press("]", "◌ READY")
        on.press("s", r"threshold .* 0\.55")
        on.terminal.press("s")
        on.press("[", "◌ READY")
        on.type_with("◌ READY", "● (HEARING YOU|LISTENING)")
        on.press("m", "· hands-free(?s:.*)● ")
        on.sent("input_audio_buffer.commit")
        on.sent("response.create")
        on.service.speaks("A short answer.")
        on.press("m", "· push-to-talk(?s:.*)◌ READY")
        on.say("Typed words.")
        assert on.sent("conversation.item.create")["item"]["content"][0]["text"] == "Typed words."

        on.sent("response.create")
        on.service.speaks("A long answer.", sound_s=60, is_done=False)
        on.every_key_that_looks("◌ SPEAKING")
        on.talk("interrupted after(?s:.*)● (HEARING YOU|LISTENING)")
        on.sent("response.cancel")
        on.sent("conversation.item.truncate")
        on.press("Escape", "◌ READY")

        commits = on.service.log.count("input_audio_buffer.commit")
        time.sleep(1)  # what was pressed before is too long ago to be the beginning of what is held
        on.terminal.hold("Space", FIRST_REPEAT_S, REPEAT_S, 20)
        on.terminal.wait_for("● (HEARING YOU|LISTENING)")
        on.talk("◌ THINKING")
        on.sent("input_audio_buffer.commit")
        assert on.service.log.count("input_audio_buffer.commit") == commits + 1

        on.service.hang_up()
        on.every_key_that_looks("◌ OFFLINE")
        on.press("Space", "◌ OFFLINE")
        on.press("e", "─ Export ─")
        on.terminal.press("C-q")
        assert on.terminal.exit_status() == 5


def test_every_key_without_a_microphone(tmp_path: Path):
    with stage(tmp_path, "none") as on:
        on.terminal.wait_for("There is no microphone: press x to hear the example, i to type")
        on.press("Space", "▌ There is no microphone: press x")
        on.remember()
        on.every_key_that_looks("◌ READY")
        on.press("m", "· push-to-talk(?s:.*)◌ READY")
        on.press("m", "· hands-free(?s:.*)◌ READY")
        on.press("x", "● LISTENING")
        on.service.wait_for_sound()
        on.service.hears("What I")
        on.press("F1", "─ Help ─")
        on.terminal.press("C-q")
        assert on.terminal.exit_status() == 0


def test_a_burst_of_keys_is_typed_and_what_cannot_be_sent_stays(tmp_path: Path):
    with (
        ScriptedService() as service,
        program(tmp_path, "--service", service.url, "--text-only", "--no-greeting") as terminal,
    ):
        terminal.wait_for("READY")
        terminal.write("imesh export rsx\rand more\r")
        terminal.wait_for("mesh export rsx(?s:.*)and more")
        assert "Export" not in terminal.text()
        terminal.press("Up", "Up")
        terminal.wait_for("› mesh export rsx")
        terminal.press("C-q")
        assert terminal.exit_status() == 0
    with program(tmp_path, "--service", "ws://127.0.0.1:9/v1/realtime", "--text-only") as terminal:
        terminal.wait_for("OFFLINE")
        terminal.write("imesh export rsx\r")
        terminal.wait_for("over, so this(?s:.*)› mesh export rsx")
        terminal.press("C-q")
        assert terminal.exit_status() == 5
