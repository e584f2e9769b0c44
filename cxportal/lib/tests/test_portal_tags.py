from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.template import Context, Template
from django.utils.translation import override

from cxportal.lib.templatetags.portal_tags import AVATAR_COLOURS
from cxportal.lib.toasts import toast


def shown(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def person(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, initials="".join(word[0] for word in name.split()[:2]))


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in shown('{% icon "home" %}')
    assert 'role="img" aria-label="Home &amp; garden"' in shown(
        '{% icon "home" label %}', label="Home & garden"
    )


@pytest.mark.parametrize("name", ["no-such-icon", "../../../manage", ""])
def test_an_icon_that_was_not_vendored_is_an_error(name: str) -> None:
    with pytest.raises(LookupError, match="script/vendor"):
        shown("{% icon name %}", name=name)


def test_a_face_keeps_its_colour_and_is_named() -> None:
    face = shown("{% avatar user %}", user=person("Olga Owner"))
    assert face == shown("{% avatar user %}", user=person("Olga Owner"))
    assert 'aria-label="Olga Owner"' in face
    assert ">OO<" in face


def test_faces_use_all_colours() -> None:
    seen = {
        shown("{% avatar user %}", user=person(f"Person {n}")).split("cx-avatar-")[1][0] for n in range(200)
    }
    assert len(seen) == AVATAR_COLOURS


def test_a_name_cannot_break_out_of_a_face() -> None:
    assert "<script" not in shown("{% avatar user %}", user=person('"><script>alert(1)</script>'))


@pytest.mark.parametrize(
    ("value", "total", "doing", "done_width", "doing_width"),
    [(9, 18, 3, "50", "66.67"), (0, 0, 0, "0", "0"), (18, 18, 0, "100", "100"), (1, 3, 5, "33.33", "100")],
)
def test_a_progress_bar_shows_shares(
    value: int, total: int, doing: int, done_width: str, doing_width: str
) -> None:
    bar = shown("{% progress_bar value total doing=doing %}", value=value, total=total, doing=doing)
    assert f'cx-progress-done" width="{done_width}%"' in bar
    assert f'cx-progress-doing" width="{doing_width}%"' in bar
    assert f'aria-label="{value} of {total} done"' in bar
    assert "style" not in bar


def test_shares_are_written_for_machines_in_every_language() -> None:
    with override("ru"):
        assert 'width="33.33%"' in shown("{% progress_bar 1 3 %}")


@pytest.mark.parametrize(
    ("status", "word"), [("on_track", "On track"), ("at_risk", "At risk"), ("late", "Late")]
)
def test_health_is_said_in_a_word(status: str, word: str) -> None:
    badge = shown("{% health_badge status reason %}", status=status, reason='Roof "late"')
    assert word in badge
    assert 'title="Roof &quot;late&quot;"' in badge


def test_internal_things_carry_the_word() -> None:
    assert "Internal" in shown("{% internal_badge %}")


def test_an_empty_page_offers_the_first_step() -> None:
    page = shown(
        '{% empty_state "messages" "No questions yet" "Ask us anything." url="/ask/" action="Ask" %}'
    )
    assert "No questions yet" in page
    assert '<a class="btn btn-primary" href="/ask/">Ask</a>' in page


def test_people_are_listed_by_name_and_escaped() -> None:
    assert shown("{{ people|names }}", people=["Olga", "<b>Petr</b>"]) == "Olga, &lt;b&gt;Petr&lt;/b&gt;"
    assert shown("{{ people|names }}", people="everyone") == "everyone"


def test_who_will_see_it_is_said_before_anything_is_posted() -> None:
    source = '{% include "_audience.html" %}'
    assert "Olga, team" in shown(source, audience=["Olga", "team"])
    assert "Internal" in shown(source, audience="team", internal=True)


@pytest.fixture
def request_with_toasts(rf: Any) -> HttpRequest:
    request: HttpRequest = rf.get("/")
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    return request


def test_a_toast_offers_undo_where_there_is_a_way_back(request_with_toasts: HttpRequest) -> None:
    toast(request_with_toasts, "Moved.", undo_url="/undo/1/")
    toast(request_with_toasts, "Saved.")
    moved, saved = get_messages(request_with_toasts)
    source = '{% include "_toast.html" %}'
    assert 'action="/undo/1/"' in shown(source, message=moved)
    assert "<form" not in shown(source, message=saved)


def test_the_text_of_a_toast_is_escaped(request_with_toasts: HttpRequest) -> None:
    toast(request_with_toasts, "<img src=x>", level=messages.ERROR)
    (message,) = get_messages(request_with_toasts)
    html = shown('{% include "_toast.html" %}', message=message)
    assert "&lt;img" in html
    assert 'role="alert"' in html
