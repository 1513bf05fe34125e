"""Paths as people paste them, made into the one that is dialled. Pure.

People paste what a portal, a README or another program's settings show: a base address, the target of another route,
a whole URL with its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_OTHER_ROUTES: Final = re.compile(
    r"/(realtime(/(client_secrets|sessions|transcription_sessions|calls|translations))?"
    r"|chat/completions|completions|responses|embeddings|models|files|audio/(speech|transcriptions|translations))/?$"
)
"""Tails of OpenAI's routes: of none of them is the base address a part."""

_VERSION: Final = re.compile(r"/v\d[^/]*(/|$)")
_OPENAI_PART: Final = re.compile(r"^(.*?)/openai(/.*)?$")
_AZURE_OWN: Final = re.compile(r"(?i).*\.azure\.(com|us|cn)")
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]+)")

SERVER_ROUTE: Final = "/v1/realtime"
"""Where nearly every compatible server listens."""


def azure_path(route: str) -> Callable[[str, str], str]:
    """Azure's own hosts have their routes at the root; what stands before `/openai` at another is a gateway's."""

    def path(host: str, given: str) -> str:
        if _AZURE_OWN.fullmatch(host):
            return route
        found = _OPENAI_PART.match(given)
        prefix = found[1] if found else _VERSION.sub("/", _OTHER_ROUTES.sub("", given))
        return prefix.rstrip("/") + route

    return path


def deployment_in(path: str) -> str:
    """The deployment that a target URL of Azure names in its path; empty where it names none."""
    found = _DEPLOYMENT.search(path)
    return found[1] if found else ""


def openai_path(_host: str, given: str) -> str:
    """The base address's path with `/v1` where it has no version, and the realtime route."""
    path = given.rstrip("/")
    if path.endswith("/realtime"):
        return path
    path = _OTHER_ROUTES.sub("", path)
    return f"{path}/realtime" if _VERSION.search(path) else f"{path}{SERVER_ROUTE}"


def server_path(_host: str, given: str) -> str:
    """Of a compatible server: as given, but a missing path, a version alone or another route is completed."""
    path = given.rstrip("/")
    if not path or re.fullmatch(r"/v\d[^/]*", path):
        return path + ("/realtime" if path else SERVER_ROUTE)
    if path.endswith("/realtime"):
        return path
    cut = _OTHER_ROUTES.sub("", path)
    return given if cut == path else f"{cut}/realtime"
