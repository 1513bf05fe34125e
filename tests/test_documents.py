"""README, `docs/` and `.env.example` say what the program does: settings, commands, options, files that are there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from app.cli import root
from app.settings import SETTINGS, Settings, load
from app.ui.keys.bindings import BINDINGS, KEYS_HERE, PALETTE, QUIT, TALK_ANYWHERE, TURN_BINDINGS, key_name
from tests import declared

README = (declared.ROOT / "README.md").read_text("utf-8")
PAGES = {path.name: path.read_text("utf-8") for path in (declared.ROOT / "docs").glob("*.md")}
KEYS = {key_name(binding.key) for binding in (*BINDINGS, *TURN_BINDINGS, TALK_ANYWHERE, KEYS_HERE, QUIT, PALETTE)}


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    """Every command by its full name, those of groups included; hidden ones left out."""
    context = click.Context(group)
    found = {f"{path}{name}": group.get_command(context, name) for name in group.list_commands(context)}
    shown = {name: command for name, command in found.items() if command is not None and not command.hidden}
    for name, command in list(shown.items()):
        if isinstance(command, click.Group):
            shown |= commands(command, f"{name} ")
    return shown


def keys_named(text: str) -> set[str]:
    """The keys of the first table of keys in a text."""
    table = text.partition("| key | does |")[2].partition("\n\n")[0].partition("---|\n")[2]
    cells = [cell for row in table.splitlines() for cell in row.split("|")[1::2]]
    return {word.strip("`,") for cell in cells for word in cell.split()} - {"wheel"}


def test_env_example_is_as_the_settings_are_declared():
    is_same = declared.ENV_EXAMPLE.read_text("utf-8") == declared.env_example()
    assert is_same, "run: python -m tests.declared"


def test_the_settings_table_is_as_the_settings_are_declared():
    page = PAGES["settings.md"]
    is_same = declared.page_with_table(page) == page
    assert is_same, "run: python -m tests.declared"


def test_every_line_of_env_example_can_be_taken_as_it_stands(tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", declared.ENV_EXAMPLE.read_text("utf-8"), flags=re.MULTILINE))
    loaded = load(given={}, environ={}, dotenv=path, file=None)
    assert loaded.settings == Settings()
    valued = {name for name, setting in SETTINGS.items() if setting.default not in (None, "")}
    assert set(loaded.sources) == valued


def test_env_example_names_every_variable_of_ours_that_the_source_reads():
    source = "\n".join(path.read_text("utf-8") for path in (declared.ROOT / "app").rglob("*.py"))
    read = set(re.findall(r"environ\.get\(\"(\w+)\"", source)) | set(re.findall(r"envvar=\"(\w+)\"", source))
    read = {name for name in read if name.startswith(("REALTIME_", "AZURE_", "OPENAI_"))}
    read |= {setting.env for setting in SETTINGS.values()}
    assert {"REALTIME_HOME", "REALTIME_SERVE_TOKEN"} <= read
    named = set(re.findall(r"^#(\w+)=", declared.env_example(), re.MULTILINE))
    assert read <= named


def test_the_page_of_commands_names_every_command_and_option_and_no_other():
    text = PAGES["commands.md"]
    known = commands(root)
    named = set(re.findall(r"`realtime ((?:[a-z]+ ?)+)", text))
    assert {name.strip() for name in named} == set(known)
    options = {
        name
        for command in known.values()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
        for name in option.opts
    }
    assert set(re.findall(r"--[a-z][a-z-]+", text)) == options | {"--help"}


def test_the_table_of_keys_names_every_key_and_no_other():
    assert keys_named(PAGES["talking.md"]) == KEYS


def test_the_readme_names_keys_that_there_are():
    named = keys_named(README)
    assert len(named) >= 10
    assert named <= KEYS


def test_the_readme_can_be_read_at_one_sitting():
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", *(f"docs/{name}" for name in PAGES)])
def test_a_page_links_to_files_that_are_there(page: str):
    path = declared.ROOT / page
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_is_linked_from_the_readme():
    assert [name for name in PAGES if f"docs/{name}" not in README] == []


@pytest.mark.parametrize("line", re.findall(r"^(python3 -m venv .*)$", README, re.MULTILINE))
def test_the_two_commands_are_one_line_of_shell_each(line: str):
    assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0
    assert line.startswith("python3 -m venv .venv && .venv/bin/python -m pip install -q ")


def test_ci_runs_the_line_that_the_readme_shows():
    script = (declared.ROOT / ".ci" / "run").read_text("utf-8")
    awk = re.search(r"^command=\$\((awk .*)\)$", script, re.MULTILINE)
    assert awk, "the line that reads the README"
    found = subprocess.run(["bash", "-c", awk[1]], cwd=declared.ROOT, capture_output=True, text=True, check=True)
    lines = re.findall(r"^(python3 -m venv .*)$", README, re.MULTILINE)
    assert len(lines) == 2
    assert found.stdout == lines[1] + "\n"


def test_every_proof_of_the_reliability_document_is_there():
    proofs = (declared.ROOT / "docs" / "reliability.md").read_text("utf-8")
    files = list((declared.ROOT / "tests").rglob("*.py"))
    source = "\n".join(path.read_text("utf-8") for path in files)
    known = set(re.findall(r"def (test_\w+)", source)) | {path.stem for path in files}
    assert sorted(set(re.findall(r"\btest_\w+", proofs)) - known) == []
    paths = set(re.findall(r"`((?:tests|app)/[\w/]+\.py)", proofs)) | set(re.findall(r"`(\.ci/[\w-]+)`", proofs))
    assert [path for path in sorted(paths) if not (declared.ROOT / path).exists()] == []
