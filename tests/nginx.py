"""Debian's nginx with the very file of deploy/, on loopback, in a folder of its own; only places differ."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.portal_process import ROOT, free_port, wait_for

SITE = ROOT / "deploy" / "nginx" / "portal.conf"
FRAME = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
{user}
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


def nginx_binary() -> str:
    """Where nginx is. Without one the test is skipped with a line that says so, and fails where CI runs."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("No nginx on the machine that CI runs on.")
        pytest.skip("No nginx: install it, for example with apt install nginx")
    return path


class Nginx:
    """In front of the web processes at `upstreams`; static files and media of `home` are on its disk."""

    def __init__(self, folder: Path, home: Path, upstreams: list[int]) -> None:
        self.folder = folder
        self.http, self.https = free_port(), free_port()
        self._make_certificate()
        site = self._site(home, upstreams)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(FRAME.format(folder=folder, user=user, site=site))
        command = [nginx_binary(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        self.warnings = [
            line for line in checked.stderr.splitlines() if "[warn]" in line or "[emerg]" in line
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_for(self._listens, 30), self.errors

    def _make_certificate(self) -> None:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", *curve, *files, "-days", "2", "-subj", "/CN=portal.example"],
            check=True,
            capture_output=True,
        )

    def _site(self, home: Path, upstreams: list[int]) -> str:
        """The file of deploy/ with ports and places of this test. Each place must be there to be replaced."""
        servers = "\n".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=10s;" for port in upstreams)
        site = re.sub(r"^    listen \[::\].*\n", "", SITE.read_text(), flags=re.M)
        for old, new in {
            "server 127.0.0.1:8000 max_fails=2 fail_timeout=10s;": servers,
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.https} ssl http2;",
            "/etc/letsencrypt/live/portal.example/fullchain.pem": f"{self.folder}/cert.pem",
            "/etc/letsencrypt/live/portal.example/privkey.pem": f"{self.folder}/key.pem",
            "/var/lib/portal/": f"{home}/",
            "/srv/portal/": f"{ROOT}/",
        }.items():
            assert old in site, f"{old} is not in {SITE}"
            site = site.replace(old, new)
        return site

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.errors
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.https)) == 0

    @property
    def errors(self) -> str:
        return (self.folder / "error.log").read_text()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
