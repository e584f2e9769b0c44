from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "feedback"
    verbose_name = _("Questions and answers")

    def ready(self) -> None:
        from feedback import cards, mails, subscribers  # noqa: F401  (what makes itself known on import)
