"""Signed tokens for links in mails, each good for one purpose only: preferences, stopping the weekly board.

Nothing is stored, so they can be used more than once: only for what may be done twice. What must happen once
(invitations) is a row with a hash. They are signed with SECRET_KEY; SECRET_KEY_FALLBACKS still read.

    STOP_BOARD = TokenKind("stop-weekly-board")
    token = STOP_BOARD.sign(user.pk)
    pk = STOP_BOARD.read(token)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing

MAX_LENGTH = 2000  # characters; links longer than that break in mail programs


class BadToken(ValueError):
    """Not a token of this purpose, or changed, or (`expired`) too old."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("The token has expired." if expired else "This is no token of that purpose.")
        self.expired = expired


@dataclass(frozen=True, slots=True)
class TokenKind:
    """A purpose of tokens, and for how long one can be used; None: for ever."""

    purpose: str
    max_age: timedelta | None = None

    def sign(self, value: Any) -> str:
        """A token that carries `value`, which JSON can hold. Readable by whoever has it: no secrets inside."""
        return signing.dumps(value, salt=self._salt)

    def read(self, token: str) -> Any:
        """The value that was signed. Raises BadToken for anything but a token of this purpose, in time."""
        if not 0 < len(token) <= MAX_LENGTH:
            raise BadToken
        try:
            return signing.loads(token, salt=self._salt, max_age=self.max_age)
        except signing.SignatureExpired as error:
            raise BadToken(expired=True) from error
        except (signing.BadSignature, ValueError) as error:
            raise BadToken from error

    @property
    def _salt(self) -> str:
        return f"cxportal.token.{self.purpose}"
