"""A program that asks the API with a token of somebody."""

from __future__ import annotations

from typing import Any

from django.test import Client as Browser

from clients.models import User
from clients.tokens import make_token


class Program(Browser):
    """Django's test client with a token; `send` posts JSON."""

    def __init__(self, user: User, *, scope: str = "write", **kwargs: Any) -> None:
        self.token, self.secret = make_token(user=user, name="Script", scope=scope, days=7)
        super().__init__(headers={"Authorization": f"Bearer {self.secret}"}, **kwargs)

    def send(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.post(path, body or {}, content_type="application/json", headers=headers)
