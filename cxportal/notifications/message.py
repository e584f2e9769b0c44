"""Turns what a kind rendered into the message that goes over the wire."""

from __future__ import annotations

import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.utils import timezone

from cxportal.notifications.mail import Rendered, one_line
from cxportal.notifications.models import OutgoingMail

_HEADER_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]*$")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 998  # RFC 5322, 2.1.1, without CRLF
_FOLD_AT = 78

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
        lower = name.lower()
        if not _HEADER_NAME.match(name) or lower in _NOT_FOR_KINDS or lower.startswith("content-"):
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


@dataclass(frozen=True)
class Letter:
    """A mail as it goes out: exactly these headers, the text and, if any, the HTML as its alternative."""

    headers: Mapping[str, str]
    text: str
    html: str = ""

    @property
    def sender(self) -> str:
        """The address of the envelope. Raises ValueError for what is none."""
        return _address(self.headers["From"])

    @property
    def recipient(self) -> str:
        """The address of the envelope. Raises ValueError for what is none."""
        return _address(self.headers["To"])

    def as_bytes(self) -> bytes:
        """The message with CRLF, as after DATA but for the leading dots.

        Put together here because `email` takes a large part of what a mail costs for it. Raises ValueError for a
        header of more than one line.
        """
        lines = [_header_line(name, value) for name, value in self.headers.items()]
        lines.append("MIME-Version: 1.0")
        head = "\r\n".join(lines).encode("ascii")
        if not self.html:
            return head + b"\r\n" + _part("plain", self.text)
        boundary = f"=_{secrets.token_hex(16)}".encode()
        return b"".join(
            [
                head,
                b'\r\nContent-Type: multipart/alternative; boundary="' + boundary + b'"\r\n',
                b"\r\n--" + boundary + b"\r\n" + _part("plain", self.text),
                b"\r\n--" + boundary + b"\r\n" + _part("html", self.html),
                b"\r\n--" + boundary + b"--\r\n",
            ]
        )

    def as_django(self) -> EmailMultiAlternatives:
        """The same for Django's own backends."""
        own = {"From", "To", "Subject"}
        message = EmailMultiAlternatives(
            subject=self.headers["Subject"],
            body=self.text,
            from_email=self.headers["From"],
            to=[self.headers["To"]],
            headers={name: value for name, value in self.headers.items() if name not in own},
        )
        if self.html:
            message.attach_alternative(self.html, "text/html")
        return message


@lru_cache(maxsize=1000)
def _address(value: str) -> str:
    """The bare address in ASCII, a domain in another alphabet in its own form for that."""
    address = parseaddr(sanitize_address(value, "utf-8"))[1]
    if not address.isascii() or "@" not in address:
        raise ValueError(f"{value!r} is not an address mail can go to")
    return address


@lru_cache(maxsize=1000)
def _header_line(name: str, value: str) -> str:
    if _LINE_ENDS.search(value):
        raise ValueError(f"the header {name} has more than one line")
    if name in {"From", "To", "Reply-To"}:
        display, _ = parseaddr(value)
        return f"{name}: {formataddr((display, _address(value)))}"
    is_plain = value.isascii() and "=?" not in value  # which would be read as an encoded word
    if is_plain and len(name) + 2 + len(value) <= _FOLD_AT:
        return f"{name}: {value}"
    charset = "us-ascii" if is_plain else "utf-8"
    folded = Header(value, charset, maxlinelen=_FOLD_AT, header_name=name).encode(linesep="\r\n")
    return f"{name}: {folded}"


def _part(subtype: str, text: str) -> bytes:
    body = _LINE_ENDS.sub("\r\n", text).encode()
    encoding = "7bit" if body.isascii() else "8bit"
    if max(map(len, body.split(b"\r\n"))) > _LONGEST_LINE:
        encoding = "quoted-printable"
        body = _LINE_ENDS.sub("\r\n", binascii.b2a_qp(body, istext=True).decode("ascii")).encode()
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + body
