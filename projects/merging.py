"""Two people edited the same task. What each of them changed, and where they meet. Plain values, no database.

`base` is what the second person read, `mine` what they sent, `theirs` what is there now, each by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Meeting:
    """A field that somebody else changed meanwhile."""

    field: str
    base: Any
    mine: Any
    theirs: Any

    @property
    def is_conflict(self) -> bool:
        """Both changed it, and not to the same: a person must choose or join the two."""
        return self.mine != self.base and self.mine != self.theirs


def meetings(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Meeting]:
    """The fields of `mine` that changed from `base` to `theirs`, in the order of `mine`."""
    return [
        Meeting(name, base[name], value, theirs[name])
        for name, value in mine.items()
        if theirs[name] != base[name]
    ]


def undone(theirs: Mapping[str, Any], edits: Iterable[Mapping[str, list[Any]]]) -> dict[str, Any]:
    """What was there before `edits`, the latest first, each field with its [old, new]: the base of `meetings`."""
    base = dict(theirs)
    for edit in edits:
        base.update({name: change[0] for name, change in edit.items() if name in base})
    return base
