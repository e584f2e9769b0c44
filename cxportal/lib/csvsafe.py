"""Tables as CSV for spreadsheets: no cell is taken for a formula, letters of all languages arrive."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from cxportal.lib.text import storable

BOM = "\ufeff"  # by it Excel knows UTF-8
ROWS_AT_ONCE = 200
# What makes a spreadsheet compute a cell, the wide forms of East Asian keyboards included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> object:
    """A cell as the csv module may write it; a text that a spreadsheet would compute gets a ' in front.

    Numbers stay numbers, also negative ones; None is an empty cell; all else is written as `str` gives it.
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = storable(str(value))
    if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA):
        return f"'{text}"
    return text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The rows as CSV with commas and CRLF, in pieces of many rows, beginning with a byte order mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(value) for value in row])
        if number % ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    if rest := buffer.getvalue():
        yield rest


def csv_response(filename: str, rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The rows, the first of them the headings, as a file to be saved; made while it is sent."""
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
