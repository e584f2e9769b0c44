"""What arrives in fields besides what belongs there, and when it has to be refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

# All of them with HYPOTHESIS_PROFILE=long; otherwise those marked quick: one of each kind.
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
MISSING = object()  # the field is not sent at all
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
BEYOND_BIGINT = str(2**63)
HUGE = "9" * 5000  # more digits than Python reads as a number


@dataclass(frozen=True)
class Monster:
    """`value` is sent in place of the valid one; a list is the same field several times.

    `refused`: True where it must be, False where it must be taken, None where either is in order: what can be
    mended (a control character in a title) may be.
    """

    name: str
    value: Any
    refused: bool | None = None


# What no text may hold as it is, and what reorders or hides the text around it.
TEXTS = [
    Monster("NUL", "roof\x00tiles"),
    Monster("control characters", "roof\x01\x07\x1b[31m\x7f\x9ftiles\r\n\u2028\u2029\x0b\x0cend"),
    Monster("no UTF-8", b"roof \xff\xfe\xc3( tiles"),
    Monster("half a surrogate pair", b"roof \xed\xa0\x80 tiles"),
    Monster("right to left", "roof \u202egnp.exe\u202c \u200f\u2066tiles\u2069"),
    Monster("only invisible", "\u200b\u2060\ufeff"),
    Monster("markup", SCRIPT),
]
MORE_TEXTS = [
    Monster("only NUL", "\x00"),
    Monster("line breaks", "roof\r\ntiles\rend\n\n\n"),
    Monster("combining", "e" + "\u0301" * 150),
    Monster("template", "{{ settings.SECRET_KEY }}{% load x %}%(name)s %s {0}"),
    Monster("emoji", "🏠👨\u200d👩\u200d👧"),
    Monster("path", "../../../../etc/passwd"),
    Monster("formula", '=HYPERLINK("http://evil.example")'),
]
NO_DAYS = ["0001-01-01", "9999-12-31", "0000-01-01", "2026-02-31", "tomorrow", HUGE, "2026-11-02\x00"]
MORE_NO_DAYS = [
    "10000-01-01", "-0001-01-01", "2026-13-01", "2026-00-00", "31.02.2026", "1e3", "2026-11-02T25:61",
    "٢٠٢٦-١١-٠٢x", SCRIPT,
]  # fmt: skip
NO_NUMBERS = ["abc", "NaN", "1e999999", "-99999999", HUGE, BEYOND_BIGINT, "1\x00"]
MORE_NO_NUMBERS = [
    "Infinity", "-Infinity", "1E+400", "-1e5", "0x10", "1_000_000_0", "-" + HUGE, str(10**30), "--1", "1,2,3",
    SCRIPT,
]  # fmt: skip
NO_CHOICES = ["abc", "987654321", BEYOND_BIGINT, "1\x00", SCRIPT]
MORE_NO_CHOICES = ["-1", str(-(2**63) - 1), HUGE, "\x00", "1.5", "NaN", "None", "\u202e1"]
if LONG:
    TEXTS += MORE_TEXTS
    NO_DAYS += MORE_NO_DAYS
    NO_NUMBERS += MORE_NO_NUMBERS
    NO_CHOICES += MORE_NO_CHOICES


def for_field(field: forms.Field | None) -> Iterator[Monster]:
    """What to send to a field; None for a value that a view reads without a form."""
    required = field is not None and field.required
    if required or LONG:
        yield Monster("missing", MISSING, _must(required))
    if isinstance(field, forms.FileField):
        yield from _files()
        return
    yield Monster("empty", "", _must(required))
    if required or LONG:
        yield Monster(
            "blank", " \t \u00a0 \n", _must(required) if isinstance(field, forms.CharField) else None
        )
    yield Monster("twice", ["abc\x00", "def"])
    match field:
        case None:
            yield from (Monster(f"value {value[:20]!r}", value) for value in NO_CHOICES)
            yield from TEXTS
        case forms.BooleanField():
            yield from (Monster(f"value {value[:20]!r}", value) for value in NO_CHOICES)
        case forms.UUIDField():
            yield from (Monster(f"key {value[:20]!r}", value) for value in NO_CHOICES)
        case forms.DateTimeField() | forms.DateField():
            yield from (Monster(f"day {value[:20]!r}", value, True) for value in NO_DAYS)
        case forms.IntegerField():  # a decimal is one too
            yield from (Monster(f"number {value[:20]!r}", value, True) for value in NO_NUMBERS)
        case forms.ChoiceField():
            yield from (Monster(f"choice {value[:20]!r}", value, True) for value in NO_CHOICES)
            yield from (
                Monster(text.name, text.value) for text in TEXTS if LONG or isinstance(text.value, bytes)
            )
        case _:
            most = getattr(field, "max_length", None)
            if most is not None:
                yield Monster("one too long", "x" * (most + 1), True)
            if LONG:
                yield Monster("a megabyte", "word " * 200_000, True if most is not None else None)
            yield from TEXTS


def _files() -> Iterator[Monster]:
    def named(name: str) -> SimpleUploadedFile:
        return Named(name)

    yield Monster("empty file", SimpleUploadedFile("roof.txt", b""), True)
    yield Monster("no file but text", "roof.txt", None)
    yield Monster("too many files", [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(60)], None)
    for name in (
        "..",
        "../../etc/passwd",
        "a\x00b.txt",
        "photo\u202egnp.exe",
        "ж" * 300 + ".txt",
        "",
        "con.txt",
    ):
        yield Monster(f"named {name[:20]!r}", named(name))
    yield Monster("broken picture", SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 50))


class Named(SimpleUploadedFile):
    """A file that says its name as it is, where Django's own would tidy it before it is sent."""

    def __init__(self, name: str) -> None:
        super().__init__("x", b"id,title\n1,Walls\n")
        self._said = name

    @property
    def name(self) -> str:
        return getattr(self, "_said", "x")

    @name.setter
    def name(self, value: str) -> None:
        pass


def _must(required: bool) -> bool | None:
    return True if required else None
