"""The program's exit statuses; 0 is done. docs/commands.md says the same to users."""

from __future__ import annotations

from typing import Final

FAULT: Final = 1
"""A fault of the program. Of the doctor: it found a problem."""

USAGE: Final = 2
"""A wrong option, setting or file, or not all that was asked for could be written."""

REFUSED: Final = 3
"""The service refused."""

NO_DEVICE: Final = 4
"""No sound device that can be used, and the one asked for by name cannot be replaced."""

LOST: Final = 5
"""The connection was lost for good, could not be made, or nothing was answered."""

INTERRUPTED: Final = 130
"""A command that is no conversation was ended by Ctrl+C: 128 and the signal's number, as shells have it."""
