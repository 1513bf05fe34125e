"""What a judge found, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    found: str


@dataclass(slots=True)
class Verdict:
    """All that one judge has to say."""

    judge: str
    version: str = ""
    checks: list[Check] = field(default_factory=list)
    hindrance: str | None = None
    """Why there is no judgement: it could not be installed, say."""
    seconds: float = 0.0

    def check(self, name: str, passed: bool, found: object = "") -> None:
        """Note it, and tell it at once: a judge takes minutes."""
        one = Check(name, passed, " ".join(str(found).split()))
        self.checks.append(one)
        print(f"  {'pass' if passed else 'FAIL'}  {name}{': ' + one.found[:300] if one.found else ''}", flush=True)

    @property
    def failed(self) -> list[Check]:
        """The checks that did not pass."""
        return [one for one in self.checks if not one.passed]

    @property
    def word(self) -> str:
        """For the table."""
        if self.hindrance is not None:
            return "not judged"
        if not self.checks:
            return "FAIL, nothing was checked"
        return f"FAIL, {len(self.failed)} of {len(self.checks)}" if self.failed else f"pass, {len(self.checks)}"


def table(verdicts: list[Verdict]) -> str:
    """One line a judge."""
    rows = [("judge", "version", "checks", "seconds")]
    rows += [(one.judge, one.version, one.word, f"{one.seconds:.0f}") for one in verdicts]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
