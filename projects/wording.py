"""Which words of a text were taken out and put in. Plain functions over texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Kind = Literal["same", "out", "in", "gap"]
_WORDS = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# What lies between the first and the last change is compared word by word. That can cost words times words, so
# longer stretches are compared line by line, and very long ones not at all.
MOST_WORDS = 1500
MOST_LINES = 2000
CONTEXT = 80  # characters of what stayed the same, on each side of a change


@dataclass(frozen=True)
class Piece:
    """A run of text: the same in both, taken out, put in, or a gap where sameness was left out."""

    kind: Kind
    text: str = ""


def pieces(old: str, new: str) -> list[Piece]:
    """`new` as it came from `old`. Put together, "same" and "out" give `old`, "same" and "in" give `new`."""
    for pattern, most in ((_WORDS, MOST_WORDS), (_LINES, MOST_LINES)):
        before, after = pattern.findall(old), pattern.findall(new)
        head = _same_at_the_start(before, after)
        tail = _same_at_the_start(before[head:][::-1], after[head:][::-1])
        middle = before[head : len(before) - tail], after[head : len(after) - tail]
        if max(map(len, middle)) <= most:
            start, end = Piece("same", "".join(before[:head])), "".join(before[len(before) - tail :])
            return list(_joined(chain([start], _compared(*middle), [Piece("same", end)])))
    return list(_joined([Piece("out", old), Piece("in", new)]))


def shortened(found: list[Piece]) -> list[Piece]:
    """The same with long stretches of sameness cut down to CONTEXT on each side of a change."""
    short: list[Piece] = []
    for index, piece in enumerate(found):
        if piece.kind != "same" or len(piece.text) <= 2 * CONTEXT + 20:
            short.append(piece)
            continue
        if index > 0:
            short.append(Piece("same", piece.text[:CONTEXT]))
        short.append(Piece("gap"))
        if index < len(found) - 1:
            short.append(Piece("same", piece.text[-CONTEXT:]))
    return short


def as_html(found: Iterable[Piece]) -> SafeString:
    """The pieces as HTML: what was taken out as <del>, what was put in as <ins>, a gap as an ellipsis."""
    return format_html_join("", "{}", ((_html(piece),) for piece in found))


def _html(piece: Piece) -> str | SafeString:
    match piece.kind:
        case "out":
            return format_html("<del>{}</del>", piece.text)
        case "in":
            return format_html("<ins>{}</ins>", piece.text)
        case "gap":
            return " … "
        case _:
            return piece.text


def _same_at_the_start(before: list[str], after: list[str]) -> int:
    return next(
        (index for index, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        min(len(before), len(after)),
    )


def _compared(before: list[str], after: list[str]) -> Iterator[Piece]:
    # Spaces, and words that come all the time, are no landmarks: looking at them could cost the cube.
    matcher = SequenceMatcher(str.isspace, before, after)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(before[i1:i2]))
        else:
            yield Piece("out", "".join(before[i1:i2]))
            yield Piece("in", "".join(after[j1:j2]))


def _joined(found: Iterable[Piece]) -> Iterator[Piece]:
    """Without empty pieces; a lone space or sign between two changes belongs to them, so that words stay readable."""
    waiting_out = waiting_in = held = ""
    for piece in found:
        if piece.kind == "out":
            waiting_out, waiting_in, held = waiting_out + held + piece.text, waiting_in + held, ""
        elif piece.kind == "in":
            waiting_out, waiting_in, held = waiting_out + held, waiting_in + held + piece.text, ""
        elif (waiting_out or waiting_in) and not held and len(piece.text) <= 2 and "\n" not in piece.text:
            held = piece.text
        else:
            yield from _change(waiting_out, waiting_in)
            waiting_out = waiting_in = ""
            if held + piece.text:
                yield Piece("same", held + piece.text)
            held = ""
    yield from _change(waiting_out, waiting_in)
    if held:
        yield Piece("same", held)


def _change(taken_out: str, put_in: str) -> Iterator[Piece]:
    if taken_out:
        yield Piece("out", taken_out)
    if put_in:
        yield Piece("in", put_in)
