"""What the documents say about the settings, made from their declaration.

`python -m tests.declared` writes it into `.env.example` and docs/settings.md; a test fails where they say otherwise.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from app.settings import SETTINGS, Section, Setting

ROOT = Path(__file__).parent.parent
ENV_EXAMPLE = ROOT / ".env.example"
PAGE = ROOT / "docs" / "settings.md"
BEGIN, END = "<!-- settings: written by python -m tests.declared -->", "<!-- end of settings -->"

_HEAD = """\
# Copy this file to .env, in the folder from which you start `realtime`, and take the # off the lines you need.
# Every variable is optional: without any, the program talks with its own embedded service.
# The command line and the real environment count before this file; the settings file counts after it.
# Keys are read from here or from the environment and are never written anywhere. A key and the address that it is
# sent to belong in the same place. Every line is NAME=value; nothing is filled in.
"""

_MORE = """
# ---------------------------------------------------------------- files

# One folder for settings and logs, instead of the usual places of the system. Only from the real environment.
#REALTIME_HOME=

# ---------------------------------------------------------------- realtime serve

# What clients of `realtime serve` must show as their key. Only from the real environment.
#REALTIME_SERVE_TOKEN=
"""


def env_example() -> str:
    """The whole text of `.env.example`."""
    parts = [_HEAD]
    for section in Section:
        parts.append(f"\n# {'-' * 64} {section.lower()}\n")
        parts += [_env_lines(setting) for setting in SETTINGS.values() if setting.about.section is section]
    return "".join(parts) + _MORE


def _env_lines(setting: Setting) -> str:
    meaning = setting.about.help or f"{setting.about.title}."
    limits = _limits(setting)
    lines = textwrap.wrap(f"{meaning} {limits}".strip(), 110)
    value = "" if setting.about.is_secret else _written(setting)
    value = f'"{value}"' if " " in value else value
    return "\n" + "".join(f"# {line}\n" for line in lines) + f"#{setting.env}={value}\n"


def _limits(setting: Setting) -> str:
    """What a value has to be, where the help does not say it already."""
    is_said = setting.choices and all(choice in setting.about.help for choice in setting.choices)
    if not is_said and (setting.choices or setting.kind is not str):
        must_be = setting.must_be
        return f"{must_be[0].upper()}{must_be[1:]}."
    return ""


def _written(setting: Setting) -> str:
    match setting.default:
        case None:
            return ""
        case bool(value):
            return "yes" if value else "no"
        case value:
            return str(value)


def table() -> str:
    """The table of docs/settings.md, without the marks around it."""
    rows = ["| setting | in the environment | in the file | default | meaning |", "|---|---|---|---|---|"]
    for setting in SETTINGS.values():
        meaning = setting.about.help or f"{setting.about.title}."
        meaning = f"{meaning} {_limits(setting)}".strip()
        key = "never" if setting.about.is_secret else f"`{setting.name}`"
        default = _written(setting) if setting.default not in (None, "") else ""
        default = f"`{default}`" if default else ""
        cells = (setting.about.title, f"`{setting.env}`", key, default, meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def page_with_table(page: str) -> str:
    """The page with its table as it has to be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    ENV_EXAMPLE.write_text(env_example(), "utf-8")
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
