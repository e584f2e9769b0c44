"""The routes of django-allauth that this portal uses; nobody signs up, and addresses are changed in the admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path


def told_by_status(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A form that was not accepted is answered with 422, like everywhere in the portal."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if response.status_code == 200 and form is not None and form.errors:
            response.status_code = 422
        return response

    return wrapper


urlpatterns = [
    path("login/", told_by_status(views.login), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", told_by_status(views.password_change), name="account_change_password"),
    path("password/set/", told_by_status(views.password_set), name="account_set_password"),
    path("password/reset/", told_by_status(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        told_by_status(views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
]
