"""The Celery application as the beat needs it: schedule and broker, without Django's models, which it never touches."""

from celery import Celery

app = Celery("cxportal", fixups=[])
app.config_from_object("cxportal.settings", namespace="CELERY")
