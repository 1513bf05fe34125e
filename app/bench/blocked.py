"""The program with a screen that stands still for half of every second. Run as a module, with the program's options."""

from __future__ import annotations

import time

from app.__main__ import main
from app.ui import app as screen

PERIOD_S = 1.0
BLOCKED_S = 0.5


class BlockedApp(screen.RealtimeApp):
    """Everything else is the program's own."""

    def on_ready(self) -> None:
        """From the first frame on."""
        self.set_interval(PERIOD_S, lambda: time.sleep(BLOCKED_S))


if __name__ == "__main__":
    screen.RealtimeApp = BlockedApp  # type: ignore[misc]  # the command line makes the program by this name
    main()
