"""CSV that a spreadsheet reads as text and numbers, never as formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib.csvsafe import ROWS_AT_ONCE, csv_lines, csv_response, safe_cell


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\t=", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_compute_becomes_text(start: str) -> None:
    formula = f'{start}HYPERLINK("https://evil.example","x")'
    assert safe_cell(formula) == f"'{formula}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("a=b", "a=b"),
        (-5, -5),
        (-1.5, -1.5),
        (None, ""),
        (True, "True"),
        (dt.date(2026, 11, 20), "2026-11-20"),
        ("a\x00\ud800", "a\ufffd\ufffd"),
    ],
)
def test_everything_else_stays_as_it_is(value: object, cell: object) -> None:
    assert safe_cell(value) == cell


@given(
    st.lists(st.lists(st.text(alphabet=st.characters(), max_size=20), min_size=1, max_size=4), max_size=10)
)
def test_every_cell_arrives_and_none_is_a_formula(rows: list[list[str]]) -> None:
    written = "".join(csv_lines(rows))
    found = read(written)
    assert len(found) == len(rows)
    assert [len(row) for row in found] == [len(row) for row in rows]
    for row in found:
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)
    written.encode()


def test_rows_are_made_while_they_are_sent() -> None:
    made = 0

    def rows() -> Iterator[list[int]]:
        nonlocal made
        for made in range(1, 10 * ROWS_AT_ONCE + 1):
            yield [made]

    pieces = csv_lines(rows())
    assert next(pieces).startswith("\ufeff1\r\n2\r\n")
    assert made == ROWS_AT_ONCE
    assert len(read("".join(pieces))) == 9 * ROWS_AT_ONCE


def test_the_response_is_a_file_to_be_saved_and_not_to_be_kept() -> None:
    response = csv_response("Задачи.csv", [["Задача"], ["=1+1"]])
    assert b"".join(response.streaming_content) == "\ufeffЗадача\r\n'=1+1\r\n".encode()  # type: ignore[arg-type]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%97")
    assert response["Cache-Control"] == "private, no-store"
