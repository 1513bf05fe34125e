"""Which of several things that were asked for at once a service does not take, found by asking for fewer. Pure.

A service refuses an update as a whole. Where it names what it minds, the rest is asked for again; where it does not,
the two halves are, one after the other, until one thing is left that is refused alone. Of n things no more than
2n - 1 updates are sent, and for one culprit about twice the binary logarithm of n.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

Group = tuple[str, ...]


class RefusalSearch(Struct, frozen=True):
    """Groups that are still to be asked for, the next one first; in each the order of the names is kept."""

    groups: tuple[Group, ...] = ()

    @property
    def next(self) -> Group:
        """What to ask for now; nothing when all is settled."""
        return self.groups[0] if self.groups else ()

    def taken(self) -> RefusalSearch:
        """The service took the group."""
        return RefusalSearch(self.groups[1:])

    def refused(self, named: frozenset[str], *, is_whole: bool = False) -> tuple[RefusalSearch, frozenset[str]]:
        """The service refused the group: what to ask for next, and which names are to blame for certain.

        `named`: of which the service speaks; nothing: it does not say. `is_whole`: all of them are to blame.
        """
        group, *later = self.groups
        suspects = tuple(name for name in group if name in named) or group
        innocent = tuple(name for name in group if name not in suspects)
        if is_whole or len(suspects) == 1:
            return _of(innocent, *later), frozenset(suspects)
        half = (len(suspects) + 1) // 2
        return _of(innocent, suspects[:half], suspects[half:], *later), frozenset()

    def without(self, names: Iterable[str]) -> RefusalSearch:
        """Not asked for any more."""
        gone = frozenset(names)
        return _of(*(tuple(name for name in group if name not in gone) for group in self.groups))


def _of(*groups: Group) -> RefusalSearch:
    return RefusalSearch(tuple(group for group in groups if group))
