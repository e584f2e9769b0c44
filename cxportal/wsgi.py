import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")

logging.captureWarnings(True)  # lines like all others
application = get_wsgi_application()

from cxportal.checks import refuse_unsafe  # noqa: E402

refuse_unsafe()
