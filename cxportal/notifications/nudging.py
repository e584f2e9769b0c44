"""Tells a worker, after commit, that there is mail to send. Only a hint: the beat finds the mail anyway.

A frozen Redis makes whoever talks to it wait for its time limits, so that is done by a thread of its own: the
request that queued the mail waits for nothing. While the thread is at it, further hints become one.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading

from celery import current_app
from django.db import transaction

from cxportal.lib.logs import request_id

logger = logging.getLogger(__name__)

# A hint that lies in the queue for longer has been overtaken by the beat's next tick.
_EXPIRES_SECONDS = 60


def nudge_after_commit() -> None:
    """Nudges a worker once this transaction is committed; several calls in one transaction make one nudge."""
    connection = transaction.get_connection()
    if any(hook[1] is nudge for hook in connection.run_on_commit):
        return
    transaction.on_commit(nudge, robust=True)


def nudge() -> None:
    """Asks for a nudge and returns at once."""
    _nudger.ask()


class _Nudger:
    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._lock = threading.Lock()
        self._pid = 0
        self._for = ""

    def ask(self) -> None:
        with self._lock:
            if self._pid != os.getpid():  # the first time in this process; a fork does not inherit threads
                self._pid = os.getpid()
                self._wanted, self._idle = threading.Event(), threading.Event()
                threading.Thread(target=self._run, name="mail-nudge", daemon=True).start()
                atexit.register(self.finish)
            self._idle.clear()
            self._for = request_id.get()  # of several that become one hint, the last
            self._wanted.set()

    def finish(self, seconds: float = 1) -> bool:
        """Waits until nothing is wanted any more, at most `seconds`; says whether that came to be."""
        return self._idle.wait(seconds)

    def _run(self) -> None:
        failing = False
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                _publish(self._for)
            except Exception as error:
                if not failing:
                    logger.warning("no worker could be told of new mail, the beat will find it: %s", error)
                failing = True
            else:
                failing = False
            with self._lock:
                if not self._wanted.is_set():
                    self._idle.set()


def _publish(for_request: str) -> None:
    request_id.set(for_request)  # of this thread: the task carries it along
    # By its name: the task sends mail, and what sends mail must not be imported by what queues it.
    current_app.send_task(
        "cxportal.notifications.tasks.send_due_mail",
        retry=False,
        expires=_EXPIRES_SECONDS,
        ignore_result=True,
    )


_nudger = _Nudger()
