"""The Celery application: it makes things happen sooner, the database decides what happens.

Tasks take ids, fetch again, call an action and are safe to run twice (docs/reliability.md).
"""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_before_create_process

from cxportal import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")

# script/server works as root, for trying out (docs/operators/running.md, In production).
warnings.simplefilter("ignore", SecurityWarning)

app = Celery("cxportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
# "Current" is per thread, and pages are served by threads: this one is meant in all of them.
app.set_default()
app.autodiscover_tasks()
tracing.connect()


@worker_before_create_process.connect
def before_fork(**kwargs: Any) -> None:
    from cxportal.preload import preload

    preload()
