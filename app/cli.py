"""The command line: commands and options. Imports nothing heavy until a command needs it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from app import __version__
from app.console import (
    Ink,
    OutputLostError,
    ReaderGoneError,
    ask,
    is_interactive,
    output_encoding,
    say,
    tell,
    tell_inked,
    why_no_screen,
)
from app.exit_status import FAULT, INTERRUPTED, NO_DEVICE, USAGE
from app.redaction import secrets_in_address

if TYPE_CHECKING:
    import ssl

    from app.redaction import Redaction
    from app.settings import Folders, Loaded

F = TypeVar("F", bound=Callable[..., Any])

_MODULES = {"history": "app.commands.history", "doctor": "app.commands.doctor"}
"""Commands with a module of their own, loaded when they are called."""


class CliCommand(click.Command):
    """One whose help goes out as every other word does."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


class Group(CliCommand, click.Group):
    """A command with commands below it."""

    command_class = CliCommand


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


def _show_help(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        tell(ctx.get_help())
        ctx.exit()


def _show_version(ctx: click.Context, _option: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        tell(f"realtime, version {__version__}")
        ctx.exit()


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["--help"], "max_content_width": 110},
    epilog=examples(
        "realtime                           the full screen",
        "realtime --mic example             a spoken example, without a microphone",
        'echo "What is 17 times 23?" | realtime --plain --text-only',
        "realtime doctor                    what does not work, and what to do",
    ),
)
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
        click.option("--service", metavar="WHICH", help="auto, azure, openai, local, or a server's address."),
        click.option("--model", metavar="NAME", help="Model at OpenAI or a compatible server."),
        click.option("--mode", metavar="MODE", help="hands-free or push-to-talk."),
        click.option("--mic", metavar="WHAT", help="A device's name or number, a .wav file, `example`, `none`, `-`."),
        click.option("--speaker", metavar="WHAT", help="A device's name or number, a .wav file to write, `none`, `-`."),
        click.option("--voice", metavar="NAME", help="The assistant's voice."),
        click.option("--instructions", metavar="TEXT", help="What the assistant should know and how to behave."),
        click.option("--text-only", is_flag=True, help="Written answers; no microphone unless --mic is given."),
        click.option("--no-greeting", is_flag=True, help="Wait for the user to speak first."),
        click.option("--vad-threshold", "threshold", metavar="0..1", help="How sure the service must be of speech."),
        click.option("--silence-ms", metavar="MS", help="So much silence ends a turn."),
        click.option("--language", metavar="XX", help="The language you speak, as two letters; several with commas."),
        click.option("--max-output-tokens", metavar="N", help="So many tokens an answer has at most, 1 to 4096."),
        click.option("--reasoning-effort", metavar="HOW", help="auto, minimal, low, medium, high or xhigh."),
        click.option("--prompt-id", metavar="ID", help="A prompt that is kept at the service."),
        click.option("--export", "exports", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
                     help="Write the transcript at the end: .md .json .txt .srt .vtt. Repeatable."),
        click.option("--no-keep", is_flag=True, help="Keep nothing of what is said on this machine."),
        click.option("--events", type=click.Path(dir_okay=False, path_type=Path),
                     help="Log every event to this file (JSON lines; no sound, no secrets)."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@root.command(
    epilog=examples(
        "realtime --mode push-to-talk --voice cedar",
        "realtime --service azure --vad-threshold 0.7",
        "realtime --service ws://127.0.0.1:8765/v1/realtime",
        "realtime --plain --service local --mic question.wav --speaker answer.wav --export talk.json",
    )
)
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
    """Talk. This is what `realtime` does without a command.

    Under --plain, `--mic -` takes the sound from standard input, and `--speaker -` gives it on standard output: raw
    PCM16, little endian, mono, 24 kHz. With `--mic -` no typed lines are read and the end of the input ends the talk;
    with `--speaker -` the words go to standard error.
    """
    from app.launch.request import Request
    from app.launch.start import run

    values: dict[str, object] = dict(given)
    if text_only:
        values["output"] = "text"
    if no_greeting:
        values["greeting"] = False
    if no_keep:
        values["keep"] = False
    loaded, places = load_settings(values)
    is_plain = plain or not is_interactive()
    settle_consent(loaded, places, may_ask=not is_plain)
    if not is_plain and (why := why_no_screen(os.environ, output_encoding())):
        is_plain = True
        say(f"{why}: the conversation is held line by line, as with --plain.")
    request = Request(values, loaded, places, is_plain=is_plain, is_text_only=text_only, exports=exports, events=events)
    sys.exit(run(request))


@root.command(
    short_help="Run the embedded service alone, for other clients.",
    epilog=examples(
        "REALTIME_SERVE_TOKEN=secret realtime serve --port 8765",
        "realtime serve --host 0.0.0.0 --certificate cert.pem --key key.pem",
        "realtime serve --responder model.gguf",
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--token", help="Clients must show this. `ps` shows it to everybody: better set REALTIME_SERVE_TOKEN.")
@click.option("--recogniser", metavar="NAME", help="auto, moonshine or whisper.")
@click.option("--responder", metavar="WHAT", help="builtin, a .gguf file, llm, or a chat endpoint's address.")
@click.option("--responder-model", metavar="NAME", help="The chat endpoint's model.")
@click.option("--session-limit-s", metavar="S", help="A session ends after so many seconds.  [default: 3600]")
@click.option("--requests-per-minute", type=click.IntRange(1), help="So many answers all clients may ask for together.")
@click.option("--tokens-per-minute", type=click.IntRange(1), help="So many tokens all clients may use together.")
@click.option("--certificate", type=click.Path(path_type=Path), metavar="FILE", help="Serve wss with it (PEM).")
@click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="The certificate's key, if in another file."
)
@click.option("--synthesiser", default="hibari", show_default=True, metavar="NAME", help="The service's voice.")
@click.option("--embedded", is_flag=True, hidden=True, help="Be told by the program that starts it, and end with it.")
def serve(
    host: str,
    port: int,
    token: str | None,
    synthesiser: str,
    embedded: bool,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    certificate: Path | None,
    key: Path | None,
    **given: str | None,
) -> None:
    """Run the embedded realtime service alone; other clients of the protocol can use it.

    Where other machines can reach it, clients must show a token; without one given, one is made and said.
    """
    if embedded:
        sys.exit(_serve_parent())
    if token is not None:
        _warn("--token can be read by everybody on this machine while it runs (ps); REALTIME_SERVE_TOKEN cannot.")
    if secrets_in_address(given["responder"] or ""):
        _warn("The password or key in --responder can be read by everybody on this machine; REALTIME_RESPONDER cannot.")
    loaded, places = load_settings(dict(given))
    settle_consent(loaded, places, may_ask=False, serves=True)
    from app.server.serve import Options
    from app.server.serve import run as run_service
    from app.server.websocket_listener import token_for

    settings = loaded.settings
    try:
        wanted, is_made = token_for(host, os.environ.get("REALTIME_SERVE_TOKEN") if token is None else token)
        tls = _tls(certificate, key)
    except ValueError as error:
        fail(str(error), USAGE)
    if is_made:
        _warn(
            f"Other machines can reach {host or 'every address'}, so clients must show a token. This one was made for "
            f"this run: {wanted} (sent as `Authorization: Bearer TOKEN`; `realtime` sends it as REALTIME_API_KEY). "
            "Set REALTIME_SERVE_TOKEN to choose it yourself."
        )
    sys.exit(
        run_service(
            Options(
                host=host,
                port=port,
                token=wanted,
                recogniser=settings.recogniser,
                responder=settings.responder,
                responder_model=settings.responder_model or None,
                responder_key=settings.responder_key or None,
                synthesiser=synthesiser,
                session_limit_s=settings.session_limit_s,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                tls=tls,
            )
        )
    )


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Raises ValueError."""
    if certificate is None:
        if key is not None:
            raise ValueError("--key belongs to a certificate: give --certificate too.")
        return None
    from app.server.tls import is_key_open_to_others, server_tls

    context = server_tls(certificate, key)
    if is_key_open_to_others(secret := key or certificate):
        _warn(f"Other users of this machine can read the key in {secret}: `chmod 600` makes it yours alone.")
    return context


def _serve_parent() -> int:
    """Serve the program that started this one. It needs no settings: the first line of standard input says it all."""
    from app.server.serve import run, told_by_parent

    line = sys.stdin.buffer.readline()
    if not line:  # the parent has gone already
        return 0
    try:
        return run(told_by_parent(line))
    except ValueError as error:
        fail(str(error), USAGE)


def _warn(sentence: str) -> None:
    say(f"realtime: {sentence}")


@root.command(
    short_help="List microphones and speakers.",
    epilog=examples("realtime devices", 'realtime --mic "USB" --speaker 3'),
)
def devices() -> None:
    """List input and output devices, their default rates, and which would be used."""
    from app.audio.catalogue import list_devices
    from app.audio.portaudio import Kind
    from app.audio.ports import AudioError

    try:
        found = list_devices()
    except AudioError as error:
        fail(str(error), NO_DEVICE)
    if not found:
        fail("There is no sound device on this system. `realtime --mic example` works without one.", NO_DEVICE)
    for kind in Kind:
        tell_inked([(f"{kind}s", Ink.BOLD)])
        for device in found:
            if device.channels(kind):
                is_default = device.is_default(kind)
                about = f"  {device.host_api}, {device.rate_hz:,} Hz"
                mark = (f"  {'*' if is_default else ' '} {device.index:3}  ", Ink.GREEN if is_default else Ink.PLAIN)
                tell_inked([mark, (device.name, Ink.PLAIN), (about, Ink.DIM)])
    tell("* is used unless --mic or --speaker says otherwise.")


@root.command(
    short_help="Measure the program on this machine.",
    epilog=examples("realtime bench --part answer", "realtime bench --runs 3 --json"),
)
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


def settle_consent(loaded: Loaded, places: Folders, *, may_ask: bool, serves: bool = False) -> None:
    """Exits with 2 and one sentence where the folder's `.env` wants what the user does not allow."""
    from app.consent import NotAllowedError, settle

    def is_allowed(question: str) -> bool:
        return (ask(f"{question} [y/N]:") or "").casefold() in ("y", "yes")

    try:
        for sentence in settle(loaded, places, Path.cwd(), is_allowed if may_ask else None, serves=serves):
            say(sentence)
    except NotAllowedError as error:
        fail(str(error), USAGE)


def fail(sentence: str, status: int) -> NoReturn:
    """One sentence on standard error, and out."""
    say(f"realtime: {sentence}")
    sys.exit(status)


def main() -> NoReturn:
    """The command line; always ends with SystemExit. What signals do is said in `app.ending`."""
    try:
        root(prog_name="realtime", standalone_mode=False)
        sys.exit(0)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
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
    redaction = _redaction()
    what = one_line(redaction.message(f"{type(error).__name__}: {error}"))
    try:
        make_private_folder(log.parent)
        with open(open_private_log(log), "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(redaction.message("".join(traceback.format_exception(error))))
    except OSError:
        return f"Something went wrong that should not have ({what}), and {log} cannot be written."
    return f"Something went wrong that should not have ({what}). The details are in {log}; please report them."


def _redaction() -> Redaction:
    """Of all that is set here: the texts of exceptions hold addresses, and reports are shown to others."""
    from app.settings import SettingError, load, redaction_of

    try:
        settings = load(given={}, environ=os.environ, dotenv=Path(".env"), file=None).settings
    except SettingError:
        settings = None
    return redaction_of(settings, os.environ)
