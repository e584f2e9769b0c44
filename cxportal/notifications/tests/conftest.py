from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction

from cxportal.notifications import mail as mail_module
from cxportal.notifications.mail import MailKind, Rendered, queue, register
from cxportal.notifications.models import OutgoingMail


@dataclass
class Letters:
    """A kind of mail for tests, and a way to queue mails of it. What the kind says and refuses can be changed."""

    says: str = "Good news"
    refused: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    kind: MailKind = field(init=False)

    def __post_init__(self) -> None:
        self.kind = register(MailKind("test.letter", render=self._render, why_not=self._why_not))

    def _render(self, mail: OutgoingMail) -> Rendered:
        if mail.to in self.broken:
            raise LookupError(f"no template for {mail.to}")
        subject = mail.data.get("subject", "News")
        return Rendered(subject, f"{self.says}\n", f"<p>{self.says}</p>", headers=self.headers)

    def _why_not(self, mail: OutgoingMail) -> str:
        return self.refused.get(mail.to, "")

    def queue(self, *names: str, **fields: Any) -> OutgoingMail:
        """Queues a mail to NAME@example.com for each name, in this order, and returns the last."""
        for name in names:
            with transaction.atomic():
                mail = queue(self.kind, key=name, to=f"{name}@example.com", **fields)
        assert mail is not None
        return mail


@pytest.fixture
def letters() -> Iterator[Letters]:
    known = dict(mail_module._kinds)
    yield Letters()
    mail_module._kinds.clear()
    mail_module._kinds.update(known)
