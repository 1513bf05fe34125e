"""Judges of the client: services that others wrote, with which `realtime` holds its conversations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.program import DATA, command, recording, turns, words_in
from tests.judges.installing import Installed, install
from tests.judges.judging_service import keep_wire
from tests.judges.service import TOKEN, clean, process, serving, tail
from tests.judges.verdicts import Verdict
from tests.judges.wire import Line, Tap
from tests.official_types import client_events, unknown_keys
from tests.rig.terminal import Terminal, why_not

_PROXY_KEY = "sk-judge-of-the-proxy"
_LIMIT_S = 120
_START_S = 180


@dataclass(frozen=True, slots=True)
class Client:
    """How `realtime` is called."""

    url: str
    key: str
    folder: Path

    def env(self) -> dict[str, str]:
        """Nothing of the user's, and the service."""
        more = {"REALTIME_SERVICE": self.url, "REALTIME_API_KEY": self.key, "REALTIME_MODEL": "judge"}
        return clean(self.folder, more)


@dataclass(frozen=True, slots=True)
class Run:
    """How one run went."""

    status: int | None
    """None where it had to be stopped."""
    out: str
    err: str
    talk: list[dict]
    """The turns of the JSON export; none where there is none."""

    @property
    def told(self) -> str:
        """For a check."""
        return f"status {self.status}; {self.out[-300:]} {self.err[-300:]}"

    def said_by(self, speaker: str) -> str:
        """All words of one side."""
        return " | ".join(turn["text"] for turn in self.talk if turn["speaker"] == speaker)


async def plain(client: Client, *arguments: object, typed: str = "", limit_s: float = _LIMIT_S) -> Run:
    """`realtime --plain`, to its end."""
    export = client.folder / "talk.json"
    export.unlink(missing_ok=True)
    words = command("--plain", "--export", str(export), *map(str, arguments))
    errors = client.folder / "plain.log"
    errors.write_text("")
    async with process(*words, env=client.env(), cwd=client.folder, log=errors, typed=typed) as running:
        assert running.stdout is not None  # a pipe, as asked for
        try:
            async with asyncio.timeout(limit_s):
                out, status = (await running.stdout.read()).decode(), await running.wait()
        except TimeoutError:
            out, status = "", None
    return Run(status, out, errors.read_text(), turns(export) if export.exists() else [])


async def judge_with_litellm(verdict: Verdict, installs: Path, folder: Path) -> None:
    """The client through a LiteLLM proxy, behind which stands `realtime serve`. Raises HindranceError."""
    installed = await install("litellm", installs)
    verdict.version = installed.version
    async with serving(folder) as service, _litellm(installed, service, folder) as proxy, Tap(proxy) as tap:
        client = Client(tap.url, _PROXY_KEY, folder)
        await _speak(verdict, client)
        await _interrupt(verdict, client)
        run = await plain(client, "--text-only", "--no-greeting", typed="What is two plus two?\nMy name is Peter.\n")
        answers = run.said_by("assistant")
        verdict.check("what is typed is answered", run.status == 0 and "4" in answers and "Peter" in answers, run.told)
        await _show(verdict, client, "391", "--mic", DATA / "question_joe.wav")
        lines = list(tap.lines)
        run = await plain(Client(tap.url, "sk-wrong", folder), "--text-only", typed="Hello?\n")
        verdict.check("a wrong key is refused in words", run.status == 3 and "Traceback" not in run.err, run.told)
    _check_wire(verdict, lines)
    keep_wire("litellm", tap.lines)


async def judge_with_aimock(verdict: Verdict, installs: Path, folder: Path) -> None:
    """The client with aimock, which answers in writing whatever was wished for. Raises HindranceError."""
    installed = await install("aimock", installs)
    verdict.version = installed.version
    program, log = installed.folder / "aimock_service.mjs", folder / "aimock.log"
    async with process(*installed.command, program, env=clean(folder), cwd=folder, log=log) as running:
        assert running.stdout is not None  # a pipe, as asked for
        address = (await asyncio.wait_for(running.stdout.readline(), _START_S)).decode().strip()
        if not address.startswith("ws://"):
            raise RuntimeError(f"aimock did not start: {tail(log)}")
        async with Tap(address) as tap:
            await _mocked(verdict, Client(tap.url, "sk-anything", folder))
    _check_wire(verdict, tap.lines)
    keep_wire("aimock", tap.lines)


async def _mocked(verdict: Verdict, client: Client) -> None:
    typed = "What is two plus two?\nMy name is Peter.\n"
    for name, options in (("in writing", ("--text-only",)), ("though speech was wished for", ("--speaker", "none"))):
        run = await plain(client, "--no-greeting", *options, typed=typed)
        answers = run.said_by("assistant")
        right = run.status == 0 and answers == "2 plus 2 is 4. | It is nice to meet you, Peter."
        verdict.check(f"what is typed is answered, {name}", right, run.told)
    run = await plain(client, "--no-greeting", "--text-only", typed="How is the weather?\nWhat is two plus two?\n")
    right = run.status == 0 and "4" in run.said_by("assistant") and len(run.talk) == 4
    verdict.check("an answer that calls a function is told as one, and the talk goes on", right, run.told)
    run = await plain(client, "--no-greeting", "--text-only", typed="Break, please.\nWhat is two plus two?\n")
    right = "overloaded" in run.err + run.out and "4" in run.said_by("assistant")
    verdict.check("an answer that fails says why, and the talk goes on", right, run.told)
    question = DATA / "question_joe.wav"
    run = await plain(client, "--no-greeting", "--mode", "push-to-talk", "--mic", question, "--speaker", "none")
    right = run.status == 0 and [turn["speaker"] for turn in run.talk] == ["you", "assistant"]
    verdict.check("a spoken turn is shown and answered, though its item is never named", right, run.told)
    run = await plain(client, "--no-greeting", "--mic", question, "--speaker", "none")
    right = run.status == 5 and "heard no speech" in run.err
    verdict.check("a service that never hears anybody speak is told as one", right, run.told)
    await _show(verdict, client, "2 plus 2 is 4", "--text-only", typed="What is two plus two?")


async def _speak(verdict: Verdict, client: Client) -> None:
    answer = client.folder / "answer.wav"
    run = await plain(client, "--no-greeting", "--mic", DATA / "question_joe.wav", "--speaker", answer)
    verdict.check("a spoken question is written down", "seventeen" in run.said_by("you").lower(), run.told)
    heard = await asyncio.to_thread(words_in, answer) if answer.exists() else ""
    right = "391" in run.said_by("assistant") and ("391" in heard or "three hundred" in heard)
    verdict.check("it is answered in words and sound", run.status == 0 and right, f"heard: {heard}; {run.told}")


async def _interrupt(verdict: Verdict, client: Client) -> None:
    voice = recording(client.folder / "voice.wav", "story_joe.wav", 3.5, "stop_joe.wav", 1.0)
    run = await plain(client, "--no-greeting", "--mic", voice, "--speaker", "none")
    cut = [turn for turn in run.talk if turn["speaker"] == "assistant" and turn["heard_ms"] < turn["received_ms"]]
    found = "; ".join(f"heard {turn['heard_ms']} of {turn['received_ms']} ms" for turn in cut)
    verdict.check("speaking interrupts a story", run.status == 0 and len(cut) == 1, found or run.told)
    last = run.talk[-1]["text"] if run.talk else ""
    alone = "12" in last and "story" not in last
    verdict.check("the question that interrupted is answered, and no other", alone, last)


async def _show(verdict: Verdict, client: Client, wanted: str, *arguments: object, typed: str = "") -> None:
    """The full screen: what is said appears there, and it ends by its key."""
    if (hindrance := why_not()) is not None:
        verdict.check("the full screen", False, hindrance)
        return
    words = command("--no-greeting", "--speaker", "none", *map(str, arguments))

    def look() -> tuple[int, str]:
        with Terminal(words, columns=100, rows=30, env=client.env(), cwd=client.folder) as terminal:
            terminal.wait_for("LISTENING|HEARING|READY|THINKING|SPEAKING", 60)
            if typed:
                terminal.press("i")
                terminal.wait_for("write to the assistant")
                terminal.write(typed)
                terminal.press("Enter")
            text = terminal.wait_for(rf"(?s)assistant.*{re.escape(wanted)}", 60)
            terminal.press("C-q")
            return terminal.exit_status(30), text

    try:
        status, text = await asyncio.to_thread(look)
    except AssertionError as error:
        status, text = -1, str(error)
    shown = " ".join(text.split())
    verdict.check("the full screen shows it, and ends", status == 0, shown if status == 0 else f"{status}: {shown}")


def _check_wire(verdict: Verdict, lines: list[Line]) -> None:
    """What the client said on the way."""
    faults, number = set(), 0
    for message in (message for line in lines for message in line.of("client")):
        number += 1
        try:
            judged = client_events().validate_python(message.event)
            faults.update(f"{message.kind}: unknown key {key}" for key in unknown_keys(judged))
        except ValueError as error:
            faults.add(f"{message.kind}: {' '.join(str(error).split())[:200]}")
    told = "; ".join(sorted(faults)) or f"{number} events on {len(lines)} connections"
    verdict.check("wire: all that the client says is as the official types declare it", number and not faults, told)
    errors = [m.event.get("error") for line in lines for m in line.of("service", "error")]
    verdict.check("wire: the service refuses nothing", not errors, "; ".join(map(str, errors)))
    ends = {line.closed_by for line in lines}
    verdict.check("wire: the client hangs up in good order", ends == {"client: 1000"}, ", ".join(map(str, ends)))


@contextlib.asynccontextmanager
async def _litellm(installed: Installed, service: str, folder: Path) -> AsyncIterator[str]:
    """The address of a proxy that has one realtime model: the service."""
    there = urlsplit(service)
    parameters = {"model": "openai/judge", "api_base": f"http://{there.netloc}/v1", "api_key": TOKEN}
    config = {
        "model_list": [{"model_name": "judge", "litellm_params": parameters, "model_info": {"mode": "realtime"}}],
        "general_settings": {"master_key": _PROXY_KEY},
        "litellm_settings": {"telemetry": False},
    }
    file = folder / "litellm.yaml"
    file.write_text(json.dumps(config))  # JSON is YAML
    port = _free_port()
    env = clean(folder, {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"})
    program = installed.folder / "bin" / "litellm"
    words = (program, "--config", file, "--host", "127.0.0.1", "--port", port)
    log = folder / "litellm.log"
    async with process(*words, env=env, cwd=folder, log=log) as running:
        swallow = asyncio.create_task(_swallow(running))
        try:
            if not await _answers(f"http://127.0.0.1:{port}/health/liveliness", running):
                raise RuntimeError(f"LiteLLM did not start: {tail(log)}")
            yield f"ws://127.0.0.1:{port}/v1/realtime"
        finally:
            swallow.cancel()


async def _swallow(running: asyncio.subprocess.Process) -> None:
    assert running.stdout is not None  # a pipe, as asked for
    while await running.stdout.read(65536):
        pass


async def _answers(url: str, running: asyncio.subprocess.Process) -> bool:
    """Whether somebody answers there before the patience, or the program, ends."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    for _ in range(_START_S * 2):
        if await asyncio.to_thread(ask):
            return True
        if running.returncode is not None:
            return False
        await asyncio.sleep(0.5)
    return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
