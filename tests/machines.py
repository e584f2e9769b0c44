"""Machines of one installation: the real web, worker and beat processes, each machine with a PORTAL_HOME of its own."""

from __future__ import annotations

import http.client
import re
import signal
import ssl
import subprocess
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil

from tests.portal_process import ROOT, free_port, wait_for
from tests.workers import environment

HOST = "portal.example"
PARTS = {
    "web": ["-m", "gunicorn", "--config", "python:cxportal.gunicorn_settings", "cxportal.wsgi"],
    "worker": ["-m", "cxportal.worker"],
    "beat": ["-m", "cxportal.beat"],
}


class Machine:
    """`start("web", …)` starts parts of the portal; they know of other machines only what the URLs say."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        home.mkdir(mode=0o750)
        (home / "demo-loaded").touch()  # the tests bring people of their own
        self.port = free_port()
        self.environment = environment(
            PORTAL_HOME=str(home),
            PORT=str(self.port),
            BASE_URL=f"https://{HOST}",
            ALLOWED_HOSTS="",
            SECRET_KEY="the-same-on-all-machines-Zk4vQ8mYr2Lx7Tn5Wc9Jd1Sg6Bf",
            WEB_PROCESSES="1",
            WORKER_PROCESSES="2",
            **{"EMAIL_URL": "smtp://127.0.0.1:1", "DEFAULT_FROM_EMAIL": f"portal@{HOST}", **more},
        )
        for name in ("ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"):  # a service manager sets neither
            self.environment.pop(name, None)
        self.parts: list[psutil.Popen] = []

    def begin_prepare(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "cxportal.run", "prepare"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def prepare(self) -> None:
        said, _ = (process := self.begin_prepare()).communicate(timeout=120)
        assert process.returncode == 0, said.decode()

    def start(self, *names: str) -> None:
        for name in names:
            with (self.home / f"{name}.log").open("w") as log:
                self.parts.append(
                    psutil.Popen(
                        [sys.executable, *PARTS[name]],
                        cwd=ROOT,
                        env=self.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )

    def wait_until_it_answers(self) -> None:
        assert wait_for(self._answers, 60), self.said()

    def _answers(self) -> bool:
        assert all(part.poll() is None for part in self.parts), self.said()
        try:
            return Person(self.port).get("/healthz").status == 200
        except OSError:
            return False

    def said(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text()}" for log in sorted(self.home.glob("*.log")))

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """All its processes at once, as when the power goes. Returns how many there were."""
        family = [*self.parts]
        for part in self.parts:
            if part.is_running():
                family += part.children(recursive=True)
        for process in family:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family, timeout=30)
        return len(family)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self) -> str:
        return self.body.decode()


class Person:
    """Somebody with cookies, who asks one machine, or the proxy in front of all, by HTTP."""

    def __init__(self, port: int, *, tls: bool = False, cookies: SimpleCookie | None = None) -> None:
        self.port, self.tls = port, tls
        self.cookies = cookies if cookies is not None else SimpleCookie()

    def at(self, port: int) -> Person:
        """The same person, with the same cookies, at another machine."""
        return Person(port, tls=self.tls, cookies=self.cookies)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(
        self, path: str, data: dict[str, Any], *, files: dict[str, tuple[str, bytes]] | None = None
    ) -> Answer:
        token = self.cookies.get("__Host-csrf")
        fields = {"csrfmiddlewaretoken": token.value if token else "", **data}
        if files is None:
            return self.ask("POST", path, urlencode(fields).encode(), {"Content-Type": FORM})
        body, kind = _multipart(fields, files)
        return self.ask("POST", path, body, {"Content-Type": kind})

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        connection: http.client.HTTPConnection
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {
            "Host": HOST,
            "Referer": f"https://{HOST}/",
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in self.cookies.items()),
            **({} if self.tls else {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}),
            **(headers or {}),
        }
        try:
            connection.request(method, path, body, sent)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(line)
        return answer

    def sign_in(self, email: str, password: str) -> None:
        self.get("/accounts/login/")
        answer = self.post("/accounts/login/", {"login": email, "password": password})
        assert answer.status == 302, answer.text
        assert urlsplit(answer.headers["Location"]).path != "/accounts/login/"


FORM = "application/x-www-form-urlencoded"


def form_key(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found
    return found[1]


def _multipart(fields: dict[str, Any], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    edge = "edge-of-a-part"
    body = b""
    for name, value in fields.items():
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (filename, content) in files.items():
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
