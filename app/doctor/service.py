"""The service that would be used: what it needs, and a real connection to it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from app.connection.client import Connection
from app.connection.failures import ServiceFailure
from app.connection.proxies import ProxySettingError, proxy_in_use
from app.connection.services import ServiceSettingError
from app.conversation.outcome import failure_note
from app.doctor.finding import Finding, note, ok, problem
from app.launch.dialling import make_dialler, service_of
from app.launch.request import UsageError
from app.live.dialling import Dialler
from app.protocol.client_events import ItemCreate, ResponseCreate
from app.protocol.items import user_text
from app.protocol.server_events import ErrorEvent, OutputAudioDelta, OutputTranscriptDelta, ResponseDone
from app.protocol.text import one_line
from app.redaction import shown
from app.server.engines import moonshine, whisper
from app.server.engines.interfaces import EngineUnavailableError
from app.settings import Settings, which_service

_QUESTION: Final = "What is two plus three?"
_ANSWER_WITHIN_S: Final = 60.0
"""A language model on a small machine may have to be loaded first."""
_SET_IT: Final = "Set it in the environment or in .env, or choose another service with --service."
_BYTES_PER_S: Final = 48_000
_INSTALL: Final = (
    "Install it with: pip install 'gpt-realtime-tui[local]' (from a clone: pip install '.[local]'); "
    "or use another service: set AZURE_OPENAI_* or OPENAI_API_KEY."
)


def address(settings: Settings) -> Finding:
    """Where the service is and which model is asked for, or which setting does not make one."""
    which = which_service(settings)
    if which == "local":
        responder = "the built-in responder" if settings.responder == "builtin" else shown(settings.responder)
        return ok("address", one_line(f"On this machine, with the recogniser {settings.recogniser} and {responder}."))
    try:
        service = service_of(which, settings)
    except ServiceSettingError as error:
        return problem("address", str(error), _SET_IT)
    text = (
        f"{service.address}, model {service.model or 'of its own choice'}, dialect {service.dialect or 'as it begins'}."
    )
    if service.sign_in_scopes:
        text += " No key is set: signed in with Entra ID."
    return note("address", text, service.hint) if service.hint else ok("address", text)


def proxy(settings: Settings) -> Finding | None:
    """What stands between, and who says so. None where the service is not reached by way of the network."""
    which = which_service(settings)
    if which == "local":
        return None
    try:
        service = service_of(which, settings)
        found = proxy_in_use(service.url)
    except ServiceSettingError:
        return None  # `address` has said so
    except ProxySettingError as error:
        remedy = f"Set it to an address such as http://host:8080, or name {service.host} in NO_PROXY."
        return problem("proxy", f"{error.variable} is no address of a proxy: {error}.", remedy)
    if found is None:
        return ok("proxy", "None: this machine is reached directly." if service.is_loopback else "None.")
    return ok("proxy", f"{found.place}, as {found.variable} says.")


def packages(settings: Settings) -> Iterator[Finding]:
    """What the embedded service is made of. Missing parts are a problem only where that service is used."""
    is_used = which_service(settings) == "local"
    recognisers: list[tuple[str, Callable[[], object]]] = []
    if settings.recogniser != "whisper":
        recognisers.append(("recogniser Moonshine", _found(moonshine.find_model, "onnxruntime")))
    if settings.recogniser == "whisper" or _is_there(_found(whisper.find_model, "faster_whisper")):
        recognisers.append(("recogniser Whisper", _found(whisper.find_model, "faster_whisper")))
    has_recogniser = settings.recogniser == "auto" and any(_is_there(look) for _, look in recognisers)
    for name, look in (*recognisers, ("synthesiser hibari", _found(lambda: None, "hibari"))):
        missing = _missing(look)
        if not missing:
            yield ok("embedded", f"{name}.")
        elif is_used and not (has_recogniser and name.startswith("recogniser")):
            yield problem(
                "embedded",
                f"{name}: {missing}",
                _INSTALL,
            )
        else:
            yield note("embedded", f"{name}: {missing}")


def _found(find: Callable[[], object], module: str) -> Callable[[], object]:
    def look() -> object:
        find()
        return importlib.import_module(module)

    return look


def _missing(look: Callable[[], object]) -> str:
    """Why it cannot be had, as a sentence; empty where it can."""
    try:
        look()
    except EngineUnavailableError as error:
        return str(error)
    except ModuleNotFoundError as error:
        return f"the package {error.name} is not installed."
    except (ImportError, OSError) as error:
        return f"it is installed but cannot be loaded ({one_line(str(error))})."
    return ""


def _is_there(look: Callable[[], object]) -> bool:
    return not _missing(look)


def connection(settings: Settings, service_log: Path) -> Finding:
    """Connect with the key, and hang up. The embedded service is asked a question too, which costs nothing."""
    try:
        dialler = make_dialler(settings, log=None, service_log=service_log)
    except (ServiceSettingError, UsageError):
        return note("connection", "Not tried: see above.")
    try:
        return asyncio.run(_tried(dialler, _answered if which_service(settings) == "local" else _greeted))
    except ServiceFailure as failed:
        remedy = failed.remedy
        return problem("connection", str(failed).removesuffix(remedy).strip(), remedy or "Try again later.")


async def _tried(dialler: Dialler, talk: Callable[[Connection], Awaitable[Finding]]) -> Finding:
    try:
        async with await dialler.dial() as line:
            return await talk(line)
    finally:
        await dialler.hang_up()


async def _greeted(line: Connection) -> Finding:
    model = one_line(line.created.session.model or "", 60)
    return ok("connection", f"{line.service.label} began a session" + (f" with {model}." if model else "."))


async def _answered(line: Connection) -> Finding:
    """The embedded service's responder and synthesiser at work; its recogniser loads with them."""
    await line.send(ItemCreate(event_id="doctor_1", item=user_text("doctor_question", _QUESTION)))
    await line.send(ResponseCreate(event_id="doctor_2"))
    words, sound_bytes = "", 0
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            async for event in line:
                match event:
                    case OutputTranscriptDelta(delta=delta):
                        words += delta
                    case OutputAudioDelta(delta=pcm):
                        sound_bytes += len(pcm)
                    case ErrorEvent(error=error):
                        return _no_answer(error.message or "")
                    case ResponseDone(response=response):
                        if why := failure_note(response):
                            return _no_answer(why)
                        seconds = sound_bytes / _BYTES_PER_S
                        said = f'"{_QUESTION}" was answered with "{one_line(words, 80)}"'
                        return ok("connection", f"The embedded service runs: {said}, {seconds:.1f} s of speech.")
    except TimeoutError:
        return _no_answer(f"nothing came within {_ANSWER_WITHIN_S:g} s")
    return _no_answer("the connection ended")


def _no_answer(why: str) -> Finding:
    text = f"The embedded service runs, but did not answer: {one_line(why)}"
    return problem("connection", text, "See the lines above on its parts, and REALTIME_RESPONDER if it is set.")
