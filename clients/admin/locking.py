"""Locking people out, letting them in again and signing them out, each with a reason: pages of the admin of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.actions import let_in, lock_out, sign_out
from clients.errors import LockOutRefused
from clients.models import User
from cxportal.lib.admin import ReasonForm, Words, confirm_page

LIST = "admin:clients_user_changelist"


class Verb(NamedTuple):
    """Something that is done to people, and its words."""

    action: Callable[..., object]
    title: Words
    notes: tuple[Words, ...]
    button: Words
    done: Words


VERBS = {
    "lock-out": Verb(
        lock_out,
        _("Lock out"),
        (
            _(
                "At once: they are signed out everywhere, cannot sign in, and mail that waits for them is stopped."
            ),
            _(
                "What they wrote stays. Whoever stands in for them hears of the questions that wait with them."
            ),
        ),
        _("Lock out"),
        _("%(name)s is locked out."),
    ),
    "let-in": Verb(
        let_in,
        _("Let in again"),
        (_("They may sign in again with the password they had, and see what their role lets them see."),),
        _("Let in again"),
        _("%(name)s may sign in again."),
    ),
    "sign-out": Verb(
        sign_out,
        _("Sign out everywhere"),
        (_("They have to sign in again on every device."),),
        _("Sign out everywhere"),
        _("%(name)s is signed out everywhere."),
    ),
}


class LockingMixin:
    """For the ModelAdmin of people: its list's actions lead to a page that asks why."""

    admin_site: admin.AdminSite

    @admin.action(description=_("Lock out: may not sign in, sessions end"))
    def lock_out_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return _ask("lock-out", queryset)

    @admin.action(description=_("Let in again"))
    def let_in_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return _ask("let-in", queryset)

    @admin.action(description=_("Sign out everywhere"))
    def sign_out_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return _ask("sign-out", queryset)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(locking_view)
        own = [path("<str:verb>/<str:ids>/do/", view, name="clients_user_locking")]
        return [*own, *super().get_urls()]  # type: ignore[misc]


def _ask(verb: str, people: QuerySet[User]) -> HttpResponse:
    ids = ",".join(str(pk) for pk in people.order_by("pk").values_list("pk", flat=True))
    return redirect("admin:clients_user_locking", verb=verb, ids=ids)


def locking_view(request: HttpRequest, verb: str, ids: str) -> HttpResponse:
    """Says what a verb does to these people, asks why, and does it."""
    what = VERBS.get(verb)
    numbers = [int(number) for number in ids.split(",") if number.isdecimal() and len(number) < 19]
    people = list(User.objects.filter(pk__in=numbers))
    if what is None or not people:
        raise Http404
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        for person in people:
            _do(request, what, person, form.cleaned_data["reason"])
        return redirect(_back(people))
    return confirm_page(
        request,
        title=what.title,
        form=form,
        button=what.button,
        back=_back(people),
        notes=what.notes,
        things=[f"{person.name} <{person.email}>" for person in people],
        is_dangerous=verb == "lock-out",
    )


def _do(request: HttpRequest, what: Verb, person: User, reason: str) -> None:
    by = cast(User, request.user)
    more: dict[str, Any] = {}
    if what.action is sign_out and person == by:
        more["except_session"] = request.session.session_key
    try:
        what.action(user=person, by=by, reason=reason, **more)
    except LockOutRefused as refused:
        messages.error(request, f"{person.name}: {refused}")
    except PermissionDenied:
        messages.error(request, gettext("You were locked out a moment ago."))
    else:
        messages.success(request, what.done % {"name": person.name})


def _back(people: list[User]) -> str:
    return reverse("admin:person_access", args=[people[0].pk]) if len(people) == 1 else reverse(LIST)
