"""The Celery application: it makes things happen sooner, the database decides what happens.

Tasks take ids, fetch again, call an action and are safe to run twice (docs/reliability.md).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")

app = Celery("cxportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
