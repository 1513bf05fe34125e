"""The service as set, its parts, and a real connection to it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Response

from app.doctor.finding import Finding, Level, Step
from app.doctor.network import NAME
from app.doctor.rehearsal import ANSWER, SETTINGS_TAKEN, TRANSCRIPTION
from app.doctor.service import CONNECTION, address, connection, packages, prices, way
from app.settings import Settings
from tests.connection.loopback import CREATED, Script, http, playing, says
from tests.doctor.test_rehearsal import Scripted


@contextmanager
def service(script: Script, answer: Response | None = None) -> Iterator[str]:
    """Its address; it plays on a thread of its own, since the check has its own loop."""
    begun, over, url = threading.Event(), threading.Event(), ""

    async def play() -> None:
        nonlocal url
        async with playing(script, answer) as loopback:
            url = loopback.url
            begun.set()
            await asyncio.to_thread(over.wait, 60)

    thread = threading.Thread(target=lambda: asyncio.run(play()))
    thread.start()
    try:
        assert begun.wait(30)
        yield url
    finally:
        over.set()
        thread.join()


AZURE = {"azure_endpoint": "https://n.openai.azure.com", "azure_deployment": "rt", "azure_api_key": "key-1234567"}


@pytest.mark.parametrize(
    ("settings", "level", "text"),
    [
        (Settings(), Level.OK, "On this machine, with the recogniser auto and the built-in responder."),
        (
            Settings(responder="ftp://me:pa55/word@host/x?key=abcd1234"),
            Level.OK,
            "On this machine, with the recogniser auto and 'ftp://…@host/x?…'.",
        ),
        (
            Settings(openai_api_key="sk-12345678", model="gpt-realtime-2"),
            Level.OK,
            "wss://api.openai.com/v1/realtime, model gpt-realtime-2, dialect ga.",
        ),
        (
            Settings(service="ws://me:pass@127.0.0.1:8080/v1?key=abcd1234", dialect="beta"),
            Level.OK,
            "ws://127.0.0.1:8080/v1/realtime, model of its own choice, dialect beta.",
        ),
        (Settings(**AZURE), Level.NOTE, "wss://n.openai.azure.com/openai/v1/realtime, model rt, dialect ga."),
        (Settings(service="openai"), Level.PROBLEM, None),
        (Settings(service="azure"), Level.PROBLEM, None),
        (Settings(service="ws://"), Level.PROBLEM, None),
    ],
)
def test_where_the_service_is(settings: Settings, level: Level, text: str | None):
    finding = address(settings)
    assert finding.level is level
    assert text is None or finding.text == text
    assert bool(finding.remedy) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("settings", "environ", "level", "text"),
    [
        ({"service": "wss://h.test/v1"}, {}, Level.OK, "None."),
        ({"service": "ws://127.0.0.1/v1"}, {"ALL_PROXY": "x:1"}, Level.OK, "None: this machine is reached directly."),
        (
            {"service": "wss://h.test/v1"},
            {"ALL_PROXY": "socks5h://me:secret@p.corp"},
            Level.OK,
            "socks5h://p.corp:1080, as ALL_PROXY says.",
        ),
        (
            {"service": "ws://h.test/v1"},
            {"HTTP_PROXY": "http://proxy.corp:abc"},
            Level.PROBLEM,
            "HTTP_PROXY is no address of a proxy: its host or port cannot be one.",
        ),
    ],
)
def test_which_proxy_stands_between(monkeypatch, settings, environ, level: Level, text: str):
    for kind in ("http", "https", "all", "no", "ws", "wss", "socks"):
        monkeypatch.delenv(f"{kind}_proxy", raising=False)
        monkeypatch.delenv(f"{kind}_proxy".upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    finding = next(iter(way(Settings(**settings))))
    assert isinstance(finding, Finding)
    assert (finding.level, finding.text) == (level, text)


@pytest.mark.parametrize("settings", [Settings(), Settings(service="azure")])
def test_without_an_address_there_is_no_way_to_speak_of(settings: Settings):
    assert list(way(settings)) == []


def test_a_name_that_leads_nowhere_ends_the_way():
    *_, step, last = way(Settings(service="wss://nowhere.invalid/v1"))
    assert step == Step(NAME)
    assert isinstance(last, Finding)
    assert (last.check, last.level) == (NAME, Level.PROBLEM)


def findings_of(settings: Settings, log: Path) -> dict[str, Finding]:
    """What the connection comes to, by check."""
    return {each.check: each for each in connection(settings, log) if isinstance(each, Finding)}


def test_what_stands_behind_the_address_is_asked_with_the_key(tmp_path: Path):
    with service(Scripted({})) as url:
        findings = findings_of(Settings(service=url, api_key="k-12345678"), tmp_path / "log")
    assert list(findings) == [CONNECTION, SETTINGS_TAKEN, ANSWER, TRANSCRIPTION]
    assert {finding.level for finding in findings.values()} == {Level.OK}
    assert " began a session with gpt-realtime-2.1 within " in findings[CONNECTION].text


def test_a_line_that_ends_is_the_problem_of_the_step_it_ends_in(tmp_path: Path):
    async def script(peer: ServerConnection) -> None:
        await peer.send(CREATED)
        await peer.recv()
        await peer.close(1011, "out of memory")

    with service(script) as url:
        findings = findings_of(Settings(service=url, api_key="k-12345678"), tmp_path / "log")
    assert list(findings) == [CONNECTION, SETTINGS_TAKEN]
    assert findings[SETTINGS_TAKEN].level is Level.PROBLEM
    assert "out of memory" in findings[SETTINGS_TAKEN].text


def test_a_refused_key_is_a_problem_with_the_setting_to_change(tmp_path: Path):
    with service(says(CREATED), http(401)) as url:
        finding = findings_of(Settings(service=url, api_key="k-12345678"), tmp_path / "log")[CONNECTION]
    assert finding.level is Level.PROBLEM
    assert "HTTP 401" in finding.text
    assert "REALTIME_API_KEY" in finding.remedy
    assert "k-12345678" not in finding.text + finding.remedy


def test_where_nothing_listens_it_cannot_be_reached(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/v1"
        finding = findings_of(Settings(service=url), tmp_path / "log")[CONNECTION]
    assert finding.level is Level.PROBLEM
    assert "cannot be reached" in finding.text
    assert finding.remedy


def test_a_service_that_is_not_set_is_not_tried(tmp_path: Path):
    assert findings_of(Settings(service="azure"), tmp_path / "log")[CONNECTION].level is Level.NOTE


def test_the_embedded_service_answers_for_real(tmp_path: Path):
    if missing := [finding.text for finding in packages(Settings()) if finding.level is Level.PROBLEM]:
        pytest.skip(f"the embedded service is not installed: {missing[0]}")
    findings = findings_of(Settings(), tmp_path / "log")
    assert {finding.level for finding in findings.values()} == {Level.OK}, findings
    assert "5" in findings[ANSWER].text
    assert "s of speech" in findings[ANSWER].text
    assert "nineteen times twelve" in findings[TRANSCRIPTION].text.partition("written down as")[2]


def test_a_mind_that_is_not_there_is_a_problem(tmp_path: Path):
    if [finding for finding in packages(Settings()) if finding.level is Level.PROBLEM]:
        pytest.skip("the embedded service is not installed")
    settings = Settings(responder="http://127.0.0.1:1/v1", responder_model="m")
    finding = findings_of(settings, tmp_path / "log")[ANSWER]
    assert finding.level is Level.PROBLEM
    assert "did not answer" in finding.text
    assert "REALTIME_RESPONDER" in finding.remedy


@pytest.mark.parametrize(
    ("settings", "level", "text"),
    [
        (Settings(), Level.OK, "None: the embedded service costs nothing."),
        (Settings(openai_api_key="sk-12345678"), Level.OK, "models, as of 20"),
        (Settings(**AZURE), Level.NOTE, "The price of rt is not known"),
        (Settings(**AZURE, deployment_models="rt=gpt-realtime"), Level.OK, "models, as of 20"),
        (Settings(service="ws://h.test/"), Level.OK, "models, as of 20"),
        (Settings(prices="/nowhere/prices.toml"), Level.PROBLEM, "The price file /nowhere/prices.toml cannot be used"),
    ],
)
def test_what_is_known_of_the_cost(settings: Settings, level: Level, text: str):
    finding = prices(settings)
    assert finding.level is level
    assert text in finding.text
    assert bool(finding.remedy) is (level is not Level.OK)


def test_missing_parts_matter_only_where_the_embedded_service_is_used():
    elsewhere = {finding.level for finding in packages(Settings(openai_api_key="sk-12345678", recogniser="whisper"))}
    assert Level.PROBLEM not in elsewhere
    assert {finding.check for finding in packages(Settings())} == {"embedded"}
