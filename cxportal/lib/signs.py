"""Signs of life of processes that must not load Django for it: rows of `Heartbeat`, by the database's clock.

`cxportal.notifications.heartbeats` writes those of the work itself.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

from cxportal.lib.asking import quick_connection

WORKER, BEAT = "worker", "beat"  # kinds of process
SECONDS = 3.0  # a database that takes longer gets the next one
FORGOTTEN_AFTER_HOURS = 24

_SAY = """
    INSERT INTO notifications_heartbeat (name, at, data) VALUES (%s, statement_timestamp(), %s::jsonb)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, data = excluded.data
"""
_FORGET = """
    DELETE FROM notifications_heartbeat
     WHERE (name LIKE 'worker:%%' OR name LIKE 'beat:%%')
       AND at < statement_timestamp() - %s * interval '1 hour'
"""


def name_of(kind: str) -> str:
    """The name this process signs with: "worker:host:pid"."""
    return f"{kind}:{socket.gethostname()[:40]}:{os.getpid()}"


def say_alive(database: Mapping[str, Any], name: str, **data: Any) -> None:
    """Says that `name` is alive now, and forgets processes that have been silent for a day.

    Ends within seconds, whatever the database does. Raises NoAnswer and psycopg2.Error.
    """
    with quick_connection(database, seconds=SECONDS) as ask:
        ask(_SAY, [name, json.dumps(data)])
        ask(_FORGET, [FORGOTTEN_AFTER_HOURS])


def say_goodbye(database: Mapping[str, Any], name: str) -> None:
    """Takes the sign of a process back that ends in good order: nobody need look for it."""
    with quick_connection(database, seconds=SECONDS) as ask:
        ask("DELETE FROM notifications_heartbeat WHERE name = %s", [name])
