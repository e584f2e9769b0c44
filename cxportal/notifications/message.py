"""Turns what a kind rendered into the message that goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import format_datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from cxportal.notifications.mail import Rendered, one_line
from cxportal.notifications.models import OutgoingMail

_HEADER_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]*$")

# Who a mail is from and to, and which mail it is, no kind decides.
_NOT_FOR_KINDS = {
    "auto-submitted",
    "bcc",
    "cc",
    "date",
    "from",
    "message-id",
    "mime-version",
    "return-path",
    "sender",
    "subject",
    "to",
    "x-auto-response-suppress",
}


def headers_of(mail: OutgoingMail, rendered: Rendered) -> dict[str, str]:
    """All headers of the mail but those of its MIME parts, each on one line.

    Raises ValueError for a header that is not for a kind to set.
    """
    extra = {}
    for name, value in rendered.headers.items():
        if (
            not _HEADER_NAME.match(name)
            or name.lower() in _NOT_FOR_KINDS
            or name.lower().startswith("content-")
        ):
            raise ValueError(f"a kind of mail may not set the header {name!r}")
        extra[name] = one_line(value)
    return {
        "From": one_line(settings.DEFAULT_FROM_EMAIL),
        "To": one_line(mail.to),
        "Subject": one_line(rendered.subject),
        "Date": format_datetime(timezone.now()),
        "Message-ID": mail.message_id,
        # Out-of-office replies and other robots leave our mail alone (RFC 3834; the second is Exchange's).
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **extra,
    }


def build(headers: Mapping[str, str], *, text: str, html: str = "") -> EmailMultiAlternatives:
    """The message with exactly these headers, `text` and, if any, `html` as its alternative.

    Raises BadHeaderError for a header of more than one line.
    """
    rest = {name: value for name, value in headers.items() if name not in {"From", "To", "Subject"}}
    message = EmailMultiAlternatives(
        subject=headers["Subject"],
        body=text,
        from_email=headers["From"],
        to=[headers["To"]],
        headers=rest,
    )
    if html:
        message.attach_alternative(html, "text/html")
    return message
