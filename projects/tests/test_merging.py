from __future__ import annotations

from typing import Any

from projects.merging import Meeting, meetings, undone

BASE = {"title": "Roof", "description": "Tiles", "priority": 2}


def test_what_only_the_other_changed_is_no_conflict() -> None:
    (meeting,) = meetings(BASE, BASE | {"title": "The roof"}, BASE | {"description": "Slate"})
    assert meeting == Meeting("description", "Tiles", "Tiles", "Slate")
    assert not meeting.is_conflict


def test_what_both_changed_is_a_conflict_unless_to_the_same() -> None:
    mine = BASE | {"description": "Copper", "title": "New"}
    theirs = BASE | {"description": "Slate", "title": "New"}
    assert [(meeting.field, meeting.is_conflict) for meeting in meetings(BASE, mine, theirs)] == [
        ("title", False),
        ("description", True),
    ]


def test_what_only_i_changed_meets_nobody() -> None:
    assert meetings(BASE, BASE | {"title": "New"}, BASE) == []


def test_the_base_is_found_by_undoing_edits_the_latest_first() -> None:
    edits: list[dict[str, list[Any]]] = [{"title": ["B", "C"]}, {"title": ["A", "B"], "hours": [1, 2]}]
    assert undone({"title": "C", "priority": 2}, edits) == {"title": "A", "priority": 2}
