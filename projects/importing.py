"""Reads a plan from a CSV file: what is in it, and what is wrong with which line. No database here.

One line is a task or a milestone. The columns, of which `id` and `title` must be there:

    id, phase, title, kind, start, working_days, percent_complete, predecessors, assignees, skills, notes

UTF-8, separated by commas; several values in one cell by semicolons. Problems are told in the active language.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cxportal.lib.text import one_line
from projects.graph import find_cycle
from projects.workdays import FIRST_DAY, LAST_DAY, last_working_day

COLUMNS = (
    "id",
    "phase",
    "title",
    "kind",
    "start",
    "working_days",
    "percent_complete",
    "predecessors",
    "assignees",
    "skills",
    "notes",
)
REQUIRED = ("id", "title")
MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 5000
MAX_LENGTH = {"id": 40, "phase": 150, "title": 200, "notes": 50_000, "assignees": 150, "skills": 80}
MAX_WORKING_DAYS = 5000
MAX_IN_CELL = 200  # values in one cell
MAX_IN_CIRCLE = 10  # titles of a circle that are told
# What a spreadsheet takes for a formula. A cell that is meant so begins with an apostrophe, as our exports do it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CannotRead(Exception):
    """The file as a whole is not such a plan; the message says what to do about it."""


@dataclass(frozen=True)
class Row:
    """A task or milestone as the file has it. `predecessors` are ids of other rows."""

    id: str
    title: str
    phase: str = ""
    is_milestone: bool = False
    start: dt.date | None = None
    working_days: int | None = None
    percent: int = 0
    predecessors: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    notes: str = ""

    @property
    def due(self) -> dt.date | None:
        """The last day of work; of a milestone its day. None where the file does not say enough."""
        if self.start is None or self.is_milestone:
            return self.start
        return last_working_day(self.start, self.working_days) if self.working_days else None


@dataclass
class Line:
    """A line of the file: what it says, what becomes of it, and what is wrong with it."""

    number: int
    cells: dict[str, str]
    row: Row | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """A file that could be read. It may be imported when there are no problems, neither here nor in a line."""

    lines: list[Line]
    problems: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [line.row for line in self.lines if line.row]

    @property
    def is_sound(self) -> bool:
        return not self.problems and not any(line.problems for line in self.lines)

    @property
    def lines_with_problems(self) -> list[Line]:
        return [line for line in self.lines if line.problems]

    @property
    def edges(self) -> list[tuple[str, str]]:
        """What waits for what, by id: (predecessor, row)."""
        return [(before, row.id) for row in self.rows for before in row.predecessors]


def read_plan(data: bytes) -> Plan:
    """The plan in a file of at most MAX_BYTES and MAX_LINES, with all that is wrong line by line.

    Raises CannotRead for a file that is no such table at all.
    """
    lines = list(_lines(_text(data)))
    if not lines:
        raise CannotRead(_("The file has a first line with column names but no tasks below it."))
    plan = Plan(lines)
    for line in plan.lines:
        _check(line)
    _check_ids(plan)
    cycle = None if any(line.problems for line in lines) else find_cycle(plan.edges)
    if cycle:
        titles = {row.id: row.title for row in plan.rows}
        nodes = [*cycle, cycle[0]]
        if len(nodes) > MAX_IN_CIRCLE:  # enough to find it by
            nodes = [*nodes[: MAX_IN_CIRCLE - 1], "…", nodes[-1]]
        around = " → ".join(titles.get(node, node) for node in nodes)
        plan.problems.append(
            _("These wait for each other in a circle: %(circle)s. Take one of the predecessors out.")
            % {"circle": around}
        )
    return plan


def _text(data: bytes) -> str:
    if not data.strip():
        raise CannotRead(_("The file is empty."))
    if len(data) > MAX_BYTES:
        raise CannotRead(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 1024 // 1024})
    as_csv = _("Save it as “CSV UTF-8 (comma delimited)” and choose that file.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CannotRead(f"{_('This is a spreadsheet or an archive, not a CSV file.')} {as_csv}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CannotRead(f"{_('The file is written in UTF-16.')} {as_csv}")
    if b"\x00" in data:
        raise CannotRead(f"{_('This is not a text file.')} {as_csv}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = _("Line %(line)s is not written in UTF-8.") % {"line": line}
        raise CannotRead(f"{told} {as_csv}") from error
    return text


def _lines(text: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(_not_blank(reader), (1, [""]))[1]]
        _check_header(header)
        for count, (number, cells) in enumerate(_not_blank(reader)):
            if count >= MAX_LINES:
                raise CannotRead(_too_many(count + 1 + sum(1 for _more in _not_blank(reader))))
            line = Line(number, dict(zip(header, (_without_quote(cell) for cell in cells), strict=False)))
            if len(cells) != len(header):
                line.problems.append(
                    _("%(cells)s cells where the first line has %(columns)s.")
                    % {"cells": len(cells), "columns": len(header)}
                )
            else:
                line.problems += _formulas(header, cells)
            yield line
    except csv.Error as error:
        raise CannotRead(
            _(
                "The file is not proper CSV near line %(line)s: a quotation mark is missing, or a cell is too long."
            )
            % {"line": reader.line_num}
        ) from error


def _not_blank(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the number of its first line."""
    start = reader.line_num + 1  # type: ignore[attr-defined]
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield start, cells
        start = reader.line_num + 1  # type: ignore[attr-defined]


def _check_header(header: list[str]) -> None:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise CannotRead(
            _(
                "The columns must be separated by commas. In your file another character stands between them; "
                "semicolons separate several values within one cell."
            )
        )
    # Each name once and counted once, however many columns a file claims to have.
    times = Counter(header)
    unknown = [name for name in times if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in header]
    twice = sorted(name for name, count in times.items() if count > 1)
    if len(unknown) == len(times):
        told = _("The first line must hold the names of the columns.")
    elif missing:
        told = _("Missing columns: %(names)s.") % {"names": ", ".join(missing)}
    elif unknown:
        told = _("Unknown columns: %(names)s.") % {
            "names": ", ".join(f"“{_CONTROL.sub('', name)[:40]}”" for name in unknown[:10])
        }
    elif twice:
        told = _("Columns that come twice: %(names)s.") % {"names": ", ".join(twice)}
    else:
        return
    raise CannotRead(f"{told} {_('Known columns: %(names)s.') % {'names': ', '.join(COLUMNS)}}")


def _too_many(count: int) -> str:
    told = ngettext(
        "The file has %(count)s line of tasks.", "The file has %(count)s lines of tasks.", count
    ) % {"count": count}
    advice = _("At most %(limit)s can be imported at once: split the file.") % {"limit": MAX_LINES}
    return f"{told} {advice}"


def _without_quote(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from reading it as a formula."""
    if cell.startswith("'") and cell[1:].lstrip(" ").startswith(FORMULA_STARTS):
        cell = cell[1:]
    return cell.strip()


def _formulas(header: list[str], cells: list[str]) -> list[str]:
    return [
        _(
            "“%(column)s” begins with “%(sign)s”, like a formula. Put an apostrophe (') before it if it is text."
        )
        % {"column": name, "sign": cell.lstrip(" ")[0].replace("\t", _("tab")).replace("\r", _("line break"))}
        for name, cell in zip(header, cells, strict=True)
        if name in MAX_LENGTH and cell.lstrip(" ").startswith(FORMULA_STARTS)
    ]


def _check(line: Line) -> None:
    """Makes the line's row, or adds what is wrong with it."""
    if line.problems:
        return
    cell = {name: line.cells.get(name, "") for name in COLUMNS}
    lists = {
        name: tuple(dict.fromkeys(part for part in map(one_line, cell[name].split(";")) if part))
        for name in ("predecessors", "assignees", "skills")
    }
    wrong = line.problems
    wrong += [
        _("“%(column)s” holds more than %(limit)s values.") % {"column": name, "limit": MAX_IN_CELL}
        for name, values in lists.items()
        if len(values) > MAX_IN_CELL
    ]
    for name, limit in MAX_LENGTH.items():
        if any(len(value) > limit for value in lists.get(name, (cell[name],))):
            wrong.append(
                _("“%(column)s” is longer than %(limit)s characters.") % {"column": name, "limit": limit}
            )
    wrong += [_("“%(column)s” is empty.") % {"column": name} for name in REQUIRED if not one_line(cell[name])]
    wrong += [
        _("“%(column)s” holds a character that is no text.") % {"column": name}
        for name, value in cell.items()
        if _CONTROL.search(value)
    ]
    if cell["kind"].lower() not in {"", "task", "milestone"}:
        wrong.append(_("“kind” must be task or milestone."))
    is_milestone = cell["kind"].lower() == "milestone"
    start = _day(cell["start"], wrong)
    working_days = _number(cell["working_days"], "working_days", MAX_WORKING_DAYS, wrong)
    percent = _number(cell["percent_complete"], "percent_complete", 100, wrong)
    if is_milestone and working_days:
        wrong.append(_("A milestone is a point in time: “working_days” must be 0 or empty."))
    if not is_milestone and working_days == 0:
        wrong.append(
            _(
                "A task takes at least one working day. A point in time is a milestone: write that into “kind”."
            )
        )
    if is_milestone and (lists["assignees"] or lists["skills"]):
        wrong.append(_("A milestone is nobody's work: “assignees” and “skills” must be empty."))
    if wrong:
        return
    line.row = Row(
        id=cell["id"],
        title=one_line(cell["title"]),
        phase=one_line(cell["phase"]),
        is_milestone=is_milestone,
        start=start,
        working_days=None if is_milestone else working_days,
        percent=percent or 0,
        notes=cell["notes"].replace("\r\n", "\n"),
        **lists,
    )


def _day(value: str, wrong: list[str]) -> dt.date | None:
    if not value:
        return None
    try:
        day = dt.date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        wrong.append(_("“start” must be a date such as 2026-11-23."))
    elif not FIRST_DAY <= day <= LAST_DAY:
        wrong.append(
            _("“start” must lie between %(first)s and %(last)s.") % {"first": FIRST_DAY, "last": LAST_DAY}
        )
    return day


def _number(value: str, column: str, most: int, wrong: list[str]) -> int | None:
    if not value:
        return None
    if not _WHOLE_NUMBER.fullmatch(value) or int(value) > most:
        wrong.append(
            _("“%(column)s” must be a whole number from 0 to %(most)s.") % {"column": column, "most": most}
        )
        return None
    return int(value)


def _check_ids(plan: Plan) -> None:
    """Ids that come twice, and predecessors that are not in the file or are the row itself."""
    first: dict[str, int] = {}
    for line in plan.lines:
        name = line.cells.get("id", "")
        if name in first:
            line.problems.append(
                _("The id “%(id)s” stands in line %(line)s already.") % {"id": name[:40], "line": first[name]}
            )
        elif name:
            first[name] = line.number
    for line in plan.lines:
        for before in line.row.predecessors if line.row else ():
            if before not in first:
                line.problems.append(
                    _("“predecessors” names “%(id)s”, which is not in the file.") % {"id": before[:40]}
                )
            elif line.row and before == line.row.id:
                line.problems.append(_("It cannot wait for itself."))
