"""Translation catalogues: compiled without gettext, and compared with what the code asks for."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import polib
import pytest

from cxportal.lib.catalogues import compile_catalogues, shortcomings, tidy

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


def catalogue(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + body)
    return path


def test_a_catalogue_is_compiled_when_it_is_newer(tmp_path: Path) -> None:
    source = catalogue(tmp_path / "ru/LC_MESSAGES/django.po", '\nmsgid "board"\nmsgstr "доска задач"\n')
    target = source.with_suffix(".mo")
    assert compile_catalogues(tmp_path) == [target]
    with open(target, "rb") as file:
        assert gettext.GNUTranslations(file).gettext("board") == "доска задач"
    assert compile_catalogues(tmp_path) == []
    os.utime(source, (2**31 - 2, 2**31 - 2))
    assert compile_catalogues(tmp_path) == [target]


def test_what_is_no_catalogue_is_an_error(tmp_path: Path) -> None:
    catalogue(tmp_path / "ru/LC_MESSAGES/django.po", "\nthis is no catalogue\n")
    with pytest.raises(OSError, match=r"django\.po"):
        compile_catalogues(tmp_path)


def test_shortcomings_are_named(tmp_path: Path) -> None:
    kept = catalogue(
        tmp_path / "kept.po",
        '\nmsgid "ready"\nmsgstr "готово"\n'
        '\nmsgid "empty"\nmsgstr ""\n'
        '\n#, fuzzy\nmsgid "guessed"\nmsgstr "наугад"\n'
        '\nmsgid "gone"\nmsgstr "ушло"\n',
    )
    fresh = catalogue(
        tmp_path / "fresh.po",
        "".join(f'\nmsgid "{text}"\nmsgstr ""\n' for text in ("ready", "empty", "guessed", "new")),
    )
    assert shortcomings(kept, fresh) == [
        "missing: new",
        "not translated: empty",
        "fuzzy: guessed",
        "no longer used: gone",
    ]


def test_a_tidied_catalogue_does_not_depend_on_the_order_texts_were_found_in(tmp_path: Path) -> None:
    one = catalogue(
        tmp_path / "ru/LC_MESSAGES/one.po", '\n#: a.py:1\nmsgid "b"\nmsgstr "2"\n\nmsgid "a"\nmsgstr "1"\n'
    )
    two = catalogue(
        tmp_path / "ru/LC_MESSAGES/two.po", '\nmsgid "a"\nmsgstr "1"\n\n#: b.py:7\nmsgid "b"\nmsgstr "2"\n'
    )
    tidy(one)
    tidy(two)
    assert one.read_text() == two.read_text()
    assert [entry.msgid for entry in polib.pofile(str(one))] == ["a", "b"]
