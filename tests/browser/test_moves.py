"""Cards moved by mouse, finger and keys, by one and by two people at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from clients.models import User
from projects.board import PAGE
from projects.models import Project, Task
from tests.factories import make_task

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


@pytest.fixture
def cards(house: Project) -> list[Task]:
    """A, B and C to do, D in progress."""
    return [*(make_task(house, title) for title in "ABC"), make_task(house, "D", kind="doing")]


def open_board(page: Page) -> None:
    """Without motion: a card that still moves is no place to take hold of."""
    page.emulate_media(reduced_motion="reduce")
    page.goto("/projects/HOUSE/")


def column(page: Page, kind: str) -> Locator:
    return page.locator(f".cx-col-{kind} .cx-card-title")


def card(page: Page, title: str) -> Locator:
    return page.locator(".cx-card", has=page.get_by_text(title, exact=True))


def drag(page: Page, what: Locator, to: Locator, *, above: bool = False) -> None:
    """With the mouse, as a hand does it: press, a small step, the way in several steps, let go."""
    start, end = what.bounding_box(), to.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 30, start["y"] + 20, steps=3)
    y = end["y"] + (3 if above else end["height"] - 3)
    page.mouse.move(end["x"] + 40, y, steps=8)
    page.mouse.move(end["x"] + 42, y, steps=2)
    page.mouse.up()


def order(house: Project, kind: str) -> list[str]:
    return [task.title for task in Task.objects.filter(project=house, column__kind=kind).on_board()]


def settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('.htmx-request, .sortable-drag')")


def test_by_mouse_within_a_column_and_into_another(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    with page.expect_response("**/move/**"):
        drag(page, card(page, "C"), card(page, "A"), above=True)
    expect(column(page, "todo")).to_have_text(["C", "A", "B"])
    with page.expect_response("**/move/**"):
        drag(page, card(page, "A"), card(page, "D"))
    expect(column(page, "doing")).to_have_text(["D", "A"])
    expect(page.locator(".cx-col-todo .cx-count")).to_have_text("2")
    assert (order(house, "todo"), order(house, "doing")) == (["C", "B"], ["D", "A"])


def test_into_an_empty_column_it_is_done_and_the_figures_follow(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    with page.expect_response("**/move/**"):
        drag(page, card(page, "A"), page.locator(".cx-col-done .cx-cards"))
    expect(page.locator("#project-figures")).to_contain_text("1 of 4 done")
    assert order(house, "done") == ["A"]


def test_by_keys_and_said_aloud(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    news = page.locator("#move-news")
    card(page, "A").focus()
    page.keyboard.press("Space")
    expect(news).to_have_text("Lifted: A. To do, place 1 of 3.")
    page.keyboard.press("ArrowDown")
    expect(news).to_have_text("To do, place 2 of 3.")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(news).to_have_text("In progress, place 2 of 2.")
    with page.expect_response("**/move/**"):
        page.keyboard.press("Enter")
    expect(column(page, "doing")).to_have_text(["D", "A"])
    expect(card(page, "A")).to_be_focused()
    assert order(house, "doing") == ["D", "A"]


def test_escape_puts_a_lifted_card_back(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    card(page, "B").focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(column(page, "todo")).to_have_text(["A", "B", "C"])
    expect(card(page, "B")).to_be_focused()
    assert order(house, "todo") == ["A", "B", "C"]


def test_by_finger_after_a_moment_while_a_swipe_scrolls(
    visit: Any, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    phone = visit(viewport={"width": 1000, "height": 740}, has_touch=True)
    sign_in(phone.page, specialist)
    open_board(phone.page)
    start, end = card(phone.page, "A").bounding_box(), card(phone.page, "D").bounding_box()
    assert start
    assert end
    touch = phone.context.new_cdp_session(phone.page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    here, there = (start["x"] + 20, start["y"] + 15), (end["x"] + 40, end["y"] + end["height"] - 3)
    finger("touchStart", here)
    phone.page.wait_for_selector(".sortable-chosen")  # the moment after which a card is lifted
    for step in range(1, 11):
        share = step / 10
        finger("touchMove", (here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share))
    finger("touchMove", (there[0] + 2, there[1]))
    with phone.page.expect_response("**/move/**"):
        finger("touchEnd")
    expect(column(phone.page, "doing")).to_have_text(["D", "A"])
    assert order(house, "doing") == ["D", "A"]


def test_two_people_at_once_end_with_the_same_board(
    visit: Any, sign_in: SignIn, house: Project, cards: list[Task], specialist: User, manager: User
) -> None:
    one, two = visit().page, visit().page
    for page, user in ((one, specialist), (two, manager)):
        sign_in(page, user)
        open_board(page)
    # Both hold their answers back until both have moved: neither knows of the other's move.
    held: list[Any] = []
    free = False

    def hold(route: Any) -> None:
        if free:
            route.continue_()
        else:
            held.append(route)

    for page in (one, two):
        page.route("**/move/**", hold)
    drag(one, card(one, "A"), card(one, "D"))
    drag(two, card(two, "B"), card(two, "D"), above=True)
    expect(column(two, "doing")).to_have_text(["B", "D"])
    drag(two, card(two, "C"), card(two, "D"))
    expect(column(two, "doing")).to_have_text(["B", "D", "C"])
    expect(column(one, "doing")).to_have_text(["D", "A"])
    free = True
    for route in held:
        route.continue_()
    expect(column(two, "doing")).to_have_count(4)
    settled(two)
    one.reload()
    two.reload()
    order_of_one = column(one, "doing").all_text_contents()
    assert order_of_one == column(two, "doing").all_text_contents() == order(house, "doing")
    assert sorted(order_of_one) == ["A", "B", "C", "D"]


def test_a_move_on_a_board_that_is_out_of_date_shows_the_board_as_it_is(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    done = house.columns.get(kind="done")
    Task.objects.filter(title="D").update(column=done)  # somebody else
    with page.expect_response("**/move/**"):
        drag(page, card(page, "A"), card(page, "D"))
    expect(column(page, "doing")).to_have_text(["A"])
    expect(column(page, "done")).to_have_text(["D"])


def test_a_move_that_is_refused_is_taken_back_with_a_word(
    visitor: Any, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    page = visitor.page
    sign_in(page, specialist)
    open_board(page)
    Project.objects.update(status="finished")
    drag(page, card(page, "A"), card(page, "D"))
    expect(page.locator(".cx-toast-error")).to_contain_text("This project is finished")
    expect(column(page, "todo")).to_have_text(["A", "B", "C"])
    visitor.problems.clear()  # the browser writes a refusal down as a failed request


def test_without_the_server_a_card_goes_back(
    visitor: Any, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    page = visitor.page
    sign_in(page, specialist)
    open_board(page)
    page.route("**/move/**", lambda route: route.abort())
    drag(page, card(page, "A"), card(page, "D"))
    expect(page.locator(".cx-toast-error")).to_be_visible()
    expect(column(page, "todo")).to_have_text(["A", "B", "C"])
    visitor.problems.clear()  # that the request failed is what this is about


def test_a_long_column_goes_on_as_one_scrolls_and_stays_so_after_a_move(
    page: Page, sign_in: SignIn, house: Project, specialist: User
) -> None:
    for number in range(PAGE + 5):
        make_task(house, f"T{number}")
    sign_in(page, specialist)
    open_board(page)
    expect(column(page, "todo")).to_have_count(PAGE)
    page.locator(".cx-more").scroll_into_view_if_needed()
    expect(column(page, "todo")).to_have_count(PAGE + 5)
    last = card(page, f"T{PAGE + 4}")
    last.focus()
    with page.expect_response("**/move/**"):
        for key in ("Space", "ArrowUp", "Enter"):
            page.keyboard.press(key)
    expect(column(page, "todo")).to_have_count(PAGE + 5)
    expect(last).to_be_focused()
    assert order(house, "todo")[-2:] == [f"T{PAGE + 4}", f"T{PAGE + 3}"]


def test_a_client_moves_nothing(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], owner: User
) -> None:
    sign_in(page, owner)
    open_board(page)
    drag(page, card(page, "A"), card(page, "D"))
    card(page, "B").focus()
    for key in ("Space", "ArrowRight", "Enter"):
        if key != "Enter":
            page.keyboard.press(key)
    expect(column(page, "todo")).to_have_text(["A", "B", "C"])
    assert page.locator("#move-help").count() == 0


def test_typing_narrows_the_board_and_its_address(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], owner: User
) -> None:
    sign_in(page, owner)
    open_board(page)
    page.get_by_role("searchbox").fill("B")
    expect(page.locator(".cx-card")).to_have_count(1)
    expect(page).to_have_url("/projects/HOUSE/?q=B")
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".cx-card")).to_have_count(4)


def test_a_quick_task_appears_at_the_end_and_the_field_is_ready_for_the_next(
    page: Page, sign_in: SignIn, house: Project, cards: list[Task], specialist: User
) -> None:
    sign_in(page, specialist)
    open_board(page)
    for title in ("First", "Second"):
        page.locator("#quick-title").fill(title)
        page.keyboard.press("Enter")
        expect(column(page, "todo").last).to_have_text(title)
        expect(page.locator("#quick-title")).to_be_focused()
        expect(page.locator("#quick-title")).to_have_value("")
