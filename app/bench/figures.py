"""Figures with their goals, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app import __version__


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity, measured several times."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: str = ""
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """It has a goal, and does not reach it; goals are the most that may be."""
        most = re.search(r"\d+(\.\d+)?", self.goal)
        return most is not None and self.median is not None and self.median > float(most[0])

    @property
    def median(self) -> float | None:
        """The middle value; None where nothing could be measured."""
        return median(self.values) if self.values else None


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "version": __version__,
    }


def as_json(figures: Sequence[Figure]) -> str:
    """One document: the machine, and for each figure all values."""
    return json.dumps(
        {
            "machine": machine(),
            "figures": [
                {
                    "name": figure.name,
                    "unit": figure.unit,
                    "goal": figure.goal,
                    "is_missed": figure.is_missed,
                    "median": figure.median,
                    "values": [round(value, 2) for value in figure.values],
                    "note": figure.note,
                }
                for figure in figures
            ],
        },
        indent=2,
    )


def as_table(figures: Sequence[Figure]) -> str:
    """The same for people."""
    rows = [("", "median", "from", "to", "n", "goal")]
    for figure in figures:
        if not figure.values:
            rows.append((figure.name, "not measured", "", "", "0", figure.goal))
            continue
        low, high = min(figure.values), max(figure.values)
        middle = f"{_short(median(figure.values))} {figure.unit}"
        goal = f"{figure.goal}  ✗ missed" if figure.is_missed else figure.goal
        rows.append((figure.name, middle, _short(low), _short(high), str(len(figure.values)), goal))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = machine()
    return "\n".join([*lines, "", f"{told['system']}, {told['processor']}, {told['cores']} cores, {told['python']}"])


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
