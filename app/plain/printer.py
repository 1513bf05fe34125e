"""Where the line-by-line front end writes: turns to standard output, everything else to standard error."""

from __future__ import annotations

from typing import TextIO

from app.console import OutputLostError, ReaderGoneError, TextOutput, say


class Printer:
    """Two streams, of which neither can end the talk: what standard output did not take is said once, tried again
    with every further line, and told at the end. None is a stream that was closed before the start.
    """

    def __init__(self, out: TextIO | None, err: TextIO | None) -> None:
        self._out = TextOutput(out)
        self._err = err
        self._has_complained = False
        self._is_behind = False
        self.is_reader_gone = False
        """Nobody reads the turns any more."""

    def tell(self, line: str) -> None:
        """A turn."""
        self._put(f"{line}\n")

    def say(self, sentence: str) -> None:
        """What is no turn."""
        if self._err is not None:
            say(sentence, self._err)

    @property
    def has_lost(self) -> bool:
        """Whether lines are missing on standard output even now."""
        if self._is_behind:
            self._put("")
        return self._is_behind

    def _put(self, text: str) -> None:
        if self.is_reader_gone:
            return
        try:
            self._out.put(text)
        except ReaderGoneError:
            self.is_reader_gone = True
            self._is_behind = False
        except OutputLostError as error:
            self._is_behind = True
            if not self._has_complained:
                self._has_complained = True
                self.say(f"{error} The talk goes on.")
        else:
            self._is_behind = False
