"""Words that are not lost: what someone sent after their session had ended, or took back to write it better.

They wait in the session of that browser, on the server, until the page of their form is opened by the person who
wrote them. (What is only typed, the browser keeps: `static/js/forms.js`.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

from clients.http import PersonRequest
from clients.models import User
from feedback.texts import BODY_MAX

SESSION_KEY = "words"
FIELDS = ("subject", "body", "about", "kind", "urgency", "audience", "reason", "due_at")
_signer = TimestampSigner(salt="feedback.drafts")

View = Callable[..., HttpResponse]


def writer_token(user: User) -> str:
    """Goes into every form of words, to tell who wrote them when the session is gone."""
    return _signer.sign(str(user.pk))


def signed_in_to_write(form: str, *, at: Callable[..., str]) -> Callable[[View], View]:
    """Like `login_required`; words that were sent are kept, and stand in `form` after signing in.

    `at` gives the address of the page with the form, from the arguments of the view.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return view(request, *args, **kwargs)
            page = request.get_full_path()
            if request.method == "POST":
                page = at(*args, **kwargs)
                if writer := _writer(request.POST.get("writer", "")):
                    keep(request, form, page, writer, request.POST.dict())
            return redirect_to_login(page)

        return wrapper

    return decorate


def keep(request: HttpRequest, form: str, page: str, writer: str, words: Mapping[str, Any]) -> None:
    """Keeps the words of one form; a later one takes its place. Names may carry the form's prefix."""
    given = {name: words.get(f"{form}-{name}") or words.get(name) for name in FIELDS}
    kept = {name: str(text)[:BODY_MAX] for name, text in given.items() if text}
    request.session[SESSION_KEY] = {"form": form, "page": page, "writer": writer, "words": kept}


def take(request: PersonRequest, page: str) -> tuple[str, dict[str, str]]:
    """The form and the words kept for this page and person, once; ("", {}) where there are none."""
    kept = request.session.get(SESSION_KEY)
    if not kept or kept["page"] != page:
        return "", {}
    del request.session[SESSION_KEY]
    if kept["writer"] != str(request.user.pk):
        return "", {}
    return kept["form"], kept["words"]


def _writer(token: str) -> str:
    """Whose token this is; "" for one that is forged or older than any session."""
    try:
        return _signer.unsign(token, max_age=2 * settings.SESSION_COOKIE_AGE)
    except BadSignature:
        return ""
