from __future__ import annotations

import datetime as dt
import time

import pytest

from projects.demo import HOUSE
from projects.importing import COLUMNS, MAX_LINES, CannotRead, Row, read_plan

HEADER = ",".join(COLUMNS)


def plan_of(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def row_of(line: str) -> Row:
    (row,) = read_plan(plan_of(line)).rows
    return row


def problems_of(*lines: str) -> list[str]:
    plan = read_plan(plan_of(*lines))
    assert not plan.is_sound
    return [problem for line in plan.lines for problem in line.problems] + plan.problems


def test_the_house_is_read_whole() -> None:
    plan = read_plan(HOUSE.read_bytes())
    assert plan.is_sound
    assert len(plan.rows) == 15
    assert [row.title for row in plan.rows if row.is_milestone] == [
        "Architectural plan agreed",
        "Construction completed",
        "Moving in",
    ]
    walls = next(row for row in plan.rows if row.title == "Walls")
    assert walls.predecessors == ("11", "5", "6")
    assert walls.phase == "Decoration"
    assert walls.assignees == ("Viktor Silin", "Anton Belov", "Pyotr Zelenin", "Grigory Burov")
    assert walls.due == dt.date(2021, 6, 11)


def test_the_houses_own_starts_follow_from_lengths_and_dependencies() -> None:
    rows = {row.id: row for row in read_plan(HOUSE.read_bytes()).rows}
    for row in rows.values():
        ends = [rows[before].due for before in row.predecessors]
        assert all(end is not None and row.start is not None and end <= row.start for end in ends)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert read_plan(b"\xef\xbb\xbf" + HOUSE.read_bytes()).is_sound


def test_only_id_and_title_are_needed() -> None:
    assert read_plan(b"title,id\nRoof,1\n").rows == [Row(id="1", title="Roof")]


def test_windows_line_ends_and_lines_within_a_cell() -> None:
    plan = read_plan(b'id,title,notes\r\n1,Roof,"tiles\r\nand beams"\r\n\r\n2,Walls,\r\nx,,\r\n')
    assert plan.rows[0].notes == "tiles\nand beams"
    assert [line.number for line in plan.lines] == [2, 5, 6]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (HEADER.encode(), "no tasks below"),
        ("id,title\n1,Крыша\n".encode("cp1251"), "Line 2 is not written in UTF-8"),
        ("id,title\n1,Roof\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"\x00" * 100, "spreadsheet or an archive"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
        (b"id,title\n1,Ro\x00of\n", "not a text file"),
        (b"id;title\n1;Roof\n", "separated by commas"),
        (b"id\ttitle\n1\tRoof\n", "separated by commas"),
        (b"%PDF-1.7\nfoo\n", "names of the columns"),
        (b"<html><body>Not found</body></html>", "names of the columns"),
        (b"id,name\n1,Roof\n", "Missing columns: title"),
        (b"id,title,colour\n1,Roof,red\n", "colour"),
        (b"id,title,title\n1,Roof,Roof\n", "twice: title"),
        (b'id,title\n1,"Roof\n', "not proper CSV near line"),
        (b"id,title\n1," + b"x" * 200_000 + b"\n", "not proper CSV near line 2"),
        (b"id,title\n" + b"1," + b"x" * 6_000_000, "larger than 5 MB"),
    ],
)
def test_a_file_that_is_no_plan_says_what_is_wrong(data: bytes, said: str) -> None:
    with pytest.raises(CannotRead, match=said):
        read_plan(data)


def test_too_many_lines_are_counted_quickly() -> None:
    data = b"id,title\n" + b"".join(b"%d,Task\n" % number for number in range(50_000))
    started = time.process_time()
    with pytest.raises(CannotRead, match=r"50000 lines of tasks. At most 5000"):
        read_plan(data)
    assert time.process_time() - started < 2


def test_as_many_lines_as_are_allowed_are_read() -> None:
    data = b"id,title,predecessors\n0,Task,\n" + b"".join(
        b"%d,Task,%d\n" % (number, number - 1) for number in range(1, MAX_LINES)
    )
    assert len(read_plan(data).rows) == MAX_LINES


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",,Roof,,,,,,,,", "“id” is empty"),
        ("1,,,,,,,,,,", "“title” is empty"),
        ("1,,Roof,epic,,,,,,,", "task or milestone"),
        ("1,,Roof,,01.02.2021,,,,,,", "a date such as"),
        ("1,,Roof,,2021-02-30,,,,,,", "a date such as"),
        ("1,,Roof,,0001-01-01,,,,,,", "must lie between"),
        ("1,,Roof,,9999-12-31,5,,,,,", "must lie between"),
        ("1,,Roof,,٢٠٢١-٠٢-٠١,,,,,,", "a date such as"),
        ("1,,Roof,,,-3,,,,,", "“working_days” must be a whole number"),
        ("1,,Roof,,,1.5,,,,,", "“working_days” must be a whole number"),
        ("1,,Roof,,,99999999999999999999,,,,,", "“working_days” must be a whole number"),
        ("1,,Roof,,,0,,,,,", "at least one working day"),
        ("1,,Roof,,,,101,,,,", "“percent_complete” must be a whole number from 0 to 100"),
        ("1,,Roof,milestone,,3,,,,,", "a point in time"),
        ("1,,Roof,milestone,,,,,Tom,,", "nobody's work"),
        ("1,,Roof,,,,,7,,,", "names “7”, which is not in the file"),
        ("1,,Roof,,,,,1,,,", "cannot wait for itself"),
        ("1,,Roof", "3 cells where the first line has 11"),
        ("1,,Roof,,,,,,,,,,", "13 cells where the first line has 11"),
        ("1,,=HYPERLINK(0),,,,,,,,", "like a formula"),
        ("1,,Roof,,,,,,@tom,,", "like a formula"),
        ("1,,Roof,,,,,,,,-2+3", "like a formula"),
        ("1,," + "x" * 201 + ",,,,,,,,", "longer than 200"),
        ("1,,Roof,,,,,," + "x" * 151 + ",,", "longer than 150"),
        ("1,,Ro\x07of,,,,,,,,", "no text"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: str, said: str) -> None:
    (problem,) = problems_of(line)
    assert said in problem


def test_a_line_tells_all_that_is_wrong_with_it() -> None:
    assert len(problems_of("1,,,epic,yesterday,-1,,,,,")) == 4


def test_an_id_that_comes_twice_names_the_first_line() -> None:
    assert problems_of("1,,Roof,,,,,,,,", "1,,Walls,,,,,,,,") == ["The id “1” stands in line 2 already."]


def test_a_circle_is_named() -> None:
    (problem,) = problems_of("1,,Roof,,,,,3,,,", "2,,Walls,,,,,1,,,", "3,,Floor,,,,,2,,,")
    assert "Floor → Roof → Walls → Floor" in problem


def test_an_apostrophe_keeps_what_looks_like_a_formula() -> None:
    assert row_of("1,,'=2 doors,,,,,,,,'- oak").title == "=2 doors"


def test_an_apostrophe_of_the_text_itself_stays() -> None:
    assert row_of("1,,'s Gravenhage,,,,,,,,").title == "'s Gravenhage"


def test_lists_keep_their_order_and_drop_what_is_empty_or_comes_twice() -> None:
    assert row_of("1,,Roof,,,,,, Tom ;;Ann;Tom,,").assignees == ("Tom", "Ann")
