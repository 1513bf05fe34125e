"""The program's entry: `realtime`, and `python -m app`. Signals are taken before anything else is loaded."""

import signal
from types import FrameType

_early: list[int] = []


def _note(number: int, _frame: FrameType | None) -> None:
    _early.append(number)


for _name in ("SIGINT", "SIGTERM", "SIGHUP"):
    if _number := getattr(signal, _name, None):
        signal.signal(_number, _note)  # until `app.ending` has been loaded, which takes over


def main() -> None:
    """Run the command line. However it ends, it ends once, with its own status, and leaves nothing running."""
    from app import ending
    from app.console import open_missing_streams

    open_missing_streams()  # first: whatever is opened next would get the number of a stream that is closed
    ending.begin()
    if _early:
        ending.mark()
    from app.cli import main as run

    try:
        run()
    except SystemExit as left:
        ending.leave(left.code if isinstance(left.code, int) else 0)
        raise


if __name__ == "__main__":
    main()
