"""Levels and probabilities as characters. Pure: numbers in, text of an exact width out."""

from __future__ import annotations

from typing import Final

LOW_DBFS: Final = -60.0
"""The left end of a level bar; a quiet room with an ordinary microphone lies a little above it."""

SILENT_DBFS: Final = -90.0
"""Below this there is no sound, which is shown as minus infinity: one step of 16 bits is -90.3 dBFS."""

MARK: Final = "┃"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def clamped(fraction: float) -> float:
    """The fraction held within 0 and 1; what is not a number counts as 0."""
    return min(1.0, fraction) if fraction > 0.0 else 0.0


def level_fraction(dbfs: float) -> float:
    """Where a level stands on the bar: -60 dBFS and less is 0, full scale is 1."""
    return clamped(1.0 - dbfs / LOW_DBFS)


def level_text(dbfs: float) -> str:
    """A level in words, always 8 characters: ` -23 dBFS`."""
    number = "-∞" if not dbfs > SILENT_DBFS else f"{min(dbfs, 0.0):.0f}".replace("-0", "0")
    return f"{number:>3} dBFS"


def bar(fraction: float, width: int) -> str:
    """A bar of exactly `width` cells, filled to an eighth of a cell; the rest is spaces."""
    full, rest = divmod(round(clamped(fraction) * width * 8), 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def cell_at(fraction: float, width: int) -> int:
    """The cell of a mark: 0 is the first, 1 the last of `width` cells."""
    return int(clamped(fraction) * max(0, width - 1) + 0.5)


def fraction_at(cell: int, width: int) -> float:
    """The fraction whose mark stands in a cell; cells beyond an end count as that end."""
    return clamped(cell / (width - 1)) if width > 1 else 0.0


def placed(text: str, fraction: float, mark: str = MARK) -> str:
    """The text with a mark set over the cell of the fraction."""
    if not text:
        return text
    cell = cell_at(fraction, len(text))
    return text[:cell] + mark + text[cell + 1 :]


def track(fraction: float, width: int) -> tuple[str, str, str]:
    """A slider of exactly `width` cells in three parts: before the knob, the knob, after it."""
    if width < 3:
        return "", "●"[:width], " " * max(0, width - 1)
    line = "├" + "─" * (width - 2) + "┤"
    cell = cell_at(fraction, width)
    return line[:cell], "●", line[cell + 1 :]


def speech_bar(voice: float, threshold: float, width: int) -> tuple[str, str, str]:
    """The voice probability with the threshold on the same scale, in three parts of `width` cells together.

    Before the mark, the mark, after it. After the mark something is filled if and only if the probability counts as
    speech (and cells are left there): what is seen is what counts, however coarse the cells.
    """
    if width < 1:
        return "", "", ""
    cell = cell_at(threshold, width)
    beyond = width - cell - 1
    if voice >= threshold:
        above = bar(max(voice * width - cell - 1, 0.125) / beyond, beyond) if beyond else ""
        return "█" * cell, MARK, above
    return bar(voice * width / cell, cell) if cell else "", MARK, " " * beyond
