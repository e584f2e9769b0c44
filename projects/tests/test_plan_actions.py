from __future__ import annotations

import datetime as dt

import pytest

from clients.models import User
from cxportal.notifications.models import Event
from projects import actions
from projects.errors import ActionRefused, CycleRefused, NotOfThisProject, ReasonMissing
from projects.models import DateChange, Dependency, Milestone, Phase, Project
from tests.factories import make_milestone, make_phase, make_task

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
OLD, NEW = dt.date(2026, 12, 4), dt.date(2026, 12, 11)


@pytest.fixture
def milestone(house: Project) -> Milestone:
    return make_milestone(house, "Roof on", due_on=OLD)


def kinds() -> list[str]:
    return [event.kind for event in reversed(Event.objects.all())]


def test_a_milestone_moves_with_a_reason(milestone: Milestone, manager: User, owner: User) -> None:
    with pytest.raises(ReasonMissing):
        actions.move_milestone(milestone=milestone, by=manager, due_on=NEW)
    moved = actions.move_milestone(milestone=milestone, by=manager, due_on=NEW, reason="Frost", now=NOW)
    assert moved.due_on == NEW
    change = DateChange.objects.visible_to(owner).get()
    assert (change.milestone, change.old, change.new, change.reason) == (milestone, OLD, NEW, "Frost")
    event = Event.objects.visible_to(owner).get()
    assert event.kind == "milestone.moved"
    assert event.data == {
        "milestone": milestone.pk,
        "name": "Roof on",
        "old": "2026-12-04",
        "new": "2026-12-11",
        "reason": "Frost",
    }


def test_an_internal_milestone_owes_a_reason_too_but_shows_it_to_nobody(
    house: Project, manager: User, owner: User
) -> None:
    milestone = make_milestone(house, is_internal=True, due_on=OLD)
    with pytest.raises(ReasonMissing):
        actions.move_milestone(milestone=milestone, by=manager, due_on=NEW)
    actions.move_milestone(milestone=milestone, by=manager, due_on=NEW, reason="Margin")
    actions.edit_milestone(
        milestone=milestone, by=manager, name="Shown", phase=None, is_internal=False, due_on=NEW
    )
    assert not DateChange.objects.visible_to(owner).exists()
    assert [event.kind for event in Event.objects.visible_to(owner)] == ["milestone.shown"]


def test_what_is_hidden_together_with_a_move_tells_no_new_date(
    milestone: Milestone, manager: User, owner: User
) -> None:
    actions.edit_milestone(
        milestone=milestone, by=manager, name="Roof on", phase=None, is_internal=True, due_on=NEW, reason="X"
    )
    assert not Event.objects.visible_to(owner).exists()
    assert DateChange.objects.get().is_internal


def test_in_a_draft_dates_move_freely_and_unseen(milestone: Milestone, manager: User) -> None:
    Project.objects.update(status="draft")
    actions.move_milestone(milestone=milestone, by=manager, due_on=NEW)
    assert DateChange.objects.get().is_internal


def test_a_first_day_needs_no_reason(house: Project, manager: User) -> None:
    milestone = actions.add_milestone(project=house, by=manager, name="Keys")
    actions.move_milestone(milestone=milestone, by=manager, due_on=NEW)
    assert kinds() == ["milestone.added", "milestone.moved"]


def test_a_milestone_is_reached_and_unreached(milestone: Milestone, manager: User) -> None:
    for _time in range(2):
        milestone = actions.reach_milestone(milestone=milestone, by=manager, on=NOW.date(), now=NOW)
    assert milestone.reached_on == NOW.date()
    with pytest.raises(ActionRefused, match="was reached"):
        actions.move_milestone(milestone=milestone, by=manager, due_on=NEW, reason="X")
    milestone = actions.unreach_milestone(milestone=milestone, by=manager, now=NOW + dt.timedelta(hours=1))
    assert milestone.reached_on is None
    assert kinds() == ["milestone.reached", "milestone.not_reached"]


def test_nothing_is_reached_tomorrow(milestone: Milestone, manager: User) -> None:
    with pytest.raises(ActionRefused):
        actions.reach_milestone(
            milestone=milestone, by=manager, on=NOW.date() + dt.timedelta(days=1), now=NOW
        )


def test_editing_tells_each_change(milestone: Milestone, house: Project, manager: User) -> None:
    phase = make_phase(house, "Construction")
    milestone = actions.edit_milestone(
        milestone=milestone, by=manager, name="Roof closed", phase=phase, is_internal=False, due_on=OLD
    )
    assert (milestone.name, milestone.phase) == ("Roof closed", phase)
    assert kinds() == ["milestone.renamed"]


def test_a_phase_of_another_project_is_refused(
    milestone: Milestone, manager: User, other_project: Project
) -> None:
    with pytest.raises(NotOfThisProject):
        actions.edit_milestone(
            milestone=milestone,
            by=manager,
            name="X",
            phase=make_phase(other_project),
            is_internal=False,
            due_on=OLD,
        )


def test_phases_are_added_last_and_named_once(house: Project, manager: User) -> None:
    for name in ("Design", "Construction"):
        actions.add_phase(project=house, by=manager, name=name)
    with pytest.raises(ActionRefused):
        actions.add_phase(project=house, by=manager, name="Design")
    with pytest.raises(ActionRefused):
        actions.rename_phase(phase=Phase.objects.get(name="Construction"), by=manager, name="Design")
    actions.rename_phase(phase=Phase.objects.get(name="Construction"), by=manager, name="Building")
    assert [phase.name for phase in house.phases.all()] == ["Design", "Building"]


# --- What waits for what --------------------------------------------------------------------------


def test_a_circle_over_tasks_and_milestones_is_refused_by_name(house: Project, manager: User) -> None:
    floor, roof, keys = make_task(house, "Floor"), make_task(house, "Roof"), make_milestone(house, "Keys")
    actions.add_dependency(project=house, by=manager, before=floor, after=roof)
    actions.add_dependency(project=house, by=manager, before=roof, after=keys)
    with pytest.raises(CycleRefused) as refusal:
        actions.add_dependency(project=house, by=manager, before=keys, after=floor)
    assert refusal.value.names == ["Floor", "Roof", "Keys"]
    assert "Floor → Roof → Keys → Floor" in str(refusal.value)
    assert Dependency.objects.count() == 2


def test_nothing_waits_for_itself_or_twice_for_the_same(house: Project, manager: User) -> None:
    floor, roof = make_task(house, "Floor"), make_task(house, "Roof")
    actions.add_dependency(project=house, by=manager, before=floor, after=roof)
    with pytest.raises(ActionRefused, match="already"):
        actions.add_dependency(project=house, by=manager, before=floor, after=roof)
    with pytest.raises(CycleRefused):
        actions.add_dependency(project=house, by=manager, before=roof, after=roof)


def test_only_things_of_one_project_wait_for_each_other(
    house: Project, other_project: Project, manager: User
) -> None:
    with pytest.raises(NotOfThisProject):
        actions.add_dependency(
            project=house, by=manager, before=make_task(house), after=make_task(other_project)
        )


def test_a_dependency_of_something_internal_is_seen_by_staff_alone(
    house: Project, manager: User, owner: User, specialist: User
) -> None:
    shown, hidden = make_task(house, "Roof"), make_task(house, "Margin", is_internal=True)
    dependency = actions.add_dependency(project=house, by=manager, before=hidden, after=shown)
    assert not Dependency.objects.visible_to(owner).exists()
    assert list(Dependency.objects.visible_to(specialist)) == [dependency]
    assert not Event.objects.visible_to(owner).exists()
    actions.remove_dependency(dependency=dependency, by=manager)
    assert not Dependency.objects.exists()


def test_a_phase_of_internal_things_alone_is_unknown_to_the_client(house: Project, owner: User) -> None:
    secret, shown, empty = (
        make_phase(house, "Margin"),
        make_phase(house, "Design"),
        make_phase(house, "Later"),
    )
    make_task(house, phase=secret, is_internal=True)
    make_milestone(house, phase=shown)
    make_task(house, phase=shown)
    assert list(Phase.objects.visible_to(owner)) == [shown]
    assert set(house.phases.all()) == {secret, shown, empty}
