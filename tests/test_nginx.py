"""The portal behind nginx, with the configuration that deploy/ offers: real processes, TLS, loopback only."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from clients.models import User
from feedback.models import Message
from projects.models import Attachment, Project
from tests.factories import make_task, make_thread
from tests.machines import HOST, Machine, Person
from tests.nginx import SITE, Nginx
from tests.portal_process import free_port, new_place

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a-long-Password-7"


@pytest.fixture(scope="module")
def behind(django_db_setup: None) -> Iterator[tuple[Nginx, Machine]]:
    """nginx and one machine behind it, which work on this test's database."""
    place = new_place()
    machine = Machine(
        place / "home", X_ACCEL_MEDIA="/_media/", EMAIL_URL="smtp://127.0.0.1:1", PRODUCTION="1"
    )
    (place / "nginx").mkdir()
    nginx = None
    try:
        machine.prepare()
        machine.start("web")
        machine.wait_until_it_answers()
        nginx = Nginx(place / "nginx", machine.home, [machine.port])
        yield nginx, machine
    finally:
        if nginx:
            nginx.stop()
        machine.end()
        shutil.rmtree(place)


@pytest.fixture
def nginx(behind: tuple[Nginx, Machine]) -> Nginx:
    return behind[0]


@pytest.fixture
def home(behind: tuple[Nginx, Machine]) -> Path:
    return behind[1].home


@pytest.fixture
def visitor(nginx: Nginx) -> Person:
    return Person(nginx.https, tls=True)


def signed_in(nginx: Nginx, user: User) -> Person:
    user.set_password(PASSWORD)
    user.save()
    person = Person(nginx.https, tls=True)
    person.sign_in(user.email, PASSWORD)
    return person


@pytest.fixture
def plan(house: Project, specialist: User, home: Path) -> Attachment:
    """A page with a script, which the client may have."""
    name = FileSystemStorage(home / "media").save(
        "tasks/2026/11/0123456789abcdef", ContentFile(b"<script>x</script>")
    )
    return Attachment.objects.create(
        task=make_task(house, number=12),
        file=name,
        name="План №3.html",
        content_type="text/html",
        size=18,
        is_internal=False,
        uploaded_by=specialist,
    )


def test_the_configuration_has_no_warnings(nginx: Nginx) -> None:
    assert nginx.warnings == []


def test_plain_http_leads_to_https_whatever_host_was_asked_for(nginx: Nginx) -> None:
    answer = Person(nginx.http).get("/projects/?a=b", Host="evil.example")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/projects/?a=b")


def test_pages_come_through_with_their_headers(visitor: Person) -> None:
    answer = visitor.get("/accounts/login/")
    assert answer.status == 200
    assert "<form" in answer.text
    assert "nonce-" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"]
    assert [*visitor.cookies] == ["__Host-csrf"]
    assert "nginx/" not in answer.headers["Server"]


def test_a_person_signs_in_and_writes(nginx: Nginx, owner: User, house: Project) -> None:
    thread = make_thread(house.client, author=owner, project=house)
    person = signed_in(nginx, owner)
    answer = person.post(
        f"/questions/{thread.uid}/write/",
        {"body": "And the lamp?"},
        files={"files": ("a.txt", b"lamp" * 1000)},
    )
    assert answer.status == 302, answer.text
    assert Message.objects.latest("pk").files.get().size == 4000


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it was asked with."""

    def do_GET(self) -> None:
        said = json.dumps({name.lower(): self.headers.get_all(name) for name in self.headers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: Any) -> None:
        """Not to the screen."""


def test_what_a_client_claims_about_itself_ends_at_the_proxy(tmp_path: Path) -> None:
    claims = {
        "X-Forwarded-For": "192.0.2.66",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X_Forwarded_For": "192.0.2.66",
        "Forwarded": "for=192.0.2.66",
        "X-Real-IP": "192.0.2.66",
        "X-Request-ID": "chosen-by-the-client",
        "X-Accel-Redirect": "/_media/x",
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        nginx = Nginx(tmp_path, tmp_path, [upstream.server_port])
        try:
            heard = json.loads(Person(nginx.https, tls=True).get("/", **claims).body)
        finally:
            nginx.stop()
            upstream.shutdown()
    assert heard["x-forwarded-for"] == ["127.0.0.1"]
    assert heard["x-forwarded-proto"] == ["https"]
    assert heard["host"] == [HOST]
    (number,) = heard["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", number)
    others = {
        "x-forwarded-host",
        "x-forwarded-port",
        "x_forwarded_for",
        "forwarded",
        "x-real-ip",
        "x-accel-redirect",
    }
    assert not others & set(heard)


def test_a_host_that_is_not_ours_is_refused(visitor: Person) -> None:
    assert visitor.get("/accounts/login/", Host="evil.example").status == 400


def test_a_body_that_is_too_large_is_told_in_words(nginx: Nginx, owner: User, house: Project) -> None:
    thread = make_thread(house.client, author=owner, project=house)
    person = signed_in(nginx, owner)
    # The length alone is enough for nginx; the body never comes.
    answer = person.ask("POST", f"/questions/{thread.uid}/write/", b"", {"Content-Length": str(500 * 2**20)})
    assert answer.status == 413
    assert "That was too much at once" in answer.text
    assert "Это слишком много" in answer.text


def test_the_limit_is_above_what_the_portal_takes() -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", SITE.read_text())
    assert int(megabytes) * 2**20 > 3 * portal_settings.ATTACHMENT_MAX_BYTES


def test_slow_and_greedy_clients_have_limits() -> None:
    site = SITE.read_text()
    for directive in (
        "client_header_timeout",
        "client_body_timeout",
        "send_timeout",
        "limit_conn",
        "limit_req",
    ):
        assert re.search(rf"^\s+{directive} \S", site, re.M), directive


def test_a_file_is_sent_by_nginx_after_our_check_and_keeps_every_header(
    nginx: Nginx, behind: tuple[Nginx, Machine], plan: Attachment, owner: User, stranger: User
) -> None:
    person = signed_in(nginx, owner)
    path = f"/files/{plan.uid}/"
    direct = person.at(behind[1].port)
    direct.tls = False
    told = direct.get(path)
    assert (told.body, told.headers["X-Accel-Redirect"]) == (b"", f"/_media/{plan.file.name}")
    answer = person.get(path)
    assert answer.status == 200
    assert answer.body == b"<script>x</script>"
    assert "X-Accel-Redirect" not in answer.headers
    assert answer.headers["Content-Length"] == "18"
    # The language is that of the page there is none of, and Vary means nothing to what may not be kept.
    of_nginx = {
        "Content-Language",
        "Server",
        "Date",
        "Connection",
        "Content-Length",
        "X-Accel-Redirect",
        "Vary",
        "X-Request-ID",  # each request has its own
    }
    kept = {name: value for name, value in told.headers.items() if name not in of_nginx}
    assert {name: answer.headers[name] for name in kept} == kept
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert kept["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert kept["Cache-Control"] == "private, no-store"
    assert kept["X-Content-Type-Options"] == "nosniff"
    assert kept["Content-Type"] == "application/octet-stream"
    assert kept["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%9F")
    assert signed_in(nginx, stranger).get(path).status == 404
    person.post("/accounts/logout/", {})
    assert person.get(path).status == 302


def test_nobody_gets_a_file_by_its_place(nginx: Nginx, plan: Attachment, owner: User) -> None:
    person = signed_in(nginx, owner)
    for prefix in ("/_media/", "/media/", "/no-public-media/", "/static/../media/", "/static/..%2fmedia/"):
        answer = person.get(f"{prefix}{plan.file.name}")
        assert answer.status in {400, 404}, prefix
        assert b"script>x" not in answer.body
    assert person.get(f"/_media/{plan.file.name}", **{"X-Accel-Redirect": "/_media/"}).status == 404
    assert person.get("/_nginx/413.html").status == 404


def test_a_file_that_is_gone_is_our_page(nginx: Nginx, plan: Attachment, owner: User, home: Path) -> None:
    (home / "media" / plan.file.name).unlink()
    answer = signed_in(nginx, owner).get(f"/files/{plan.uid}/")
    assert answer.status == 404
    assert "There is nothing here" in answer.text


def test_static_files_come_from_the_disk_and_may_be_kept(visitor: Person, home: Path) -> None:
    manifest: dict[str, Any] = json.loads((home / "static" / "staticfiles.json").read_text())
    hashed = next(name for name in manifest["paths"].values() if name.endswith(".css"))
    answer = visitor.get(f"/static/{hashed}", **{"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/css")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (home / "static" / hashed).rename(home / "static" / "aside")
    try:
        # WhiteNoise read its list at the start: a file this disk does not have is asked for behind it.
        assert visitor.get(f"/static/{hashed[:-4]}x.css").status == 404
    finally:
        (home / "static" / "aside").rename(home / "static" / hashed)
    assert visitor.get("/static/nothing.0123456789ab.css").status == 404


def test_static_files_can_be_read_by_the_proxy(home: Path) -> None:
    modes = {path.stat().st_mode & 0o777 for path in (home / "static").rglob("*") if path.suffix}
    assert modes == {0o644}


def test_pages_are_not_compressed_by_nginx(visitor: Person) -> None:
    lengths = {len(visitor.get("/accounts/login/", **{"Accept-Encoding": "gzip"}).body) for _ in range(8)}
    assert len(lengths) > 1, "Django's length that tells nothing survives"


def test_a_portal_that_is_away_is_told_in_words(tmp_path: Path) -> None:
    nginx = Nginx(tmp_path, tmp_path, [free_port()])
    try:
        answer = Person(nginx.https, tls=True).get("/")
        assert answer.status == 502
        assert "The portal does not answer just now" in answer.text
    finally:
        nginx.stop()


def test_of_two_machines_one_may_be_away_and_nobody_sees_it(
    behind: tuple[Nginx, Machine], owner: User, tmp_path: Path
) -> None:
    _, machine = behind
    nginx = Nginx(tmp_path, machine.home, [free_port(), machine.port])
    try:
        person = signed_in(nginx, owner)
        assert {person.get("/").status for _ in range(6)} == {200}
    finally:
        nginx.stop()
    assert "Connection refused" in nginx.errors, "the other one was asked first now and then"


def test_attempts_to_sign_in_are_limited_by_address(nginx: Nginx, visitor: Person) -> None:
    visitor.get("/accounts/login/")
    refused = []
    for number in range(30):
        data = f"login={number}@example.com".encode()
        answer = visitor.ask("POST", "/accounts/login/", data, {"X-Forwarded-For": f"192.0.2.{number}"})
        refused += [answer.text] if answer.status == 429 else []
    assert refused
    assert "Слишком много попыток" in refused[0]
    assert visitor.get("/accounts/login/").status == 200, "reading is free"
