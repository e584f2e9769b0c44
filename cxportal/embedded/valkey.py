"""The embedded Valkey: a queue that makes things happen sooner, and a cache. Nothing in it is the only copy."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.places import Places, make_folder, secret_in
from cxportal.embedded.process import clear_orphans, hand_over, how_it_ended, start, stop, wait_until

SETTINGS = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
dir "{data}"
daemonize no
databases 32
maxmemory-policy noeviction
save {save}
appendonly no
loglevel warning
logfile ""
"""


class Valkey:
    """One server in `places.valkey_data`, listening in `sockets`."""

    name = "Valkey"

    def __init__(self, places: Places, sockets: Path, throwaway: bool) -> None:
        self.places = places
        self.socket = sockets / "valkey.sock"
        self.throwaway = throwaway
        self.data = places.valkey_data
        self.log = places.control / "valkey.log"
        self.password = secret_in(places.control / "valkey-password")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://:{self.password}@{quote(str(self.socket), safe='/')}?db=0"

    def start(self) -> None:
        """Start and return once it answers. Raises EmbeddedError."""
        if not self.data.exists():
            make_folder(self.data, 0o700, self.places.account)
        clear_orphans(self.data)
        configuration = self.data / "valkey.conf"
        hand_over(
            configuration,
            SETTINGS.format(
                socket=self.socket,
                password=self.password,
                data=str(self.data).replace("\\", r"\\").replace('"', r"\""),
                save='""' if self.throwaway else "300 1",
            ),
            self.places.account,
        )
        self.log.unlink(missing_ok=True)
        self.process = start(
            [self.places.valkey_server, configuration], self.data, self.places.account, self.log
        )
        if not wait_until(self._is_ready, self.process, seconds=60):
            reason = self._reason()
            self.stop()
            raise EmbeddedError(f"Valkey could not start on {self.data}: {reason} (log: {self.log})")

    def stop(self) -> None:
        if self.process:
            stop(self.process, (signal.SIGTERM, 20))

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            try:
                client.connect(os.fspath(self.socket))
                client.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = client.recv(1024)
                    if not part:
                        return False
                    answer += part
            except OSError:
                return False
        return answer.startswith(b"+OK") and b"+PONG" in answer

    def _reason(self) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        code = self.process.poll() if self.process else None
        if lines:
            return lines[-1].split("# ", 1)[-1].strip()
        return how_it_ended(code) if code is not None else "it did not answer within a minute"
