"""The price list: the one that comes with the program, and the user's own before it.

date = "2026-11-24"                              # optional: when these prices held
source = "..."                                   # optional: in words

[models."gpt-realtime-2.1"]                      # US dollars for a million tokens
text = { input = 4, cached = 0.4, output = 24 }
audio = { input = 32, cached = 0.4, output = 64 }

[models.gpt-transcribe]                          # for a minute of sound
per_minute = 0.0045
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from app.conversation.prices import Price, PriceList
from app.launch.request import UsageError
from app.protocol.text import one_line
from app.settings import Settings

_OURS: Final = Path(__file__).with_name("prices.toml")
_LARGEST_BYTES: Final = 1_000_000
_DATE: Final = r"^\d{4}-\d\d-\d\d$"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    date: str = ""
    source: str = ""
    models: dict[str, dict[str, object]] = {}


class PriceFileError(UsageError):
    """A price file that cannot be used; `str` is the sentence for the user."""


def price_list(settings: Settings) -> PriceList:
    """The prices in effect, with the deployments' names as set. Raises PriceFileError for a file of the user's."""
    prices = read_prices(_OURS)
    if settings.prices:
        own = read_prices(Path(settings.prices).expanduser())
        prices = PriceList(own.date or prices.date, {**prices.models, **own.models})
    return replace(prices, names=names_of(settings.deployment_models))


def read_prices(path: Path) -> PriceList:
    """What stands in one file. Raises PriceFileError."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is no file")
        if about.st_size > _LARGEST_BYTES:
            raise OSError(f"it is larger than {_LARGEST_BYTES:,} bytes")
        raw = tomllib.loads(path.read_text("utf-8"))
        file = msgspec.convert(raw, _File)
    except (OSError, ValueError, RecursionError) as error:  # ValueError: TOML, UTF-8, and msgspec's own
        raise PriceFileError(_unusable(path, _why(error))) from error
    return PriceList(file.date, {name: _price(path, name, entry) for name, entry in file.models.items()})


def names_of(text: str) -> Mapping[str, str]:
    """Deployment and model, from `my-deployment=gpt-realtime-2.1, other=gpt-transcribe`."""
    pairs = (each.split("=", 1) for each in text.split(",") if "=" in each)
    return {name.strip(): model.strip() for name, model in pairs}


def _price(path: Path, name: str, entry: Mapping[str, object]) -> Price:
    try:
        return msgspec.convert(entry, Price)
    except msgspec.ValidationError as error:
        raise PriceFileError(_unusable(path, f"models.{name}: {_why(error)}")) from error


def _unusable(path: Path, why: str) -> str:
    return f"The price file {path} cannot be used: {one_line(why, 200)}. Correct it, or unset REALTIME_PRICES."


def _why(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or str(error)
        case RecursionError():
            return "it is nested too deep"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case _ if type(error) is ValueError:  # none of the grammar's own: Python's, of a number
            return "a number in it has too many digits"
        case _:
            return str(error).replace(" - at `$", " at `").replace("`.", "`").rstrip(".")
