"""What is secret, and how it is taken out of a text. Pure, and of the standard library alone: every layer may use it.

Two things are taken out: strings that are known to be secret, in every form in which programs repeat them, and what
looks like a key whoever it belongs to. What was *said* is treated with more care than messages: a key is no word,
and a word is no key.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN: Final = "…"
"""What stands in the place of a secret."""

_SHORTEST: Final = 4
"""A key like "x" guards nothing, and its removal would garble the text."""
_LONG: Final = 16
_TELLING: Final = 12
"""So many first characters of a long secret give it away: services cut what they repeat."""
_SHORTEST_BASE64: Final = 8
_LONGEST_WORD: Final = 4_096


class Redaction:
    """Takes these secrets out of texts. Values; made once, used for every text of a service."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {secret for secret in secrets if len(secret) >= _SHORTEST}
        self._forms = _forms_of(found)
        self._forms_in_speech = _forms_of({secret for secret in found if not _is_word(secret)})

    def message(self, text: str) -> str:
        """A text about the connection or a setting, without known secrets and without what looks like a key."""
        text = _without(text, self._forms)
        return text if is_data(text) else _KEY_LIKE.sub(lambda found: (found["label"] or "") + HIDDEN, text)

    def speech(self, text: str) -> str:
        """What somebody said or wrote, without known secrets (but words stay words) and without whole keys."""
        text = _without(text, self._forms_in_speech)
        return text if is_data(text) else _SURELY_KEY.sub(HIDDEN, text)


def is_data(text: str) -> bool:
    """Whether a text is data such as sound in base64, and no words: in it only known secrets are looked for."""
    return len(text) > _LONGEST_WORD and " " not in text


def without_keys(text: str) -> str:
    """A message without what looks like a key, a token, or a name and password in an address."""
    return _NOTHING_KNOWN.message(text)


def shown(value: object, longest: int = 80) -> str:
    """A wrong value as an error message may repeat it: in quotes, short, harmless for a terminal; no key, no password,
    and nothing behind the `?` of an address.
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # Python does not write down whole numbers of more than 4,300 digits
        return "a number of very many digits"
    plain = unquote(text)
    if _bare(plain) != plain:  # also where the marks that tell are percent-encoded
        text = _bare(plain)
    text = _LONG_TOKEN.sub(HIDDEN, text)
    if len(text) > longest:
        text = text[: longest - 1] + HIDDEN
    return repr(text) if isinstance(value, str) else text


def secret_in_header(name: str, value: str) -> str:
    """What of a header's value is to be hidden: of one that lets somebody in what follows `Bearer` and its like."""
    _scheme, _, rest = value.partition(" ")
    return rest if rest and name.lower().endswith("authorization") else value


def secrets_in_address(address: str) -> tuple[str, ...]:
    """Password, name with password, and secret parameters of an address, as they stand there and decoded.

    Understands what is no valid address too, since wrong ones are repeated in errors.
    """
    found: list[str] = []
    if (user := _USER.search(address)) is not None:
        name, colon, password = user[0].partition(":")
        raw = [password, f"{name}:{password}"] if password else []
        if not password or not colon:  # some services take a token in place of a name
            raw.append(name)
        found += [form for each in raw for form in (each, unquote(each))]
    _, _, query = address.partition("?")
    for part in re.split("[?#]", query or address.partition("#")[2]):
        found += [value for name, value in parse_qsl(part) if _SECRET_PARAMETER.fullmatch(name)]
        found += [pair.partition("=")[2] for pair in part.split("&") if _SECRET_PARAMETER.fullmatch(pair.split("=")[0])]
    return tuple(dict.fromkeys(secret for secret in found if secret))


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every value of an environment that its name calls secret, and the passwords of the addresses in it."""
    found: list[str] = []
    for name, value in environ.items():
        if _SECRET_NAME.search(name) and len(value.strip()) >= _TELLING:
            found.append(value.strip())
        elif "@" in value or "?" in value:
            found += secrets_in_address(value)
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- known secrets


def _is_word(secret: str) -> bool:
    """Whether the secret could stand in what people say: then it guards nothing, and its removal would cost words."""
    return len(secret) < 8 or (len(secret) < _LONG and secret.isalpha())


def _forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Every form of every secret, the longest first: a form may be a part of another."""
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _forms(secret: str) -> Iterator[str]:
    yield secret
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), encoded)
    in_json = json.dumps(secret)[1:-1]
    yield in_json
    yield json.dumps(in_json)[1:-1]  # an answer of one service, passed on by another
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    data = secret.encode("utf-8", "surrogateescape")
    yield base64.b64encode(data).decode("ascii").rstrip("=")
    for before in range(3):  # as a part of anything, such as `Basic` and base64 of name:password
        first, last = (before * 8 + 5) // 6, (before + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(bytes(before) + data + bytes(2)).decode("ascii")[first:last]
            if len(core) >= _SHORTEST_BASE64:
                yield core


def _without(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        start = form[:_TELLING] if len(form) >= _LONG else form
        if start in text:
            text = _cut(text, form, start)
    return text


def _cut(text: str, form: str, start: str) -> str:
    out, done, at = [], 0, text.find(start)
    while at >= 0:
        end = at + len(start)
        while end < len(text) and end - at < len(form) and text[end] == form[end - at]:
            end += 1
        if not _is_word(form) or _stands_alone(text, at, end):
            out += [text[done:at], HIDDEN]
            done = end
        at = text.find(start, end)
    return "".join(out) + text[done:]


def _stands_alone(text: str, at: int, end: int) -> bool:
    return not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum()


# ---------------------------------------------------------------- what looks like a secret

_SECRET_PARAMETER: Final = re.compile(
    r"(?i)(?:[\w-]*[-_])?(?:api[-_]?key|key|token|secret|password|passwd|pwd|pass|sig|signature|code|auth|authorization)"
)
_SECRET_NAME: Final = re.compile(r"(?i)key|token|secret|passw|pwd|credential|auth")
_USER: Final = re.compile(r"(?<=//)[^?#\n]*(?=@)")

_KEY_LIKE: Final = re.compile(
    r"""(?x)
    (?P<label>
        (?<![A-Za-z0-9]) (?i: api[-_ ]?key | subscription[-_ ]?key | client[-_ ]?secret | password | passwd | secret
            | (?:(?:access|auth|bearer|id|refresh)[-_ ]?)?token )
        (?: \s provided | \s given )?
        ["']? \s* (?: [=:] | \bis\b ) \s* ["']?
        (?= [^\s"'&,;<>]* [0-9] ) (?= [^\s"'&,;<>]{6} )
      | [?&\#] (?i: [\w-]*key | [\w-]*token | [\w-]*secret | password | passwd | pwd | sig | signature | code | auth ) =
    ) [^\s"'&,;<>\#]+
    | \b (?:sk|ek|gsk|xai|hf|nvapi) [-_] [A-Za-z0-9_*.-]{6,}
    | \b eyJ [\w-]{8,} \. [\w-]{8,} (?: \. [\w-]+ )?
    | (?<= \b[Bb]earer[ ] ) (?! (?:auth\w*|tokens?|schemes?|headers?|keys?|credentials?|realm|error)\b )
        [A-Za-z0-9._~+/=-]{6,}
    | (?<= \b[Bb]asic[ ] ) (?= [A-Za-z0-9+/]* [0-9+/=] ) [A-Za-z0-9+/=_-]{8,}
    | (?<= // ) [^\s/?\#"'<>]+ (?= @ )
    """
)
_SURELY_KEY: Final = re.compile(
    r"\b(?:sk|ek)[-_](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{20,}|\beyJ[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}"
)
_LONG_TOKEN: Final = re.compile(r"(?=[A-Za-z_+=-]*[0-9])(?=[0-9_+=-]*[A-Za-z])[A-Za-z0-9_+=-]{20,}")
"""A value with such a run is more likely a key in the wrong place than anything else."""


def _bare(address: str) -> str:
    """Without name, password, query and fragment; whatever is between `//` and the last `@` counts as the first two."""
    text = re.sub(r"(?s)(?<=//).*(?=@)", HIDDEN, address)
    text = re.sub(r"(?s)^[^/]*:[^/]*(?=@)", HIDDEN, text)  # name:password@host, no scheme
    text = re.sub(r"(?s)(?<=[?#])[^?#]*=.*", HIDDEN, text)
    return without_keys(text)


_NOTHING_KNOWN: Final = Redaction()
