"""People's names."""

from __future__ import annotations


def initials(name: str) -> str:
    """The first letters of the first two words, in capitals: "TW" of "Tom White"."""
    return "".join(word[0] for word in name.split()[:2]).upper()
