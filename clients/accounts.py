"""How django-allauth behaves here: nobody signs up by themselves, and no mail is sent inside a request."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from clients import actions
from clients.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: User, password: str) -> None:
        """Every way to a new password ends here: change, reset, and the first one."""
        actions.set_password(user=user, password=password)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Nothing: `set_password` queued the mail about it already, in the transaction of the change."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        # Would talk to the mail server inside the request. Mails of ours are kinds, see clients/mails.py.
        raise NotImplementedError(f"no mail for {template_prefix}")
