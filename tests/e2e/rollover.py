"""A spoken conversation over sessions that end after 20 s: `python -m tests.e2e.rollover [SECONDS] [FOLDER]`.

The real program and its embedded service, files for ears and mouth. What must be so:

- Every utterance stands in the transcript once, in order, in words near to what was said.
- Every utterance is answered, once, perhaps along with the next one; or the answer is marked as cut off or interrupted.
- Each answer sounds once, whole (unless it was interrupted) and without a gap. The synthesiser gives the same sound for
  the same sentence, so each sentence of the transcript is laid over the speaker's file: all of its pieces lie at one
  place, to the sample, and beside the sentences there is silence. A pause before the next sentence of an answer is
  longer than the synthesiser's own by 20 ms at most, one block of the speaker.
- No session outlives its limit, and there are no more than the limit asks for.

Then the same of one turn in push-to-talk that is longer than a session.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from app.audio.pcm import WIRE_RATE_HZ
from app.audio.ports import Samples
from app.audio.wav import read_wav
from tests.e2e.program import command, home
from tests.e2e.spoken_script import LONG, Spoken, Voice, write_script, write_turn

LIMIT_S = 20
_SOONEST_SHARE = 0.75
"""A session is followed no sooner than after this part of its time."""
_SILENCE_MS = 700
"""Ends a turn. The long utterance has pauses of 430 ms."""
_LIKE = 0.8
"""So much of an utterance's words the recogniser is to find."""

_PIECE = WIRE_RATE_HZ // 5
"""200 ms: so finely a sentence is looked through for what is missing or doubled."""
_LONGEST_GAP_MS = 20.0
_DUCKED = WIRE_RATE_HZ
"""So long before its interruption an answer may be quieter already."""
_SAME = 0.98
"""Correlation of a piece with what is heard at its place."""
_RESIDUE = 10 ** (-50 / 20)
"""Peak of what may sound beside the sentences: nothing that can be heard."""


@dataclass
class Verdict:
    """What was found, and what of it is wrong."""

    figures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- words


def judge_words(turns: list[dict[str, Any]], script: list[Spoken]) -> Verdict:
    """Every utterance once, in its order, each answered once, alone or along with others, or marked."""
    verdict = Verdict()
    said = [turn for turn in turns if turn["speaker"] == "you"]
    if len(said) != len(script):
        verdict.wrong.append(f"{len(script)} utterances, but {[turn['text'] for turn in said]}")
    doubled = [item for item, times in Counter(turn["item_id"] for turn in turns).items() if times > 1]
    if doubled:
        verdict.wrong.append(f"items that stand twice: {doubled}")
    likeness, together = [1.0], 0
    for number, (spoken, turn) in enumerate(zip(script, said, strict=False)):
        likeness.append(like(spoken.utterance.text, turn["text"]))
        if likeness[-1] < _LIKE or turn["note"] or not turn["is_final"]:
            verdict.wrong.append(
                f"utterance {number}: {spoken.utterance.text!r} became {turn['text']!r} {turn['note']}"
            )
        answers = answers_to(turn, turns)
        together += turns[turns.index(turn) + 1 : turns.index(turn) + 2] == said[number + 1 : number + 2]
        text, is_marked = " ".join(each["text"] for each in answers), any(map(_is_marked, answers))
        if not re.search(spoken.utterance.answer, text) and not is_marked:
            verdict.wrong.append(f"utterance {number}: {turn['text']!r} was answered {text!r}")
        if [_is_marked(each) for each in answers[:-1]].count(False):
            verdict.wrong.append(f"utterance {number} was answered {len(answers)} times: {text!r}")
    answers = [turn for turn in turns if turn["speaker"] == "assistant"]
    interrupted, cut = sum(each["is_interrupted"] for each in answers), sum(bool(each["note"]) for each in answers)
    planned = sum(spoken.utterance.goes_on_after_s is not None for spoken in script[:-1])
    verdict.figures.append(
        f"{len(script)} utterances: {len(said)} turns of the user, {len(answers)} answers ({interrupted} interrupted, "
        f"{planned} as planned; {cut} cut off), {together} answered along with the next, "
        f"words alike {min(likeness):.0%} at least"
    )
    return verdict


def answers_to(turn: dict[str, Any], turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the assistant said after this turn, before the user spoke again; turns in one go are answered together."""
    after = dropwhile(lambda each: each["speaker"] == "you", turns[turns.index(turn) + 1 :])
    return list(takewhile(lambda each: each["speaker"] != "you", after))


def _is_marked(turn: dict[str, Any]) -> bool:
    return bool(turn["is_interrupted"] or turn["note"])


def like(said: str, heard: str) -> float:
    """How much of what was said was understood, and nothing else: 1 where it is all the same."""
    return difflib.SequenceMatcher(None, _words(said), _words(heard), autojunk=False).ratio()


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


# ---------------------------------------------------------------- sessions


def judge_sessions(events: list[dict[str, Any]], turns: list[dict[str, Any]], began_s: float) -> Verdict:
    """How many there were, how each ended, and what went on then."""
    verdict = Verdict()
    created_s = [_at(line) for line in _of(events, "session.created")]
    over_s = _at(events[-1])
    expired = sum(line.get("event", {}).get("error", {}).get("code") == "session_expired" for line in events)
    over: Counter[str] = Counter()
    for update in _of(events, "session.update")[1:]:
        at_ms = (_at(update) - began_s) * 1000
        found = [t["speaker"] for t in turns if t["started_ms"] <= at_ms <= (t["ended_ms"] or t["started_ms"])]
        over[" and ".join(found) or "nobody"] += 1
    lasted_s = over_s - created_s[0]
    most, least = lasted_s / (LIMIT_S * _SOONEST_SHARE) + 1, lasted_s / (LIMIT_S + 1)
    if not least <= len(created_s) <= most:
        verdict.wrong.append(f"{len(created_s)} sessions in {lasted_s:.0f} s: not {least:.0f} to {most:.0f}")
    who = ", ".join(f"{times} while {name} spoke" for name, times in over.items())
    verdict.figures.append(
        f"{len(created_s)} sessions in {lasted_s:.0f} s; begun {who}; {expired} ended by the service"
    )
    return verdict


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in events if line.get("event", {}).get("type") == kind]


def _at(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()


# ---------------------------------------------------------------- sound


def judge_sound(heard: Samples, answers: list[dict[str, Any]], voice: Voice) -> Verdict:
    """Each sentence whole and once, up to an interruption; silence besides."""
    verdict, rest, at = Verdict(), heard.astype(np.float64), 0
    sentences, longest_ms = 0, 0.0
    for answer in answers:
        is_first, left = True, frames_heard(answer)
        for sound in voice.sentences(answer["text"]):
            if left - sound.size < _DUCKED:  # the user speaks, and it is quieter before it is silent
                rest[at : at + max(0, left) + _DUCKED] = 0.0
                at += max(0, left)
                break
            left -= sound.size
            found = find(heard, sound, at)
            if found is None:
                verdict.wrong.append(f"a sentence of {answer['text']!r} is not heard after {at / WIRE_RATE_HZ:.2f} s")
                continue
            pause_ms = (found - at) * 1000 / WIRE_RATE_HZ
            if not is_first:
                longest_ms = max(longest_ms, pause_ms)
                if pause_ms > _LONGEST_GAP_MS:
                    verdict.wrong.append(
                        f"{pause_ms:.0f} ms too much before a sentence at {found / WIRE_RATE_HZ:.2f} s"
                    )
            verdict.wrong += breaks(heard, sound, found)
            rest[found : found + sound.size] -= sound[: rest.size - found]
            at, is_first, sentences = found + sound.size, False, sentences + 1
    loud = np.flatnonzero(np.abs(rest) > _RESIDUE)
    if loud.size:
        places = sorted({f"{place / WIRE_RATE_HZ:.1f}" for place in loud})
        verdict.wrong.append(f"something else sounds, {loud.size} samples, at {', '.join(places[:12])} s")
    verdict.figures.append(
        f"{sentences} sentences in {heard.size / WIRE_RATE_HZ:.0f} s of sound, longest pause beyond the voice's own "
        f"{longest_ms:.1f} ms, loudest else {20 * np.log10(max(float(np.abs(rest).max(initial=0.0)), 1e-6)):.0f} dBFS"
    )
    return verdict


def frames_heard(answer: dict[str, Any]) -> float:
    """So much of it the program says was heard; without an end where it was not interrupted."""
    return answer["heard_ms"] * WIRE_RATE_HZ // 1000 if answer["is_interrupted"] else math.inf


def find(heard: Samples, sound: Samples, start: int) -> int | None:
    """Where the sentence begins to be heard, from there on: where its loudest piece fits best."""
    loudest = max(range(0, sound.size, _PIECE), key=lambda at: float(np.square(sound[at : at + _PIECE]).sum()))
    piece = sound[loudest : loudest + _PIECE].astype(np.float64)
    window = heard[start:].astype(np.float64)
    if window.size < piece.size:
        return None
    alike = _alike(window, piece)
    first = np.flatnonzero(alike > _SAME)
    if not first.size:
        return None
    best = first[0] + int(np.argmax(alike[first[0] : first[0] + _PIECE]))
    begin = start + best - loudest
    return begin if begin >= 0 else None


def breaks(heard: Samples, sound: Samples, begin: int) -> list[str]:
    """Pieces of the sentence that are not heard at their places."""
    found = []
    for at in range(0, sound.size, _PIECE):
        piece = sound[at : at + _PIECE].astype(np.float64)
        there = heard[begin + at : begin + at + piece.size].astype(np.float64)
        off = float(np.abs(there - piece[: there.size]).max(initial=0.0)) if there.size == piece.size else 1.0
        if off > _RESIDUE:
            found.append(f"not as it was spoken at {(begin + at) / WIRE_RATE_HZ:.2f} s (off by {off:.3f})")
    return found


def _alike(window: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Normalised correlation of the piece at each place of the window, by FFT."""
    size = 1 << (window.size + piece.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(piece, size)), size)
    product = product[: window.size - piece.size + 1]
    sums = np.cumsum(np.concatenate([[0.0], np.square(window)]))
    own = float(np.square(piece).sum())
    power = sums[piece.size :] - sums[: -piece.size]
    alike: np.ndarray = product / np.sqrt(np.maximum(power, 1e-3 * own) * own)
    return alike


# ---------------------------------------------------------------- the run


def converse(folder: Path, lasts_s: float, voice: Voice) -> Verdict:
    """Talk for so long, and judge what came of it."""
    script = write_script(folder / "microphone.wav", lasts_s, voice)
    return talk(folder, script, voice, lasts_s * 2 + 120)


def press_and_talk(folder: Path, voice: Voice) -> Verdict:
    """One turn in push-to-talk, which is longer than a session."""
    script = write_turn(folder / "microphone.wav", LONG, voice)
    return talk(folder, script, voice, 300, "--mode", "push-to-talk", typed="\n\n")


def talk(folder: Path, script: list[Spoken], voice: Voice, longest_s: float, *asked: str, typed: str = "") -> Verdict:
    """The program, with the recording of the script in its folder; what is wrong with what came of it."""
    env = {"REALTIME_SESSION_LIMIT_S": str(LIMIT_S), "REALTIME_RECONNECT_S": "120"}
    usual = ("--plain", "--service", "local", "--no-greeting", "--no-keep", "--silence-ms", str(_SILENCE_MS))
    files = {name: folder / name for name in ("speaker.wav", "talk.json", "events.jsonl", "microphone.wav")}
    began_s = time.monotonic()
    done = subprocess.run(
        command(
            *usual,
            *asked,
            *("--mic", str(files["microphone.wav"]), "--speaker", str(files["speaker.wav"])),
            *("--export", str(files["talk.json"]), "--events", str(files["events.jsonl"])),
        ),
        env=home(folder, env),
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=longest_s,
        check=False,
    )
    (folder / "stderr.txt").write_text(done.stderr)
    (folder / "stdout.txt").write_text(done.stdout)
    if not files["talk.json"].exists():
        return Verdict([], [f"status {done.returncode}: {done.stderr[-1000:]}"])
    exported = json.loads(files["talk.json"].read_text())
    turns = exported["turns"]
    events = [json.loads(line) for line in files["events.jsonl"].read_text().splitlines()]
    heard, _ = read_wav(files["speaker.wav"])
    verdict = Verdict([f"{time.monotonic() - began_s:.0f} s, status {done.returncode}"])
    if done.returncode:
        verdict.wrong.append(f"status {done.returncode}: {done.stderr[-1000:]}")
    for part in (
        judge_words(turns, script),
        judge_sessions(events, turns, datetime.fromisoformat(exported["started_at"]).timestamp()),
        judge_sound(heard, [turn for turn in turns if turn["speaker"] == "assistant"], voice),
    ):
        verdict.figures += part.figures
        verdict.wrong += part.wrong
    remarks = Counter(remark["text"] for remark in exported["remarks"])
    verdict.figures += [f"{times} x {text}" for text, times in remarks.items()]
    return verdict


def main() -> int:
    """Talk, tell the figures and what is wrong."""
    lasts_s = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else Path(temporary)
        voice, is_wrong = Voice(), False
        for name, run in (
            ("hands-free", lambda at: converse(at, lasts_s, voice)),
            ("push-to-talk", lambda at: press_and_talk(at, voice)),
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
            verdict = run(folder / name)
            print("\n".join([f"{name}:", *verdict.figures, *(f"WRONG: {each}" for each in verdict.wrong)]))
            is_wrong = is_wrong or bool(verdict.wrong)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
