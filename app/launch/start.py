"""One conversation from the command line: what takes longest is begun first, then a front end runs it."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from app import ending
from app.audio.native_stderr import native_stderr_to
from app.console import say
from app.launch.embedded import start_service
from app.launch.request import Request, UsageError, check_streams
from app.private_files import make_private_folder

if TYPE_CHECKING:
    from app.launch.front_ends import Talk

_SWITCH_S: Final = 0.001
"""How long one thread may keep the others from running. While the screen is at work, a chunk of sound is up to 20 ms
late with it, and 40 ms with Python's own 5 ms."""


def run(request: Request) -> int:
    """Talk; the exit status. A problem with the request is one sentence on standard error before anybody talks."""
    ending.end_with(_other_ends())
    with ExitStack() as stack:
        gc.disable()  # hardly anything that loading makes is garbage, and looking for it is a twentieth of the start
        try:
            talk = _begin(request, stack)
        except UsageError as error:
            say(f"realtime: {error}")
            return error.exit_status
        finally:
            # A full collection holds up every thread, sound too: 70 ms with what the imports made, 14 ms without.
            gc.freeze()
            gc.enable()
        return talk()


def _begin(request: Request, stack: ExitStack) -> Talk:
    """A conversation that can run, and its service on the way; the stack ends what was begun. Raises UsageError."""
    check_streams(request)
    try:
        make_private_folder(request.folders.logs)
        stack.enter_context(native_stderr_to(request.folders.logs / "native.log"))
    except OSError as error:
        request = _without_logs(request, error)
        stack.enter_context(native_stderr_to(Path(os.devnull)))
    is_written = request.is_text_only and not request.given.get("mic")
    child = start_service(request.loaded.settings, request.service_log, is_written=is_written)
    if child is not None:
        stack.callback(child.kill)
    # No matrix is multiplied here, and numpy's own threads cost a twentieth of a second of the start. The service,
    # which has its own use for them, runs already.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.setswitchinterval(_SWITCH_S)
    from app.launch.dialling import begin_dialling  # these imports are most of the start: see the package

    dialler, log = begin_dialling(request, child)
    if log is not None:
        stack.callback(log.close)
    stack.enter_context(dialler)
    from app.launch.front_ends import make_plain, make_screen

    return (make_plain if request.is_plain else make_screen)(request, dialler, log)


def _other_ends() -> list[int]:
    """The descriptors at whose other end somebody listens to us: standard output, and a terminal as standard input.

    The end of a pipe that we read is another matter: no more is typed.
    """
    return [0, 1] if os.isatty(0) else [1]


def _without_logs(request: Request, error: OSError) -> Request:
    """Logs are for whoever looks for a fault: a talk needs none. Their loss is one more line at its start."""
    why = error.strerror or str(error)
    hint = f"Nothing can be logged in {request.folders.logs} ({why}); the talk goes on without."
    return replace(request, loaded=replace(request.loaded, hints=(*request.loaded.hints, hint)))
