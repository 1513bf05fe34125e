"""What a folder's `.env` may not do by itself: send a key of the user's somewhere or in the clear, replace a file
elsewhere, or have a model's file read.

To start the program in a folder of somebody else's must cost nothing. So a key that comes from the environment goes to
an address from `.env` only where the user has said so once; that is remembered by folder, address and key.
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.private_files import replace_private_file
from app.settings.declaration import SETTINGS
from app.settings.sources import Loaded, Source

_SENT: Final = {
    "azure": ("azure_endpoint", ("azure_ad_token", "azure_api_key", "headers")),
    "openai": ("openai_base_url", ("openai_api_key", "headers")),
    "local": ("responder", ("responder_key",)),
}
_COMPATIBLE: Final = ("service", ("api_key", "headers"))
"""For each service the setting that says where, and the secrets that are sent there."""

_INSTEAD: Final = {"azure_api_key": "azure_ad_token"}
"""A secret that is not sent where another one is set."""

_SIGN_IN: Final = "Entra ID sign-in"
_MAY_SIGN_IN: Final = re.compile(r"(?i)azure")
"""Hosts, beside AZURE_OPENAI_ENDPOINT, that may be shown a token of the machine's own sign-in where no key is set."""

_OWN_HOSTS: Final = {"OPENAI_API_KEY": ("https://api.openai.com", "wss://api.openai.com")}
"""Where a key goes anyway."""

_LARGEST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A key of the user's that would go to an address from `.env`: the names of both variables, and the address."""

    key: str
    address: str
    place: str
    """A service's name, or scheme, host and port, without user, password and query; printable."""

    @property
    def sentence(self) -> str:
        """Who wants what."""
        return f"The .env in this folder wants your {self.key}, which it does not hold itself, sent to {self.place}."

    @property
    def remedy(self) -> str:
        """What to do for those who trust it."""
        option = " or with --service" if self.address == "REALTIME_SERVICE" else ""
        return (
            f"If you trust that address, give it as {self.address} in the environment{option}, put a key for it "
            "into the same .env, or start `realtime` here in a terminal and answer yes."
        )


def can_sign_in() -> bool:
    """Whether the library is installed that gives tokens of Entra ID from the machine's own sign-in."""
    try:
        return importlib.util.find_spec("azure.identity") is not None
    except ModuleNotFoundError:  # there is not even a package `azure`
        return False


def claims(loaded: Loaded, which: str, *, signs_in: bool = True) -> tuple[Claim, ...]:
    """What the service asks for that would be used, azure, openai, local, another's name or an address. Pure: what
    the user has allowed before is not known here. `signs_in`: see `can_sign_in`.
    """
    where, names = _SENT.get(which, _COMPATIBLE)
    settings, address = loaded.settings, getattr(loaded.settings, where)
    if loaded.source(where) is not Source.DOTENV or not address or (where == "responder" and address == "builtin"):
        return ()
    secrets = {name for name in names if getattr(settings, name)}
    sent = [name for name in names if name in secrets and _INSTEAD.get(name) not in secrets]
    theirs = [SETTINGS[name].env for name in sent if loaded.source(name) is not Source.DOTENV]
    if signs_in and where != "responder" and not secrets and (which == "azure" or _MAY_SIGN_IN.search(_place(address))):
        theirs.append(_SIGN_IN)
    found = (Claim(key, SETTINGS[where].env, _place(address)) for key in theirs)
    return tuple(claim for claim in found if claim.place not in _OWN_HOSTS.get(claim.key, ()))


def replaced_elsewhere(loaded: Loaded, folder: Path) -> Path | None:
    """The sound file outside of `folder` that a speaker named in its `.env` would replace."""
    speaker = loaded.settings.speaker
    if loaded.source("speaker") is not Source.DOTENV or not speaker.casefold().endswith((".wav", ".wave")):
        return None
    path = (folder / Path(speaker).expanduser()).resolve()
    return None if path.is_relative_to(folder.resolve()) else path


def model_file(loaded: Loaded) -> str | None:
    """The file of a language model that `.env` names as the embedded service's mind: code that is not ours reads it."""
    responder = loaded.settings.responder.strip()
    is_file = responder not in ("builtin", "llm") and "://" not in responder
    return responder if is_file and responder and loaded.source("responder") is Source.DOTENV else None


def uncovered_key(loaded: Loaded) -> str | None:
    """A key of the user's that REALTIME_ALLOW_PLAIN in `.env`, which does not hold it, would let travel unencrypted."""
    if loaded.source("allow_plain") is not Source.DOTENV or not loaded.settings.allow_plain.strip():
        return None
    names = dict.fromkeys(name for _, secrets in (*_SENT.values(), _COMPATIBLE) for name in secrets)
    held = (name for name in names if getattr(loaded.settings, name) and loaded.source(name) is not Source.DOTENV)
    return next((SETTINGS[name].env for name in held), None)


def is_allowed(claim: Claim, folder: Path, file: Path) -> bool:
    """Whether the user has said so, in this folder; a file that cannot be read allows nothing."""
    return _entry(claim, folder) in _allowed(file)


def allow(claim: Claim, folder: Path, file: Path) -> None:
    """Remember it, in a file that is the user's alone. Raises OSError."""
    entries = [*_allowed(file), _entry(claim, folder)]
    text = json.dumps({"allowed": entries}, ensure_ascii=True, indent=1) + "\n"
    replace_private_file(file, text.encode())


def file_of(settings_file: Path) -> Path:
    """Where it is remembered: beside the settings."""
    return settings_file.with_name("allowed_addresses.json")


def _entry(claim: Claim, folder: Path) -> dict[str, str]:
    return {"folder": str(folder.resolve()), "address": claim.place, "key": claim.key}


def _allowed(file: Path) -> list[dict[str, str]]:
    try:
        with file.open("rb") as opened:
            entries = json.loads(opened.read(_LARGEST_BYTES))["allowed"]
        return [entry for entry in entries if isinstance(entry, dict)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _place(address: str) -> str:
    """As much of the address as says who gets the key."""
    text = "".join(char if char.isprintable() else "_" for char in address.strip())
    if re.fullmatch(r"[a-z-]+", text):  # the name of a service that is always at one place, or of an Azure resource
        return text
    text = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    except ValueError:  # no service will be made of it either
        host, port, scheme = text.partition("://")[2].rpartition("@")[2].partition("?")[0], "", text.partition("://")[0]
    else:
        scheme = parts.scheme
    return f"{scheme}://{host}{port}"
