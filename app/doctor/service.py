"""The service that would be used: what it needs, and a real connection to it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Final

from app.connection.failures import ServiceFailure
from app.connection.families import DEFAULT_MODEL
from app.connection.proxies import ProxySettingError, proxy_in_use
from app.connection.services import ServiceSettingError
from app.conversation.prices import PriceList
from app.doctor import network
from app.doctor.finding import Finding, Level, Step, note, ok, problem
from app.doctor.rehearsal import rehearse, rehearsed
from app.launch.compose import session_settings
from app.launch.dialling import make_dialler, service_of
from app.launch.prices import PriceFileError, price_list
from app.launch.request import UsageError
from app.live.dialling import Dialler
from app.protocol.text import one_line
from app.redaction import shown
from app.server.engines import moonshine, whisper
from app.server.engines.interfaces import EngineUnavailableError
from app.settings import Settings, which_service

CONNECTION: Final = "connection"

_LOCAL: Final = "See the lines above on its parts, and REALTIME_RESPONDER if it is set."
_REMOTE: Final = "See whether the model is one that talks, and what its provider says of it."
_SET_IT: Final = "Set it in the environment or in .env, or choose another service with --service."
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


def way(settings: Settings) -> Iterator[Finding | Step]:
    """What lies between: a proxy and who says so, the host's name, the certificate. Nothing on the way to ourselves."""
    which = which_service(settings)
    if which == "local":
        return
    try:
        service = service_of(which, settings)
        proxy = proxy_in_use(service.url)
    except ServiceSettingError:
        return  # `address` has said so
    except ProxySettingError as error:
        remedy = f"Set it to an address such as http://host:8080, or name {service.host} in NO_PROXY."
        yield problem("proxy", f"{error.variable} is no address of a proxy: {error}.", remedy)
        return
    if proxy is not None:
        yield ok("proxy", f"{proxy.place}, as {proxy.variable} says.")
    else:
        yield ok("proxy", "None: this machine is reached directly." if service.is_loopback else "None.")
    for check, look in ((network.NAME, network.name), (network.CERTIFICATE, network.certificate)):
        yield Step(check)
        if (found := look(service, proxy)) is not None:
            yield found
            if found.level is Level.PROBLEM:
                return


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


def prices(settings: Settings) -> Finding:
    """What is known of the cost, and of when."""
    try:
        found = price_list(settings)
    except PriceFileError as error:
        happened, _, remedy = str(error).rpartition(". ")
        return problem("prices", f"{happened}.", remedy)
    which = which_service(settings)
    if which == "local":
        return ok("prices", "None: the embedded service costs nothing.")
    name = (
        settings.azure_deployment
        if which == "azure"
        else settings.model or (DEFAULT_MODEL if which == "openai" else "")
    )
    as_of = f"as of {found.date}" if found.date else "without a date"
    if name and found.of(name) is None:
        text = f"The price of {one_line(name, 60)} is not known, so tokens are counted and no cost is told."
        return note(
            "prices", text, "Say which model it is with REALTIME_DEPLOYMENT_MODELS, or its price in REALTIME_PRICES."
        )
    return ok("prices", f"Of {len(found.models)} models, {as_of}.")


def connection(settings: Settings, service_log: Path) -> Iterator[Finding | Step]:
    """Connect with the key, take the settings, be answered and be written down; each as soon as it is known."""
    try:
        dialler = make_dialler(settings, log=None, service_log=service_log)
        known = price_list(settings)
    except (ServiceSettingError, UsageError):
        yield note(CONNECTION, "Not tried: see above.")
        return
    step = CONNECTION
    yield Step(step)
    with asyncio.Runner() as runner:
        talk = _talk(dialler, settings, known)
        try:
            while (found := runner.run(_next(talk))) is not None:
                if isinstance(found, Step):
                    step = found.check
                yield found
        except ServiceFailure as failed:
            yield problem(step, str(failed).removesuffix(failed.remedy).strip(), failed.remedy or "Try again later.")
        finally:
            runner.run(talk.aclose())


async def _next(talk: AsyncGenerator[Finding | Step]) -> Finding | Step | None:
    return await anext(talk, None)


async def _talk(dialler: Dialler, settings: Settings, known: PriceList) -> AsyncGenerator[Finding | Step]:
    began_s = asyncio.get_running_loop().time()
    try:
        async with await dialler.dial() as line:
            model = one_line(line.created.session.model or "", 60)
            seconds = asyncio.get_running_loop().time() - began_s
            with_model = f" with {model}" if model and model not in line.service.label else ""
            yield ok(CONNECTION, f"{line.service.label} began a session{with_model} within {seconds:.1f} s.")
            is_local = which_service(settings) == "local"
            wanted = rehearsed(session_settings(settings, dialler), in_writing=not is_local)
            async for found in rehearse(line, wanted, known, _LOCAL if is_local else _REMOTE):
                yield found
    finally:
        await dialler.hang_up()
