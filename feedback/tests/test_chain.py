"""Who is told, decided from plain values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feedback.chain import Circle, Person, who_is_told
from feedback.clock import Rung
from feedback.reasons import REASONS

ANNA, BORIS, MARIA, CLARA, MONA, MAX, ADA = range(1, 8)
FULL = Circle(
    assignee=Person(ANNA),
    backup=Person(BORIS),
    project_manager=Person(MARIA),
    client_manager=Person(CLARA),
    managers=(Person(MONA), Person(MAX)),
    admins=(Person(ADA),),
)


def circle(**places: object) -> Circle:
    names = ("assignee", "backup", "project_manager", "client_manager", "managers", "admins")
    return Circle(**({name: getattr(FULL, name) for name in names} | places))


def told(of: Circle, rung: int) -> set[int]:
    return set(who_is_told(of, rung).told)


def test_the_ladder_widens() -> None:
    assert told(FULL, 0) == told(FULL, 50) == {ANNA}
    assert told(FULL, 75) == {ANNA, BORIS}
    assert told(FULL, 90) == told(FULL, 100) == {ANNA, BORIS, MARIA}


def test_without_a_project_the_companys_manager_is_the_manager() -> None:
    assert told(circle(project_manager=None), 90) == {ANNA, BORIS, CLARA}


def test_for_an_assignee_who_is_away_the_backup_stands_in_at_once() -> None:
    away = circle(assignee=Person(ANNA, "absent"))
    decision = who_is_told(away, 50)
    assert decision.told == {BORIS: True}
    assert decision.left_out == {ANNA: ["absent"]}
    assert who_is_told(away, 75).told == {BORIS: False}  # meant anyway: their quiet hours hold


def test_nobody_assigned_goes_up_the_chain_level_by_level() -> None:
    nobody = {"assignee": None, "backup": None}
    gone = "inactive"
    assert told(circle(**nobody), 50) == {MARIA}
    assert told(circle(**nobody, project_manager=Person(MARIA, gone)), 50) == {CLARA}
    without = nobody | {"project_manager": Person(MARIA, gone), "client_manager": Person(CLARA, "absent")}
    assert told(circle(**without), 50) == {MONA, MAX}
    assert told(circle(**without, managers=(Person(MONA, gone), Person(MAX, gone))), 50) == {ADA}


def test_a_manager_who_is_away_is_stood_in_for_at_ninety_percent() -> None:
    assert told(circle(project_manager=Person(MARIA, "absent")), 90) == {ANNA, BORIS, CLARA}


def test_an_assignee_without_a_backup_is_noted() -> None:
    assert who_is_told(circle(backup=None), 75).left_out == {None: ["no_backup"]}


def test_rather_an_admin_on_holiday_than_nobody() -> None:
    lonely = Circle(None, None, None, Person(CLARA, "inactive"), (), (Person(ADA, "absent"),))
    assert told(lonely, 50) == {ADA}
    nobody = Circle(None, None, None, Person(CLARA, "inactive"), (), ())
    decision = who_is_told(nobody, 100)
    assert not decision.told
    assert "nobody" in decision.left_out[None]


obstacles = st.sampled_from(["", "", "absent", "inactive", "no_access"])


@st.composite
def circles(draw: st.DrawFn) -> Circle:
    """Places held by a few people, so that one person often holds several."""
    state = {number: draw(obstacles) for number in range(1, 6)}
    person = st.sampled_from([Person(number, obstacle) for number, obstacle in state.items()])
    maybe = st.none() | person
    assignee = draw(maybe)
    return Circle(
        assignee=assignee,
        backup=draw(maybe) if assignee else None,
        project_manager=draw(maybe),
        client_manager=draw(person),
        managers=tuple(draw(st.lists(person, max_size=3, unique=True))),
        admins=tuple(draw(st.lists(person, max_size=2, unique=True))),
    )


@given(circles())
def test_each_higher_rung_reaches_everybody_a_lower_one_would_reach(of: Circle) -> None:
    for lower, higher in ((0, 50), (50, 75), (75, 90), (90, 100)):
        assert told(of, lower) <= told(of, higher)


@given(circles(), st.sampled_from([0, *Rung]))
def test_nobody_is_told_and_left_out_and_every_reason_has_words(of: Circle, rung: int) -> None:
    decision = who_is_told(of, rung)
    assert not set(decision.told) & set(decision.left_out)
    assert all(word in REASONS for reasons in decision.left_out.values() for word in reasons)


@given(circles(), st.sampled_from([0, *Rung]))
def test_somebody_is_told_whenever_somebody_in_the_chain_can_be(of: Circle, rung: int) -> None:
    chain = [of.assignee, of.backup, of.project_manager, of.client_manager, *of.managers, *of.admins]
    if any(person is not None and person.is_eligible for person in chain):
        assert told(of, rung)


@given(circles(), st.sampled_from([0, *Rung]))
def test_who_cannot_be_told_is_not_told_but_for_the_last_resort(of: Circle, rung: int) -> None:
    places = [of.assignee, of.backup, of.project_manager, of.client_manager, *of.managers, *of.admins]
    state = {person.id: person.obstacle for person in places if person is not None}
    obstacles = {state[person_id] for person_id in told(of, rung)}
    assert obstacles <= {""} or obstacles == {"absent"}
