"""Requests that are broken as a whole: too much, badly encoded, of the wrong kind, without the form's token."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from conftest import SignedIn
from tests.bad_input.drive import Target, target_of
from tests.bad_input.routes import FORMS
from tests.world import World

pytestmark = pytest.mark.django_db

MULTIPART = "multipart/form-data; boundary=xx"
FORM = "application/x-www-form-urlencoded"


def part(name: str, value: str | bytes, *, more: str = "", end: str = "--xx--\r\n") -> bytes:
    """One field of a multipart request."""
    value = value if isinstance(value, bytes) else value.encode()
    head = f'--xx\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n" + end.encode()


def plain(target: Target) -> str:
    fields = {
        name: value for name, value in target.data.items() if name not in {"files", "note-files", "file"}
    }
    return urlencode(fields, doseq=True)


BROKEN: dict[str, Any] = {
    "not closed": (b"--xx\r\nContent-Disposition: form-data; name=", MULTIPART),
    "no boundary": (b"x", "multipart/form-data"),
    "odd boundary": (b"x", "multipart/form-data; boundary=\x00"),
    "long boundary": (b"x", f"multipart/form-data; boundary={'x' * 5000}"),
    "empty": (b"", MULTIPART),
    "bad transfer encoding": (part("title", "%%%", more="\r\nContent-Transfer-Encoding: base64"), MULTIPART),
    "name without end": (
        b'--xx\r\nContent-Disposition: form-data; name="a\x00\r\n\r\nx\r\n--xx--',
        MULTIPART,
    ),
    "JSON": (json.dumps({"title": "a\ud800"}).encode(), "application/json"),
    "XML": (b"<a/>", "text/xml"),
    "no type": (b"title=x", ""),
    "nonsense type": (b"title=x", "x;;;=\x00"),
    "5,000 fields": (urlencode({f"f{n}": n for n in range(5000)}).encode(), FORM),
    "5,000 times one field": (b"&".join(b"title=x" for _ in range(5000)), FORM),
    "10 MB of Markdown": (urlencode({"title": "x", "body": "* " * 5_000_000}).encode(), FORM),
    "200 files": (
        b"".join(part("files", "x", more='; filename="a.txt"', end="") for _ in range(200)) + b"--xx--\r\n",
        MULTIPART,
    ),
}
CHARSETS = [
    "utf-7", "utf-16", "utf-32", "cp037", "zlib_codec", "rot13", "unicode_escape", "idna", "x", "none", "punycode",
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_a_broken_request_is_told_and_changes_nothing(kind: str, world: World) -> None:
    body, content_type = BROKEN[kind]
    wrong = []
    for name in (
        "task_new",
        "task_edit",
        "thread_new",
        "file_add",
        "import_tasks",
        "account_login",
        "board",
        "weekly",
    ):
        target = target_of(name, world)
        answer = target.request("post", data=body, content_type=content_type)
        if answer.status not in {400, 409, 413, 422} or answer.changed:
            wrong.append(
                f"{target.url}: {answer.status} {answer.error} {'changed' if answer.changed else ''}"
            )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("charset", CHARSETS)
def test_another_charset_than_utf_8_is_told_and_changes_nothing(charset: str, world: World) -> None:
    """Python knows codecs that give halves of surrogate pairs, or are none for text at all."""
    target = target_of("board", world)
    for data, kind in ((part("title", b"+2AA- roof"), MULTIPART), (b"title=%2B2AA-", FORM)):
        answer = target.request(
            "generic", url="POST", path=target.url, data=data, content_type=f"{kind}; charset={charset}"
        )
        known = charset not in {"x", "none"}  # Django takes an unknown one for UTF-8
        assert answer.status in ({400} if known else {302, 400}), (charset, kind, answer.error)
        assert answer.changed == (answer.status == 302)
    for url in (f"{target.url}?q=%2B2AA-", "/questions/?q=x&project=%00", "/accounts/login/?next=/x"):
        answer = target.request("generic", path=url, url="GET", content_type=f"text/html; charset={charset}")
        assert answer.status in {200, 302, 400}, (charset, url, answer.error)


def test_too_much_says_what_to_do(world: World) -> None:
    target = target_of("task_new", world)
    for body in ({"description": "x" * 3_000_000}, {f"f{n}": "x" for n in range(5000)}):
        answer = target.request("post", data=urlencode(body), content_type=FORM)
        assert answer.status == 413
        assert "shorter text" in answer.html
        assert "what you typed is still there" in answer.html


@pytest.mark.parametrize("name", sorted(set(FORMS) - {"weekly_stop"}))
def test_without_the_token_of_the_form_nothing_changes(name: str, world: World) -> None:
    target = target_of(name, world)
    browser = Browser(enforce_csrf_checks=True, raise_request_exception=False)
    browser.cookies = target.browser.cookies
    target.browser = browser
    answer = target.send()
    assert answer.status == 403
    assert not answer.changed
    assert "open for too long" in answer.html


def test_fields_nobody_asked_for_change_nothing_more(world: World) -> None:
    """Neither arrays in the way of other frameworks nor names of columns of the database."""
    more = {
        "id": "1",
        "pk": "1",
        "title[]": "x",
        "project": world.other_project.pk,
        "number": "7000",
        "version": "9",
    }
    target = target_of("task_new", world)
    SignedIn(world.people["manager"]).post(
        target.url, {**target.data, **more, "created_by": world.people["admin"].pk}
    )
    task = world.house.tasks.latest("pk")
    assert (task.title, task.version, task.created_by) == ("Order the tiles", 1, world.people["manager"])
    assert task.number < 7000


def test_a_repeated_field_is_read_once(world: World) -> None:
    target = target_of("board", world)
    body = "title=First&title=Second&is_internal=on&is_internal="
    assert target.request("post", data=body, content_type=FORM).status == 302


AWAY = [
    "//evil.example/", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "\x00//evil.example",
    "http:///evil.example", "\t//evil.example", "/\t/evil.example", "//\u202eevil.example", "https:evil.example",
]  # fmt: skip


@pytest.mark.parametrize("name", ["set_theme", "choose_language", "task_move", "account_login"])
def test_a_form_leads_nowhere_else(name: str, world: World) -> None:
    target = target_of(name, world)
    for away in AWAY:
        answer = target.send({"next": away})
        assert answer.status in {302, 400}, (away, answer.error)
        assert "evil" not in answer.location, away
        assert not answer.location.startswith("javascript"), away
