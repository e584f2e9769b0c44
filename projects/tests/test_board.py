from __future__ import annotations

import datetime as dt
import gzip
import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from clients.models import User
from conftest import SignedIn
from cxportal.notifications.models import Event
from feedback.models import Message, Thread
from projects.board import PAGE, Board, Group, board_of, more_of
from projects.models import Attachment, Column, Label, Placeholder, Project, Task
from tests.factories import make_contact, make_milestone, make_task, make_thread, make_user

TODAY = dt.date(2026, 5, 27)
HTMX = {"HX-Request": "true", "HX-Target": "board"}


def seen(project: Project, user: User, **kwargs: Any) -> Board:
    return board_of(project, user, Task.objects.in_project(project, user), TODAY, **kwargs)


def group(board: Board, kind: str) -> Group:
    return next(group for group in board.groups if group.kind == kind)


def titles(board: Board, kind: str) -> list[str]:
    return [card["title"] for card in group(board, kind).cards]


def text_of(card: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", card["extra"])).strip()


class TestGroups:
    def test_each_task_stands_once_and_the_counts_add_up(self, house: Project, owner: User) -> None:
        for kind in ("todo", "doing", "done"):
            make_task(house, kind=kind)
            make_task(house, kind=kind, waiting_since=timezone.now())
        board = seen(house, owner)
        assert [group.kind for group in board.groups] == ["todo", "doing", "waiting", "done"]
        assert [group.total for group in board.groups] == [1, 1, 2, 2]
        numbers = [card["number"] for group in board.groups for card in group.cards]
        assert len(numbers) == len(set(numbers)) == board.total == board.progress.total == 6

    def test_the_waiting_group_says_who_is_waited_for(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        assert group(seen(house, owner), "waiting").label == "Waiting for you"
        assert group(seen(house, specialist), "waiting").label == "Waiting for the client"

    def test_a_column_goes_by_rank_done_by_the_latest_waiting_by_the_longest(
        self, house: Project, owner: User
    ) -> None:
        now = timezone.now()
        for days, title in ((1, "A"), (3, "B"), (2, "C")):
            since = now - dt.timedelta(days=days)
            make_task(house, title)
            make_task(house, title, kind="done", done_at=since)
            make_task(house, title, kind="doing", waiting_since=since)
        board = seen(house, owner)
        assert titles(board, "todo") == ["A", "B", "C"]
        assert titles(board, "done") == ["A", "C", "B"]
        assert titles(board, "waiting") == ["B", "C", "A"]

    def test_a_client_sees_nothing_of_internal_tasks(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        make_task(house, "Shown")
        make_task(house, "Margin", is_internal=True)
        make_task(house, "Secret", is_internal=True, waiting_since=timezone.now())
        assert [group.total for group in seen(house, owner).groups] == [1, 0, 0, 0]
        assert titles(seen(house, owner), "todo") == ["Shown"]
        assert titles(seen(house, specialist), "todo") == ["Shown", "Margin"]

    def test_columns_of_other_projects_are_left_alone(
        self, house: Project, other_project: Project, owner: User
    ) -> None:
        make_task(other_project, waiting_since=timezone.now())
        assert seen(house, owner).total == 0

    def test_a_column_with_a_name_keeps_it(self, house: Project, owner: User) -> None:
        Column.objects.filter(project=house, kind="doing").update(name="On site")
        assert group(seen(house, owner), "doing").label == "On site"


class TestPages:
    @pytest.fixture
    def long(self, house: Project) -> Project:
        for number in range(PAGE + 3):
            make_task(house, f"T{number}")
            make_task(house, f"D{number}", kind="done", done_at=timezone.now() + dt.timedelta(minutes=number))
        return house

    def test_a_column_shows_its_first_fifty_and_done_the_latest(self, long: Project, owner: User) -> None:
        board = seen(long, owner)
        assert titles(board, "todo") == [f"T{number}" for number in range(PAGE)]
        assert titles(board, "done") == [f"D{number}" for number in range(PAGE + 2, 2, -1)]
        assert (group(board, "todo").total, group(board, "todo").left) == (PAGE + 3, 3)
        assert group(board, "todo").next_page == 2

    def test_the_rest_follows_without_a_gap(self, long: Project, owner: User) -> None:
        tasks = Task.objects.in_project(long, owner)
        key = group(seen(long, owner), "todo").key
        rest = more_of(long, owner, tasks, TODAY, key, PAGE)
        assert rest
        assert [card["title"] for card in rest.cards] == [f"T{number}" for number in range(PAGE, PAGE + 3)]
        assert rest.next_page == 0

    def test_whoever_has_scrolled_gets_as_many_again(self, long: Project, owner: User) -> None:
        key = group(seen(long, owner), "todo").key
        board = seen(long, owner, shown={key: PAGE + 3})
        assert len(group(board, "todo").cards) == PAGE + 3
        assert len(group(board, "done").cards) == PAGE

    def test_scrolling_asks_for_the_next_cards(self, long: Project, owner: User) -> None:
        browser = SignedIn(owner)
        page = browser.get("/projects/HOUSE/").content.decode()
        [link, *_rest] = re.findall(r'hx-get="([^"]+column=[^"]+)"', page)
        more = browser.get(link.replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
        assert more.count('class="cx-card"') == 3
        assert "<html" not in more

    @pytest.mark.parametrize("query", ["column=0&start=0", "column=x&start=0", "column=waiting&start=-1"])
    def test_a_column_that_is_not_there_is_not_found(self, house: Project, owner: User, query: str) -> None:
        page = SignedIn(owner).get(f"/projects/HOUSE/?{query}", headers={"HX-Request": "true"})
        assert page.status_code == 404


class TestCards:
    def card(self, project: Project, user: User, kind: str = "todo") -> Any:
        return group(seen(project, user), kind).cards[0]

    @pytest.mark.parametrize(
        ("due_in", "said"), [(-1, "late: yesterday"), (0, "today"), (7, "Wed 3 Jun"), (8, "")]
    )
    def test_a_date_is_said_only_when_near_or_late(
        self, house: Project, owner: User, due_in: int, said: str
    ) -> None:
        make_task(house, due_on=TODAY + dt.timedelta(days=due_in))
        assert text_of(self.card(house, owner)) == said

    def test_what_is_done_has_no_date(self, house: Project, owner: User) -> None:
        make_task(house, kind="done", due_on=TODAY)
        assert text_of(self.card(house, owner, "done")) == ""

    def test_what_it_waits_for_and_since_when(self, house: Project, owner: User) -> None:
        make_task(house, waiting_since=timezone.now() - dt.timedelta(days=2), waiting_for="Choose the tiles")
        card = self.card(house, owner, "waiting")
        assert (card["note"], text_of(card)) == ("Choose the tiles", "2 days")

    def test_faces_are_people_and_those_without_an_account(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        task = make_task(house, assignees=[specialist])
        task.placeholders.set([Placeholder.objects.create(project=house, name="Tom White")])
        assert text_of(self.card(house, owner)) == "SS TW"

    def test_many_faces_are_counted(self, house: Project, owner: User) -> None:
        names = ["Ann Ash", "Bob Birch", "Cid Cedar", "Dan Date", "Eve Elm"]
        make_task(house).placeholders.set(
            Placeholder.objects.create(project=house, name=name) for name in names
        )
        card = self.card(house, owner)
        assert text_of(card) == "AA BB CC +2"
        assert "Dan Date, Eve Elm" in card["extra"]

    def test_a_client_learns_of_nobody_outside_the_team(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        make_task(house, assignees=[make_user("Otto Outside", staff_role="specialist"), house.manager])
        assert "Otto" not in self.card(house, owner)["extra"]
        assert "Maria Manager" in self.card(house, owner)["extra"]
        assert "Otto Outside" in self.card(house, specialist)["extra"]

    def test_counts_of_a_client_know_nothing_internal(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        task = make_task(house)
        thread = make_thread(house.client, author=owner, project=house, task=task)
        Message.objects.create(
            thread=thread, author=specialist, by_client=False, is_note=True, body="Worried"
        )
        Message.objects.create(
            thread=thread, author=owner, by_client=True, body="Oops", withdrawn_at=timezone.now()
        )
        for name, is_internal in (("plan.pdf", False), ("costs.pdf", True)):
            Attachment.objects.create(
                task=task, name=name, is_internal=is_internal, file=ContentFile(b"x", name=name)
            )
        assert 'aria-label="1 message"' in self.card(house, owner)["extra"]
        assert 'aria-label="1 file"' in self.card(house, owner)["extra"]
        assert 'aria-label="2 messages"' in self.card(house, specialist)["extra"]
        assert 'aria-label="2 files"' in self.card(house, specialist)["extra"]

    def test_a_conversation_that_was_narrowed_is_counted_for_those_who_read_it(
        self, house: Project, owner: User, member: User
    ) -> None:
        make_thread(
            house.client, author=owner, project=house, task=make_task(house), audience=Thread.Audience.AUTHOR
        )
        assert "1 message" in self.card(house, owner)["extra"]
        assert "message" not in self.card(house, member)["extra"]

    def test_names_and_titles_are_text(self, house: Project, owner: User) -> None:
        evil = "<img src=x onerror=alert(1)>"
        task = make_task(house, evil, waiting_since=timezone.now(), waiting_for=evil)
        task.placeholders.set([Placeholder.objects.create(project=house, name=evil)])
        page = SignedIn(owner).get("/projects/HOUSE/").content.decode()
        assert "<img src=x" not in page
        assert page.count("&lt;img src=x") == 4


class TestFilter:
    def numbers(self, user: User, query: str) -> list[int]:
        page = SignedIn(user).get(f"/projects/HOUSE/?{query}").content.decode()
        return sorted(int(number) for number in re.findall(r'id="task-(\d+)"', page))

    def test_by_person_label_milestone_waiting_overdue_and_words(
        self, house: Project, owner: User, specialist: User
    ) -> None:
        label = Label.objects.create(project=house, name="Kitchen")
        tom = Placeholder.objects.create(project=house, name="Tom White")
        roof = make_milestone(house, "Roof on")
        mine = make_task(house, assignees=[specialist])
        toms = make_task(house, "Tiles")
        toms.placeholders.set([tom])
        labelled = make_task(house, labels=[label], description="Behind the fridge")
        leading = make_task(house, milestone=roof)
        waiting = make_task(house, waiting_since=timezone.now())
        late = make_task(house, due_on=timezone.localdate() - dt.timedelta(days=1))
        make_task(house)
        for query, expected in {
            f"person=u{specialist.pk}": mine,
            f"person=p{tom.pk}": toms,
            f"label={label.pk}": labelled,
            f"milestone={roof.pk}": leading,
            "waiting=on": waiting,
            "overdue=on": late,
            "q=TILE": toms,
            "q=fridge": labelled,
            f"q=house-{late.number}": late,
        }.items():
            assert self.numbers(owner, query) == [expected.number], query
        assert len(self.numbers(owner, "")) == 7
        assert self.numbers(owner, f"q=tiles&label={label.pk}") == []

    def test_a_client_is_offered_nothing_they_may_not_know_of(
        self, house: Project, owner: User, manager: User
    ) -> None:
        hidden: dict[str, Any] = {
            "labels": [Label.objects.create(project=house, name="Overpriced")],
            "assignees": [make_user("Otto Outside", staff_role="specialist")],
        }
        make_task(
            house, is_internal=True, milestone=make_milestone(house, "Invoice", is_internal=True), **hidden
        )
        make_task(house, assignees=hidden["assignees"])
        for user, known in ((owner, False), (manager, True)):
            page = SignedIn(user).get("/projects/HOUSE/?filter=open").content.decode()
            for name in ("Overpriced", "Otto Outside", "Invoice"):
                assert (name in page) == known, name

    def test_a_hidden_value_is_refused_like_one_that_is_not_there(self, house: Project, owner: User) -> None:
        label = Label.objects.create(project=house, name="Overpriced")
        make_task(house, is_internal=True, labels=[label])
        make_task(house)
        pages = [
            SignedIn(owner).get(f"/projects/HOUSE/?label={pk}").content.decode() for pk in (label.pk, 999999)
        ]
        same = [
            re.sub(r"nonce=\"[^\"]+\"|csrf\w*\"[^>]+|X-CSRFToken[^}]+|label=\d+", "", page) for page in pages
        ]
        assert same[0] == same[1]
        assert "That is not on this board." in pages[0]

    def test_counts_follow_the_filter_and_progress_does_not(self, house: Project, owner: User) -> None:
        make_task(house, "Roof")
        make_task(house, "Wall", kind="done")
        tasks = Task.objects.in_project(house, owner).filter(title="Roof")
        board = board_of(house, owner, tasks, TODAY)
        assert [group.total for group in board.groups] == [1, 0, 0, 0]
        assert (board.progress.done, board.progress.total) == (1, 2)


class TestCost:
    def fill(self, project: Project, owner: User, specialist: User, number: int) -> None:
        for place in range(number):
            kind = ("todo", "doing", "done")[place % 3]
            task = make_task(project, kind=kind, assignees=[specialist], due_on=TODAY)
            if place % 4 == 0:
                Task.objects.filter(pk=task.pk).update(waiting_since=timezone.now())
                make_thread(project.client, author=owner, project=project, task=task)

    @pytest.mark.parametrize("query", ["", "q=task&waiting=on"])
    def test_queries_are_few_and_do_not_grow(
        self,
        house: Project,
        owner: User,
        specialist: User,
        query: str,
        django_assert_num_queries: Any,
        django_assert_max_num_queries: Any,
    ) -> None:
        browser = SignedIn(owner)
        self.fill(house, owner, specialist, 8)
        with django_assert_max_num_queries(9) as few:
            browser.get(f"/projects/HOUSE/?{query}")
        self.fill(house, owner, specialist, 8)
        with django_assert_num_queries(len(few)):
            browser.get(f"/projects/HOUSE/?{query}")

    def test_two_hundred_cards_are_light(self, house: Project, owner: User, specialist: User) -> None:
        words = ("roof", "wall", "floor", "kitchen", "socket", "tiles", "window", "door", "garden", "fence")
        for number in range(200):
            title = " ".join(words[number * step % 10] for step in (1, 3, 7)) + f" {number}"
            since = timezone.now() if number % 4 == 3 else None
            kind = ("todo", "doing", "done", "todo")[number % 4]
            make_task(
                house, title, kind=kind, assignees=[specialist], due_on=TODAY, waiting_since=since,
                waiting_for=f"Choose the {title}" if since else "",
            )  # fmt: skip
        page = SignedIn(owner).get("/projects/HOUSE/")
        assert page.content.count(b'class="cx-card"') == 200
        assert len(gzip.compress(page.content)) < 15_000


class TestMove:
    def url(self, task: Task) -> str:
        return f"/projects/HOUSE/tasks/{task.number}/move/"

    def test_staff_move_a_card_and_get_the_fresh_board(self, house: Project, specialist: User) -> None:
        first, second = make_task(house, "A", kind="doing"), make_task(house, "B")
        doing = house.columns.get(kind="doing")
        answer = SignedIn(specialist).post(
            self.url(second), {"column": doing.pk, "place": first.number}, headers=HTMX
        )
        assert answer.status_code == 200
        second.refresh_from_db()
        assert second.column == doing
        page = answer.content.decode()
        assert page.index(f"task-{first.number}") < page.index(f"task-{second.number}")
        assert "<html" not in page
        assert 'id="project-figures"' in page

    @pytest.mark.parametrize(("place", "order"), [("top", "BA"), ("end", "AB"), ("", "AB")])
    def test_without_scripts_it_goes_to_the_top_or_the_end(
        self, house: Project, specialist: User, place: str, order: str
    ) -> None:
        make_task(house, "A", kind="doing")
        task = make_task(house, "B")
        doing = house.columns.get(kind="doing")
        values = {"column": doing.pk, "place": place, "next": "/projects/HOUSE/?q=a"}
        answer = SignedIn(specialist).post(self.url(task), values)
        assert answer.headers["Location"] == "/projects/HOUSE/?q=a"
        assert "".join(task.title for task in doing.tasks.on_board()) == order

    @pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example/", "/\\evil.example", ""])
    def test_it_leads_nowhere_else(self, house: Project, specialist: User, after: str) -> None:
        task = make_task(house)
        values = {"column": house.columns.get(kind="done").pk, "next": after}
        answer = SignedIn(specialist).post(self.url(task), values)
        assert answer.headers["Location"] == task.get_absolute_url()

    def test_clients_do_not_move_cards(self, house: Project, owner: User, member: User) -> None:
        task = make_task(house)
        for user in (owner, member):
            values = {"column": house.columns.get(kind="done").pk}
            assert SignedIn(user).post(self.url(task), values).status_code == 403
        task.refresh_from_db()
        assert task.column.kind == "todo"

    def test_foreign_columns_and_neighbours_are_refused(
        self, house: Project, other_project: Project, specialist: User
    ) -> None:
        task, foreign = make_task(house), make_task(other_project)
        browser = SignedIn(specialist)
        for values in (
            {"column": other_project.columns.get(kind="done").pk},
            {"column": house.columns.get(kind="done").pk, "place": foreign.number},
            {"column": house.columns.get(kind="done").pk, "place": "nonsense"},
            {},
        ):
            assert browser.post(self.url(task), values, headers=HTMX).status_code == 422
        task.refresh_from_db()
        assert task.column.kind == "todo"

    def test_a_finished_project_says_so_and_shows_the_board_as_it_is(
        self, house: Project, specialist: User
    ) -> None:
        task = make_task(house)
        Project.objects.update(status="finished")
        values = {"column": house.columns.get(kind="done").pk}
        answer = SignedIn(specialist).post(self.url(task), values, headers=HTMX)
        assert answer.status_code == 409
        assert "This project is finished" in answer.content.decode()
        assert f"task-{task.number}" in answer.content.decode()

    def test_the_answer_keeps_the_filter(self, house: Project, specialist: User) -> None:
        task = make_task(house, "Roof")
        make_task(house, "Wall")
        values = {"column": house.columns.get(kind="done").pk}
        answer = SignedIn(specialist).post(f"{self.url(task)}?q=roof", values, headers=HTMX)
        assert "Wall" not in answer.content.decode()


class TestQuickAdd:
    def test_a_title_is_enough(self, house: Project, specialist: User) -> None:
        answer = SignedIn(specialist).post("/projects/HOUSE/", {"title": "Order the tiles"})
        assert answer.headers["Location"] == "/projects/HOUSE/"
        task = Task.objects.get()
        assert (task.title, task.is_internal, task.column.kind) == ("Order the tiles", False, "todo")
        assert Event.objects.get(task=task).kind == "task.added"

    def test_it_can_be_internal(self, house: Project, specialist: User) -> None:
        SignedIn(specialist).post("/projects/HOUSE/", {"title": "Margin", "is_internal": "on"}, headers=HTMX)
        assert Task.objects.get().is_internal

    def test_what_else_is_sent_along_changes_nothing(self, house: Project, specialist: User) -> None:
        extra = {"title": "Roof", "number": 999, "version": 7, "done_at": "2020-01-01", "project": 1}
        SignedIn(specialist).post("/projects/HOUSE/", extra)
        task = Task.objects.get()
        assert (task.number, task.version, task.done_at, task.project) == (1, 1, None, house)

    @pytest.mark.parametrize("title", ["", "   ", "x" * 201])
    def test_a_title_that_will_not_do_is_kept_with_a_word(
        self, house: Project, specialist: User, title: str
    ) -> None:
        answer = SignedIn(specialist).post("/projects/HOUSE/", {"title": title}, headers=HTMX)
        assert answer.status_code == 422
        assert 'id="quick-error"' in answer.content.decode()
        assert title.strip() in answer.content.decode()
        assert not Task.objects.exists()

    def test_clients_add_no_tasks(self, house: Project, owner: User) -> None:
        assert SignedIn(owner).post("/projects/HOUSE/", {"title": "Pool"}).status_code == 403
        assert 'name="title"' not in SignedIn(owner).get("/projects/HOUSE/").content.decode()


def test_the_board_of_a_project_that_is_not_theirs_is_not_found(
    house: Project, stranger: User, outsider: User
) -> None:
    newcomer = make_contact(house.client, "member")
    for user in (stranger, outsider, newcomer):
        assert SignedIn(user).get("/projects/HOUSE/").status_code == 404


def test_the_board_speaks_russian(house: Project, owner: User) -> None:
    owner.language = "ru"
    owner.save()
    make_task(house, waiting_since=timezone.now())
    page = SignedIn(owner).get("/projects/HOUSE/").content.decode()
    for words in ("Предстоит", "В работе", "Ждёт вас", "Готово"):
        assert words in page
