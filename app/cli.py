"""The command line: commands, options, exit statuses. Imports nothing heavy until a command needs it."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from app import __version__
from app.console import (
    OutputLostError,
    ReaderGoneError,
    is_interactive,
    open_missing_streams,
    output_encoding,
    say,
    tell,
    why_no_screen,
)

if TYPE_CHECKING:
    from app.settings import Folders, Loaded

F = TypeVar("F", bound=Callable[..., Any])

FAULT, USAGE, NO_DEVICE = 1, 2, 4
"""Exit statuses; a conversation's own are 3 (refused) and 5 (lost), see app.live."""


_MODULES = {"history": "app.commands.history", "doctor": "app.commands.doctor"}
"""Commands with a module of their own, loaded when they are called."""


class Command(click.Command):
    """One whose help goes out as every other word does."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Group(Command, click.Group):
    """A command with commands below it."""

    command_class = Command


class Root(Group):
    """`realtime` alone talks; `realtime COMMAND` does something else."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_MODULES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module(_MODULES[cmd_name]), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.list_commands(ctx) and args[0] not in ("--help", "--version")):
            args = ["talk", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Here and not in `main`, since click has a status of its own for this."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(0)


def _show_help(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        tell(ctx.get_help())
        ctx.exit()


def _show_version(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        tell(f"realtime, version {__version__}")
        ctx.exit()


@click.group(cls=Root, context_settings={"help_option_names": ["--help"], "max_content_width": 110})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def root() -> None:
    """Talk with a realtime voice model from the terminal.

    Without a command, `realtime` opens the full screen and connects: to Azure OpenAI where AZURE_OPENAI_* is set, to
    OpenAI where OPENAI_API_KEY is set, else to the embedded service of this machine. `realtime talk --help` lists
    the options of the conversation.
    """


def _conversation_options(command: F) -> F:
    options = [
        click.option("--plain", is_flag=True, help="Line by line on standard output instead of the full screen."),
        click.option("--service", metavar="WHICH", help="auto, azure, openai, local, or ws(s)://..."),
        click.option("--model", metavar="NAME", help="Model at OpenAI or a compatible server."),
        click.option("--mode", metavar="MODE", help="hands-free or push-to-talk."),
        click.option("--mic", metavar="WHAT", help="A device's name or number, a .wav file, `example`, or `none`."),
        click.option("--speaker", metavar="WHAT", help="A device's name or number, a .wav file to write, or `none`."),
        click.option("--voice", metavar="NAME", help="The assistant's voice."),
        click.option("--instructions", metavar="TEXT", help="What the assistant should know and how to behave."),
        click.option("--text-only", is_flag=True, help="Written answers; no microphone unless --mic is given."),
        click.option("--no-greeting", is_flag=True, help="Wait for the user to speak first."),
        click.option("--vad-threshold", "threshold", metavar="0..1", help="How sure the service must be of speech."),
        click.option("--silence-ms", metavar="MS", help="So much silence ends a turn."),
        click.option("--language", metavar="XX", help="The language you speak, as two letters."),
        click.option("--export", "exports", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
                     help="Write the transcript at the end: .md .json .txt .srt .vtt. Repeatable."),
        click.option("--no-keep", is_flag=True, help="Keep nothing of what is said on this machine."),
        click.option("--events", type=click.Path(dir_okay=False, path_type=Path),
                     help="Log every event to this file (JSON lines; no sound, no secrets)."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@root.command()
@_conversation_options
def talk(
    plain: bool,
    text_only: bool,
    no_greeting: bool,
    no_keep: bool,
    exports: tuple[Path, ...],
    events: Path | None,
    **given: str | None,
) -> None:
    """Talk. This is what `realtime` does without a command."""
    from app.request import Request
    from app.talk import run

    values: dict[str, object] = dict(given)
    if text_only:
        values["output"] = "text"
    if no_greeting:
        values["greeting"] = False
    if no_keep:
        values["keep"] = False
    loaded, places = load_settings(values)
    is_plain = plain or not is_interactive()
    if not is_plain and (why := why_no_screen(os.environ, output_encoding())):
        is_plain = True
        say(f"{why}: the conversation is held line by line, as with --plain.")
    request = Request(values, loaded, places, is_plain=is_plain, is_text_only=text_only, exports=exports, events=events)
    sys.exit(run(request))


@root.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--token", envvar="REALTIME_SERVE_TOKEN", help="Clients must show this; better set REALTIME_SERVE_TOKEN.")
@click.option("--recogniser", metavar="NAME", help="auto, moonshine or whisper.")
@click.option("--responder", metavar="WHAT", help="builtin, or the address of a chat endpoint (http://.../v1).")
@click.option("--responder-model", metavar="NAME", help="The chat endpoint's model.")
@click.option("--synthesiser", default="hibari", show_default=True, metavar="NAME", help="The service's voice.")
@click.option("--embedded", is_flag=True, hidden=True, help="End when standard input ends.")
@click.option("--written", is_flag=True, hidden=True, help="Load ears and mouth when they are first needed.")
def serve(
    host: str, port: int, token: str | None, synthesiser: str, embedded: bool, written: bool, **given: str | None
) -> None:
    """Run the embedded realtime service alone; other clients of the protocol can use it."""
    loaded, _ = load_settings(dict(given))
    from app.server.serve import Options
    from app.server.serve import run as run_service

    settings = loaded.settings
    sys.exit(
        run_service(
            Options(
                host=host,
                port=port,
                token=token or None,
                recogniser=settings.recogniser,
                responder=settings.responder,
                responder_model=settings.responder_model or None,
                responder_key=settings.responder_key or None,
                synthesiser=synthesiser,
                parent_watch=embedded,
                loads_sound=not written,
            )
        )
    )


@root.command()
def devices() -> None:
    """List input and output devices, their default rates, and which would be used."""
    from app.audio.portaudio import Kind, list_devices
    from app.audio.ports import AudioError

    try:
        found = list_devices()
    except AudioError as error:
        fail(str(error), NO_DEVICE)
    if not found:
        fail("There is no sound device on this system. `realtime --mic example` works without one.", NO_DEVICE)
    for kind in Kind:
        tell(f"{kind}s:")
        for device in found:
            if device.channels(kind):
                mark = "*" if device.is_default(kind) else " "
                tell(f"  {mark} {device.index:3}  {device.name}  ({device.host_api}, {device.rate_hz} Hz)")
    tell("* is used unless --mic or --speaker says otherwise.")


@root.command()
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1, 100), help="Repetitions of each part.")
@click.option(
    "--part", "parts", multiple=True, type=click.Choice(["start", "answer", "cost", "screen"]), help="Only this part."
)
@click.option("--json", "is_json", is_flag=True, help="All values as JSON.")
def bench(runs: int, parts: tuple[str, ...], is_json: bool) -> None:
    """Measure this machine: start, speed of answers, CPU and memory, the screen with a long transcript."""
    from app.bench.command import PARTS
    from app.bench.command import run as measure

    sys.exit(measure(runs=runs, parts=parts or tuple(PARTS), is_json=is_json))


def load_settings(given: Mapping[str, object]) -> tuple[Loaded, Folders]:
    """All settings, with the options of the command line on top. Exits with 2 and one sentence where one is wrong."""
    from app.settings import SETTINGS, SettingError, folders, load

    places = folders(os.environ)
    options = {name: value for name, value in given.items() if name in SETTINGS}
    try:
        loaded = load(given=options, environ=os.environ, dotenv=Path(".env"), file=places.settings_file)
    except SettingError as error:
        fail(str(error), USAGE)
    return loaded, places


def fail(sentence: str, status: int) -> NoReturn:
    """One sentence on standard error, and out."""
    say(f"realtime: {sentence}")
    sys.exit(status)


def main() -> None:
    """The entry point. Ctrl+C, a closed terminal and a polite kill end every command in the same orderly way."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    open_missing_streams()
    try:
        root(prog_name="realtime", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(0)
    except ReaderGoneError:  # `realtime history list | head`: whoever read has enough
        sys.exit(0)
    except OutputLostError as error:
        fail(str(error), USAGE)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        fail(error.format_message(), USAGE)
    except Exception as error:  # a fault of ours: the details are for a file, not for the screen
        fail(_recorded(error), FAULT)


def _recorded(error: Exception) -> str:
    import traceback

    from app.private_files import make_private_folder, open_private_log
    from app.protocol.text import one_line
    from app.settings import folders

    log = folders(os.environ).logs / "fault.log"
    what = one_line(f"{type(error).__name__}: {error}")
    try:
        make_private_folder(log.parent)
        with open(open_private_log(log), "a", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return f"Something went wrong that should not have ({what}), and {log} cannot be written."
    return f"Something went wrong that should not have ({what}). The details are in {log}; please report them."
