"""CPU time and memory of a process and its children, read from the system. Linux; elsewhere nothing is measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used so far."""

    cpu_s: float
    rss_mib: float


def can_measure() -> bool:
    """Whether this system tells."""
    return (PROC / "self" / "stat").exists()


def use_of(pid: int) -> Use | None:
    """What one process has used; None when it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Use(cpu_s, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20)


def children_of(pid: int) -> tuple[int, ...]:
    """The direct children of a process."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # ended while we looked
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return tuple(found)
