"""Pages through the WSGI application in this process: all middleware, a signed-in client person, real static files."""

from __future__ import annotations

import gzip
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import cache
from django.db import connection
from django.middleware.csrf import get_token
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import data
from bench.floors import HANDLERS
from bench.measure import Answer, Result, ask, in_turns, p50
from clients.models import User
from cxportal.lib.sessions import SessionStore
from cxportal.notifications.models import OutgoingMail
from feedback.actions import start_thread
from feedback.models import AnswerClock


def measure(*, quick: bool) -> list[Result]:
    from cxportal.wsgi import application

    size = (20, 200, 800) if quick else (50, 200, 2000)
    world = data.pages(projects=size[0], small=size[1], large=size[2])
    site = _Site(application, world)
    return [
        *_times(site, size, 15 if quick else 100),
        *_posting(site, 15 if quick else 60),
        *_weights(site, size),
    ]


class _Site:
    def __init__(self, application: Any, world: data.Pages) -> None:
        self.application, self.world = application, world
        self.member, self.manager = _cookies(world.member), _cookies(world.manager)

    def floor(self, name: str) -> Answer:
        return _good(ask(HANDLERS[name], f"/floor/{name}/{self.world.small.code}/"))

    def page(self, path: str) -> Answer:
        return _good(ask(self.application, path, cookies=self.member))


def _times(site: _Site, size: tuple[int, int, int], rounds: int) -> list[Result]:
    projects, small, large = size
    board, long_board = site.world.small.get_absolute_url(), site.world.large.get_absolute_url()
    home = reverse("home")
    pages: dict[str, Any] = {
        "view": lambda: site.floor("view"),
        "board": lambda: site.floor("board"),
        "small": lambda: site.page(board),
        "home": lambda: site.page(home),
    }
    taken = in_turns(pages | {"large": lambda: site.page(long_board)}, rounds=rounds)
    cold = in_turns(pages, rounds=rounds // 2, before={"small": cache.clear, "home": cache.clear})
    median = {name: p50(samples) for name, samples in taken.items()}
    cold_median = {name: p50(samples) for name, samples in cold.items()}
    board_floor, view_floor = f"board, {small}", "view"
    return [
        Result(f"board, {small} tasks", median["small"], "ms", 1.6, median["board"], board_floor),
        Result(
            f"board, {small} tasks, cold", cold_median["small"], "ms", 1.6, cold_median["board"], board_floor
        ),
        Result(f"board, {large} tasks", median["large"], "ms", 1.2, median["small"], f"ours with {small}"),
        Result(f"client home, {projects} projects", median["home"], "ms", 15, median["view"], view_floor),
        Result(
            f"client home, {projects} projects, cold",
            cold_median["home"],
            "ms",
            15,
            cold_median["view"],
            view_floor,
        ),
    ]


def _posting(site: _Site, rounds: int) -> list[Result]:
    """A manager answers a client's question; each sample has a question of its own."""
    form: list[tuple[str, bytes]] = []
    queries: list[int] = []
    cookies, token = _with_csrf(site.manager)

    def ask_something() -> None:
        thread = start_thread(
            by=_owner(site.world), client=site.world.client, project=site.world.small,
            subject="Socket", body="Can we move the socket?",
        )  # fmt: skip
        fields = {"body": "Yes, we can.", "form_key": str(uuid.uuid4()), "csrfmiddlewaretoken": token}
        form[:] = [(reverse("thread_write", args=[thread.uid]), urlencode(fields).encode())]

    def answer() -> None:
        [(path, fields)] = form
        answered = ask(site.application, path, cookies=cookies, data=fields)
        if not answered.status.startswith("302"):
            raise RuntimeError(f"The answer was not accepted: {answered.status}")

    taken = in_turns(
        {"view": lambda: site.floor("view"), "post": answer}, rounds=rounds, before={"post": ask_something}
    )
    if AnswerClock.objects.running().exists() or OutgoingMail.objects.exclude(state="queued").exists():
        raise RuntimeError("An answer did not stop its clock, or a mail left inside a request.")
    ask_something()
    with CaptureQueriesContext(connection) as captured:
        answer()
    queries.append(len(captured))
    return [
        Result("posting an answer", p50(taken["post"]), "ms", 12, p50(taken["view"]), "view"),
        Result("posting an answer, SQL", queries[0], "queries", 15),
    ]


def _weights(site: _Site, size: tuple[int, int, int]) -> list[Result]:
    board, home = site.world.small.get_absolute_url(), reverse("home")
    results = []
    for name, path, budget in (
        (f"board, {size[1]} tasks", board, 10),
        (f"client home, {size[0]} projects", home, 12),
    ):
        with CaptureQueriesContext(connection) as captured:
            site.page(path)
        results.append(Result(f"{name}, SQL", len(captured), "queries", budget))
    page = site.page(board)
    results += [
        Result(f"board, {size[1]} tasks, HTML gzip", len(page.body) / 1000, "kB", 15),
        Result(
            f"bare cards (floor), {size[1]} tasks, HTML gzip",
            len(gzip.compress(site.floor("board").body, 6)) / 1000,
            "kB",
        ),
        Result("board, first visit, CSS and JS gzip", _static_weight(page.text) / 1000, "kB", 150),
    ]
    return results


def _static_weight(html: str) -> int:
    """Bytes of the style sheets and scripts a page loads, with the modules they import, compressed as served."""
    wanted = re.findall(r'<(?:link rel="stylesheet" href|script[^>]* src)="(/static/[^"]+)"', html)
    found: dict[Path, int] = {}
    while wanted:
        path = Path(settings.STATIC_ROOT) / wanted.pop().removeprefix("/static/")
        if path in found:
            continue
        packed = path.with_name(f"{path.name}.gz")
        found[path] = (packed if packed.exists() else path).stat().st_size
        if path.suffix == ".js":
            imports = re.findall(r'(?:from|import)\s*"(\./[^"]+|\.\./[^"]+)"', path.read_text())
            wanted += [
                f"/static/{(path.parent / name).resolve().relative_to(Path(settings.STATIC_ROOT).resolve())}"
                for name in imports
            ]
    if not found:
        raise RuntimeError("The page names no style sheets.")
    return sum(found.values())


def _good(answer: Answer) -> Answer:
    if not answer.status.startswith("200"):
        raise RuntimeError(f"A page answered {answer.status}")
    return answer


def _owner(world: data.Pages) -> User:
    return world.member


def _cookies(user: User) -> dict[str, str]:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {settings.SESSION_COOKIE_NAME: str(session.session_key)}


def _with_csrf(cookies: dict[str, str]) -> tuple[dict[str, str], str]:
    request = RequestFactory().get("/")
    token = get_token(request)
    return {**cookies, settings.CSRF_COOKIE_NAME: request.META["CSRF_COOKIE"]}, token
