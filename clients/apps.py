from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClientsConfig(AppConfig):
    name = "clients"
    verbose_name = _("Clients and people")

    def ready(self) -> None:
        import clients.mails  # noqa: F401 (registers its kinds)
