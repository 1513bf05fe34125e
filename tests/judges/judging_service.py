"""Judges of the service: programs that hold a conversation with `realtime serve`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from app.audio.pcm import VAD_RATE_HZ, WIRE_RATE_HZ, resample, to_pcm16
from app.audio.wav import read_wav
from tests.judges.installing import PROGRAMS, install
from tests.judges.service import TOKEN, clean, process, serving, tail
from tests.judges.verdicts import Verdict
from tests.judges.wire import Certificate, Line, Tap
from tests.judges.wire_checks import check_lines

DATA = Path(__file__).parents[1] / "data"
LIMIT_S = 240.0
"""For one conversation."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can talk with a realtime service."""

    judge: str
    file: str
    """Among `programs`."""
    cancels: bool = True
    """It sends `response.cancel` where the application interrupts."""
    truncates: bool = True
    """It sends `conversation.item.truncate`."""
    needs_tls: bool = False
    """It talks with nobody who has no certificate."""


def spoken(folder: Path) -> Path:
    """The speech of the test data as the wire has it: `NAME.pcm`, 16 bit mono at 24 kHz."""
    folder.mkdir(parents=True, exist_ok=True)
    for wav in DATA.glob("*.wav"):
        samples, rate_hz = read_wav(wav)
        assert rate_hz == VAD_RATE_HZ
        (folder / f"{wav.stem}.pcm").write_bytes(to_pcm16(resample(samples, rate_hz, WIRE_RATE_HZ)))
    return folder


async def judge(program: Program, verdict: Verdict, installs: Path, folder: Path) -> None:
    """Let it talk, and write down what it says and what the wire says. Raises HindranceError."""
    installed = await install(program.judge, installs)
    verdict.version = installed.version
    certificate = Certificate.made(folder) if program.needs_tls else None
    async with serving(folder) as service, Tap(service, certificate=certificate) as tap:
        env = clean(
            folder,
            {
                "JUDGED_URL": tap.url,
                "JUDGED_KEY": TOKEN,
                "JUDGED_VOICES": str(spoken(folder / "voices")),
                "PYTHONUNBUFFERED": "1",
                **({"NODE_EXTRA_CA_CERTS": str(certificate.certificate)} if certificate else {}),
            },
        )
        is_python = program.file.endswith(".py")
        file = (PROGRAMS if is_python else installed.folder) / program.file
        log = folder / f"{program.judge}.log"
        async with process(*installed.command, file, env=env, cwd=folder, log=log) as running:
            status = await _follow(running, verdict)
            verdict.check("it ends by itself", status == 0, f"status {status}" if status is not None else "it did not")
            if status != 0:
                print(tail(log), file=sys.stderr)
    check_lines(verdict, _spoken_on(tap.lines), cancels=program.cancels, truncates=program.truncates)
    keep_wire(program.judge, tap.lines)


async def _follow(running: asyncio.subprocess.Process, verdict: Verdict) -> int | None:
    """What it says while it runs; the status, None where it had to be stopped."""
    assert running.stdout is not None  # a pipe, as asked for
    try:
        async with asyncio.timeout(LIMIT_S):
            async for line in running.stdout:
                try:
                    told = json.loads(line)
                    verdict.check(told["check"], told["passed"], told["found"])
                except (ValueError, KeyError, TypeError):
                    continue  # what the library prints
            return await running.wait()
    except TimeoutError:
        return None


def _spoken_on(lines: list[Line]) -> list[Line]:
    """The connections on which the client said something."""
    return [line for line in lines if line.of("client")]


def keep_wire(judge: str, lines: list[Line]) -> None:
    """Who wants to look at the conversations names a folder in JUDGES_WIRE. Sound is left out."""
    if not (folder := os.environ.get("JUDGES_WIRE")):
        return
    path = Path(folder) / f"{judge}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for number, line in enumerate(lines):
            for m in line.messages:
                event = {
                    key: f"<{len(value)} characters>" if key in ("audio", "delta") and len(str(value)) > 200 else value
                    for key, value in m.event.items()
                }
                file.write(json.dumps({"line": number, "at_s": round(m.at_s, 3), "from": m.sender, **event}) + "\n")
            file.write(json.dumps({"line": number, "closed_by": line.closed_by}) + "\n")
