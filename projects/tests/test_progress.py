from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from clients.models import User
from projects.models import Column, Dependency, Project
from projects.progress import (
    Health,
    Progress,
    health_of,
    next_milestones,
    progress_of,
    progress_of_milestones,
    progress_over,
    with_counts,
)
from tests.factories import make_client, make_milestone, make_project, make_task

TODAY = dt.date(2026, 5, 27)
NOW = dt.datetime(2026, 5, 27, 12, tzinfo=dt.UTC)  # a Wednesday


def days(number: int) -> dt.date:
    return TODAY + dt.timedelta(days=number)


def health(project: Project, user: User) -> Health:
    return health_of([project], user, TODAY)[project.pk]


class TestProgress:
    def test_a_waiting_task_stands_in_one_group_and_the_groups_add_up(
        self, house: Project, owner: User
    ) -> None:
        make_task(house)
        make_task(house, kind="doing")
        make_task(house, kind="doing", waiting_since=NOW)
        make_task(house, waiting_since=NOW)
        make_task(house, kind="done")
        progress = progress_of([house], owner)[house.pk]
        assert (progress.to_do, progress.in_progress, progress.waiting, progress.done) == (1, 1, 2, 1)
        assert progress.total == 5

    def test_a_task_that_is_done_waits_for_nobody(self, house: Project, owner: User) -> None:
        make_task(house, kind="done", waiting_since=NOW)
        assert progress_of([house], owner)[house.pk] == Progress(done=1, done_this_week=1)

    def test_internal_tasks_are_in_no_figure_of_a_client(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        for kind in ("todo", "doing", "done"):
            make_task(house, kind=kind)
            make_task(house, kind=kind, is_internal=True, estimate_hours=5, waiting_since=NOW)
        Project.objects.update(publishes_estimates=True)
        house.refresh_from_db()
        assert progress_of([house], owner)[house.pk] == Progress(
            done=1, in_progress=1, to_do=1, done_this_week=1
        )
        assert progress_of([house], specialist)[house.pk].total == 6

    def test_a_project_the_reader_may_not_see_has_no_figures(self, house: Project, stranger: User) -> None:
        make_task(house, kind="done")
        assert progress_of([house], stranger) == {house.pk: Progress()}

    def test_a_hundred_percent_means_that_nothing_is_left(self) -> None:
        assert Progress(done=999, to_do=1).percent == 99
        assert Progress(done=3).percent == 100
        assert Progress().percent == 0
        assert Progress().share == 0.0

    def test_hours_are_for_staff_until_the_project_publishes_them(
        self, house: Project, owner: User, manager: User
    ) -> None:
        make_task(house, kind="done", estimate_hours=3)
        make_task(house, estimate_hours=9)
        make_task(house)
        assert progress_of([house], owner)[house.pk].share_by_estimate is None
        assert progress_of([house], manager)[house.pk].share_by_estimate == 0.25
        house.publishes_estimates = True
        shown = progress_of([house], owner)[house.pk]
        assert (shown.hours_done, shown.hours_total) == (Decimal(3), Decimal(12))

    def test_this_week_begins_on_monday_in_the_readers_zone(self, house: Project, owner: User) -> None:
        sunday_evening_utc = dt.datetime(2026, 5, 24, 22, tzinfo=dt.UTC)
        make_task(house, kind="done", done_at=sunday_evening_utc)
        assert progress_of([house], owner, NOW)[house.pk].done_this_week == 0
        with timezone.override("Europe/Moscow"):  # there it was Monday already
            assert progress_of([house], owner, NOW)[house.pk].done_this_week == 1

    def test_work_leads_to_a_milestone_by_name_or_by_dependency_and_counts_once(
        self, house: Project, owner: User
    ) -> None:
        roof, move_in = make_milestone(house), make_milestone(house)
        make_task(house, kind="done", milestone=roof)
        both = make_task(house, milestone=roof)
        Dependency.objects.create(project=house, from_task=both, to_milestone=roof)
        needed = make_task(house, kind="doing")
        Dependency.objects.create(project=house, from_task=needed, to_milestone=roof)
        make_task(house, is_internal=True, milestone=roof)
        figures = progress_of_milestones([roof, move_in], house, owner)
        assert figures[roof.pk] == Progress(done=1, in_progress=1, to_do=1, done_this_week=1)
        assert figures[move_in.pk] == Progress()

    def test_columns_with_counts_give_the_same_figures(
        self, house: Project, owner: User, manager: User
    ) -> None:
        make_task(house, waiting_since=NOW, estimate_hours=3)
        make_task(house, kind="doing", is_internal=True, estimate_hours=4)
        make_task(house, kind="done", estimate_hours=5, waiting_since=NOW)
        for user in (owner, manager):
            columns = list(with_counts(Column.objects.all(), house, user))
            assert len(columns) == 3
            assert progress_over(columns, house, user) == progress_of([house], user)[house.pk]

    def test_queries_do_not_grow_with_the_projects(
        self, django_assert_num_queries: DjangoAssertNumQueries, manager: User
    ) -> None:
        projects = [make_project(make_client()) for _ in range(6)]
        for project in projects:
            make_task(project, due_on=days(-1))
            make_milestone(project, due_on=days(1))
        for some in (projects[:3], projects):
            with django_assert_num_queries(1):
                progress_of(some, manager)
            with django_assert_num_queries(1):
                health_of(some, manager, TODAY)
            with django_assert_num_queries(1):
                next_milestones(some, manager)


class TestHealth:
    def test_nothing_late_and_nothing_near_is_on_track(self, house: Project, owner: User) -> None:
        make_milestone(house, due_on=days(8))
        make_task(house, due_on=TODAY)
        assert health(house, owner) == Health("on_track", "")

    def test_an_overdue_milestone_makes_it_late_and_is_named(self, house: Project, owner: User) -> None:
        make_milestone(house, "Roof", due_on=dt.date(2026, 5, 24))
        make_task(house, due_on=days(-10))
        assert health(house, owner) == Health("late", "“Roof” was due 24 May")

    def test_further_late_milestones_are_counted(self, house: Project, owner: User) -> None:
        make_milestone(house, "Roof", due_on=days(-3))
        make_milestone(house, due_on=days(-2))
        make_milestone(house, due_on=days(-1))
        assert health(house, owner).reason == "“Roof” was due 24 May, and 2 more are late"

    def test_a_date_of_another_year_says_its_year(self, house: Project, owner: User) -> None:
        make_milestone(house, "Roof", due_on=dt.date(2025, 12, 24))
        assert health(house, owner).reason == "“Roof” was due 24 December 2025"

    def test_a_milestone_that_was_reached_is_never_late(self, house: Project, owner: User) -> None:
        make_milestone(house, due_on=days(-3), reached_on=days(-1))
        assert health(house, owner).status == "on_track"

    @pytest.mark.parametrize(("due_in", "status"), [(0, "at_risk"), (7, "at_risk"), (8, "on_track")])
    def test_a_milestone_within_seven_days_with_open_work_is_at_risk(
        self, house: Project, owner: User, due_in: int, status: str
    ) -> None:
        make_task(house, milestone=make_milestone(house, "Roof", due_on=days(due_in)))
        assert health(house, owner).status == status

    def test_a_near_milestone_is_named_with_its_day(self, house: Project, owner: User) -> None:
        roof = make_milestone(house, "Roof", due_on=days(4))
        make_task(house, milestone=roof)
        assert health(house, owner).reason == "“Roof” is due 31 May and work on it is still open"
        roof.due_on = TODAY
        roof.save()
        assert health(house, owner).reason == "“Roof” is due today and work on it is still open"

    def test_a_near_milestone_whose_work_is_done_is_on_track(self, house: Project, owner: User) -> None:
        make_task(house, kind="done", milestone=make_milestone(house, due_on=days(1)))
        assert health(house, owner).status == "on_track"

    def test_work_that_a_milestone_depends_on_counts_as_open_work(self, house: Project, owner: User) -> None:
        milestone = make_milestone(house, due_on=days(1))
        Dependency.objects.create(project=house, from_task=make_task(house), to_milestone=milestone)
        assert health(house, owner).status == "at_risk"

    def test_an_overdue_task_puts_it_at_risk_and_is_named(self, house: Project, owner: User) -> None:
        make_task(house, "Walls", due_on=days(-1))
        make_task(house, "Windows", due_on=days(-2))
        assert health(house, owner) == Health("at_risk", "“Windows” was due 25 May, and 1 more is late")

    def test_a_task_due_today_and_one_done_late_are_not_overdue(self, house: Project, owner: User) -> None:
        make_task(house, due_on=TODAY)
        make_task(house, kind="done", due_on=days(-5))
        assert health(house, owner).status == "on_track"

    def test_what_is_internal_moves_no_health_of_a_client_and_is_never_named(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        make_task(house, "Secret", is_internal=True, due_on=days(-1))
        make_task(house, is_internal=True, milestone=make_milestone(house, due_on=days(1)))
        assert health(house, owner) == Health("on_track", "")
        make_milestone(house, "Hidden", is_internal=True, due_on=days(-1))
        assert health(house, owner) == Health("on_track", "")
        assert health(house, specialist) == Health("late", "“Hidden” was due 26 May")

    def test_health_set_by_hand_holds_with_its_reason(self, house: Project, owner: User) -> None:
        make_milestone(house, due_on=days(-3))
        house.health_override, house.health_reason = "on_track", "The roof comes on Monday."
        assert health(house, owner) == Health("on_track", "The roof comes on Monday.")

    @pytest.mark.parametrize("status", ["draft", "paused", "finished", "archived"])
    def test_a_project_at_rest_has_no_health(self, house: Project, manager: User, status: str) -> None:
        make_milestone(house, due_on=days(-3))
        house.status, house.health_override = status, "late"
        assert health(house, manager) == Health("", "")
        assert not health(house, manager).label

    def test_the_reason_is_in_the_readers_language(self, house: Project, owner: User) -> None:
        make_milestone(house, "Крыша", due_on=dt.date(2026, 5, 24))
        with translation.override("ru"):
            assert "24 мая" in health(house, owner).reason


def test_the_next_milestone_is_the_earliest_not_reached_that_the_reader_sees(
    house: Project, owner: User, manager: User
) -> None:
    make_milestone(house, due_on=days(1), reached_on=TODAY)
    hidden = make_milestone(house, due_on=days(2), is_internal=True)
    make_milestone(house, due_on=days(9))
    following = make_milestone(house, due_on=days(3))
    make_milestone(house)
    assert next_milestones([house], owner) == {house.pk: following}
    assert next_milestones([house], manager) == {house.pk: hidden}
