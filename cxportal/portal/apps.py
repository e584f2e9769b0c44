from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "cxportal.portal"
    label = "portal"
    verbose_name = _("Weekly boards")

    def ready(self) -> None:
        # Every process that uses Django has the one Celery application, for @shared_task.
        import cxportal.celery
        import cxportal.checks  # noqa: F401
        from cxportal.portal.weekly import subscriptions  # noqa: F401 (registers itself)
