"""Hands messages to the mail server, and knows at each moment what the server can have got.

Django's own backends say "sent" or raise; for a mail that must not go out twice that is too little: a connection
lost before the text was sent means *not sent*, one lost after it means *we do not know*.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import time
from collections.abc import Callable
from typing import Protocol

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from cxportal.notifications.mail import one_line
from cxportal.notifications.message import Letter
from cxportal.notifications.retry import Severity, severity_of

# What smtplib and the socket below it raise.
_CONNECTION_ERRORS = (OSError, EOFError)
_LEADING_DOT = re.compile(rb"(?m)^\.")
_LONGEST_LINE = 8192


class NotSent(Exception):
    """The server has nothing of this mail. `stops` says that others will not fare better now."""

    def __init__(self, detail: str, severity: Severity, *, stops: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.severity = severity
        self.stops = stops


class Unclear(Exception):
    """The mail was handed over, whether the server took it is not known."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotOurs(Exception):
    """`mark` said no: another worker has this mail now."""


class Outlet(Protocol):
    def hand_over(self, letter: Letter, mark: Callable[[], bool], meanwhile: Callable[[], None]) -> str:
        """Gives one mail to the server and returns its answer.

        `mark` is called when all before the text is settled, and must say whether to go on; `meanwhile`, if
        there is time, while the server is busy with the text, and must not raise. Raises NotSent, Unclear or
        NotOurs, and ValueError for a letter that cannot be sent as it is.
        """

    def close(self) -> None:
        """Ends the connection, if any. Never raises."""


def open_outlet() -> Outlet:
    """The outlet for the configured EMAIL_BACKEND; it connects with its first mail."""
    backend = get_connection()
    return SmtpOutlet(backend) if isinstance(backend, EmailBackend) else PlainOutlet(backend)


class PlainOutlet:
    """For backends that write to a folder or keep mails in memory: each mail is taken whole, or not at all."""

    def __init__(self, backend: BaseEmailBackend) -> None:
        self.backend = backend

    def hand_over(self, letter: Letter, mark: Callable[[], bool], meanwhile: Callable[[], None]) -> str:
        message = letter.as_django()
        if not mark():
            raise NotOurs
        try:
            self.backend.send_messages([message])
        except OSError as error:
            raise NotSent(one_line(str(error)), Severity.QUICK, stops=True) from error
        return ""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.backend.close()


class SmtpOutlet:
    """One connection for many mails, through Django's SMTP backend (which does TLS and signing in)."""

    def __init__(self, backend: EmailBackend) -> None:
        self.backend = backend
        self.replies: _Replies | None = None
        self.handed_over = 0  # on the connection that is open

    def hand_over(self, letter: Letter, mark: Callable[[], bool], meanwhile: Callable[[], None]) -> str:
        text = _LEADING_DOT.sub(b"..", letter.as_bytes().removesuffix(b"\r\n")) + b"\r\n.\r\n"
        used = self.handed_over > 0
        try:
            smtp = self._introduce(letter)
        except NotSent as refusal:
            # A server that ends a connection after so many messages, or after a pause, wants a new one.
            if not used or self.backend.connection is not None or refusal.stops:
                raise
            smtp = self._introduce(letter)
        try:
            is_ours = mark()
        except BaseException:
            self._drop()  # it is in the middle of this mail
            raise
        if not is_ours:
            self._reset(smtp)
            raise NotOurs
        return self._give_text(smtp, text, meanwhile)

    def close(self) -> None:
        connection = self.backend.connection
        if connection is not None:
            with contextlib.suppress(*_CONNECTION_ERRORS):
                self._allow(connection, 2)
                connection.quit()
        self._drop()

    def _open(self) -> smtplib.SMTP:
        try:
            is_new = self.backend.open()
        except smtplib.SMTPResponseException as error:
            # Greeted with an error, or our sign-in was refused: a matter of settings, not of this mail.
            severity = Severity.QUICK if 400 <= error.smtp_code < 500 else Severity.SLOW
            raise NotSent(_answer(error.smtp_code, error.smtp_error), severity, stops=True) from error
        except smtplib.SMTPNotSupportedError as error:
            raise NotSent(one_line(str(error)), Severity.SLOW, stops=True) from error
        except _CONNECTION_ERRORS as error:
            raise NotSent(_connection_lost(error), Severity.QUICK, stops=True) from error
        connection = self.backend.connection
        assert connection is not None  # open() raises, or leaves one
        if is_new:
            self.handed_over = 0
            assert connection.sock is not None
            self.replies = _Replies(connection.sock)
            connection.file = self.replies
        return connection

    def _introduce(self, letter: Letter) -> smtplib.SMTP:
        """MAIL and RCPT: whether the server would take a mail from us for this recipient."""
        sender, recipient = letter.sender, letter.recipient
        smtp = self._open()
        try:
            self._allow(smtp, settings.EMAIL_TIMEOUT)
            smtp.ehlo_or_helo_if_needed()
            code, answer = smtp.mail(sender, ["body=8bitmime"] if smtp.has_extn("8bitmime") else [])
            if code != 250:
                # 552: too large. Any other final no is about the sender, which is the same for all our mail.
                severity = severity_of(code)
                about_us = severity is Severity.PERMANENT and code != 552
                raise self._refused(smtp, code, answer, Severity.SLOW if about_us else severity)
            self._allow(smtp, settings.EMAIL_TIMEOUT)
            code, answer = smtp.rcpt(recipient)
            if code not in {250, 251}:
                raise self._refused(smtp, code, answer, severity_of(code))
        except _CONNECTION_ERRORS as error:
            self._drop()
            raise NotSent(_connection_lost(error), Severity.QUICK) from error
        return smtp

    def _give_text(self, smtp: smtplib.SMTP, text: bytes, meanwhile: Callable[[], None]) -> str:
        try:
            self._allow(smtp, settings.EMAIL_TIMEOUT)
            code, answer = smtp.docmd("DATA")
        except _CONNECTION_ERRORS as error:
            self._drop()
            raise NotSent(_connection_lost(error), Severity.QUICK) from error
        if code != 354:
            raise self._refused(smtp, code, answer, severity_of(code))
        try:
            smtp.send(text)
            meanwhile()
            # However slowly the server answers, this ends before the lease does: no other worker can have the mail.
            self._allow(smtp, settings.MAIL_HAND_OVER_SECONDS)
            code, answer = smtp.getreply()
        except _CONNECTION_ERRORS as error:
            self._drop()
            raise Unclear(_connection_lost(error)) from error
        if 400 <= code < 600:
            raise self._refused(smtp, code, answer, severity_of(code))
        if code != 250:
            self._drop()
            raise Unclear(_answer(code, answer))
        self.handed_over += 1
        return _answer(code, answer)

    def _refused(self, smtp: smtplib.SMTP, code: int, answer: bytes, severity: Severity) -> NotSent:
        if code == 421:  # the server closes the connection by itself
            self._drop()
        else:
            self._reset(smtp)
        return NotSent(_answer(code, answer), severity)

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            self._allow(smtp, settings.EMAIL_TIMEOUT)
            code, _ = smtp.rset()
        except _CONNECTION_ERRORS:
            code = 0
        if code != 250:
            self._drop()

    def _drop(self) -> None:
        """Forgets a connection that is of no more use, without a word to the server."""
        self.handed_over = 0
        connection, self.backend.connection = self.backend.connection, None
        if connection is not None:
            with contextlib.suppress(*_CONNECTION_ERRORS):
                connection.close()

    def _allow(self, smtp: smtplib.SMTP, seconds: float) -> None:
        """So long the server has from now on."""
        if smtp.sock is not None:
            smtp.sock.settimeout(seconds)
        if self.replies is not None:
            self.replies.deadline = time.monotonic() + seconds


class _Replies:
    """Reads the server's answers until a deadline: a server that sends a byte now and then gains no time by it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unread = b""
        self.deadline = 0.0

    def readline(self, limit: int = _LONGEST_LINE) -> bytes:
        while b"\n" not in self.unread and len(self.unread) < limit:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self.sock.settimeout(left)
            received = self.sock.recv(4096)
            if not received:
                break
            self.unread += received
        end = min(self.unread.find(b"\n") + 1 or len(self.unread), limit)
        line, self.unread = self.unread[:end], self.unread[end:]
        return line

    def close(self) -> None:
        """The socket is closed by who opened it."""


def _answer(code: int, text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return one_line(f"{code} {text}")


def _connection_lost(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")
