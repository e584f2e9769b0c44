"""How pages are served: a few processes with very few threads each.

More threads per process make pages slower, for they fight over the interpreter lock: docs/adr/0002-gunicorn-threads.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cxportal.lib.env import whole_number

bind = f"{os.environ.get('BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "gthread"
workers = whole_number("WEB_PROCESSES", default=2, least=1)
threads = whole_number("WEB_THREADS", default=2, least=1)
preload_app = True  # what is loaded before the fork is kept in memory once
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None  # addresses and paths of clients belong into no log of ours; a proxy may keep one
errorlog = "-"
logger_class = "cxportal.lib.gunicorn_log.PortalLogger"
loglevel = "warning"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a heartbeat, made privately


def when_ready(server: Any) -> None:
    """Before the fork."""
    from cxportal.preload import preload

    preload()
