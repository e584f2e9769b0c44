"""Hands messages to the mail server, and knows at each moment what the server can have got.

Django's own backends say "sent" or raise; for a mail that must not go out twice that is too little: a connection
lost before the text was sent means *not sent*, one lost after it means *we do not know*.
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from cxportal.notifications.mail import one_line
from cxportal.notifications.retry import Severity, severity_of

logger = logging.getLogger(__name__)

# What smtplib and the socket below it raise; ValueError when the watchdog closed a TLS socket under a read.
_CONNECTION_ERRORS = (OSError, EOFError, ValueError)
_LEADING_DOT = re.compile(rb"(?m)^\.")


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
    def hand_over(self, message: EmailMessage, mark: Callable[[], bool]) -> str:
        """Gives one message to the server and returns its answer.

        `mark` is called when all before the message's text is settled, and must say whether to go on.
        Raises NotSent, Unclear or NotOurs.
        """

    def close(self) -> None:
        """Ends the connection, if any. Never raises."""


def open_outlet() -> Outlet:
    """The outlet for the configured EMAIL_BACKEND; it connects with its first message."""
    backend = get_connection()
    return SmtpOutlet(backend) if isinstance(backend, EmailBackend) else PlainOutlet(backend)


class PlainOutlet:
    """For backends that write to a folder or keep mails in memory: each message is taken whole, or not at all."""

    def __init__(self, backend: BaseEmailBackend) -> None:
        self.backend = backend

    def hand_over(self, message: EmailMessage, mark: Callable[[], bool]) -> str:
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
    """One connection for many messages, through Django's SMTP backend (which does TLS and signing in)."""

    def __init__(self, backend: EmailBackend) -> None:
        self.backend = backend
        self.handed_over = 0  # on the connection that is open

    def hand_over(self, message: EmailMessage, mark: Callable[[], bool]) -> str:
        text = message.message().as_bytes(linesep="\r\n")
        used = self.handed_over > 0
        try:
            smtp = self._introduce(message)
        except NotSent as refusal:
            # A server that ends a connection after so many messages, or after a pause, wants a new one.
            if not used or self.backend.connection is not None or refusal.stops:
                raise
            smtp = self._introduce(message)
        try:
            is_ours = mark()
        except BaseException:
            self._drop()  # it is in the middle of this mail
            raise
        if not is_ours:
            self._reset(smtp)
            raise NotOurs
        return self._give_text(smtp, text)

    def close(self) -> None:
        self.handed_over = 0
        connection, self.backend.connection = self.backend.connection, None
        if connection is not None:
            with contextlib.suppress(*_CONNECTION_ERRORS):
                _wait_at_most(connection, 2)
                connection.quit()
            connection.close()

    def _open(self) -> smtplib.SMTP:
        try:
            if self.backend.open():
                self.handed_over = 0
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
        return connection

    def _introduce(self, message: EmailMessage) -> smtplib.SMTP:
        """MAIL and RCPT: whether the server would take a message from us for this recipient."""
        smtp = self._open()
        sender = sanitize_address(message.from_email, "utf-8")
        (recipient,) = [sanitize_address(address, "utf-8") for address in message.recipients()]
        try:
            smtp.ehlo_or_helo_if_needed()
            options = ["body=8bitmime"] if smtp.has_extn("8bitmime") else []
            code, answer = smtp.mail(sender, options)
            if code != 250:
                # 552: too large. Any other final no is about the sender, which is the same for all our mail.
                severity = severity_of(code)
                about_us = severity is Severity.PERMANENT and code != 552
                raise self._refused(smtp, code, answer, Severity.SLOW if about_us else severity)
            code, answer = smtp.rcpt(recipient)
            if code not in {250, 251}:
                raise self._refused(smtp, code, answer, severity_of(code))
        except _CONNECTION_ERRORS as error:
            self._drop()
            raise NotSent(_connection_lost(error), Severity.QUICK) from error
        return smtp

    def _give_text(self, smtp: smtplib.SMTP, text: bytes) -> str:
        # However slowly the server answers, this ends before the lease does: no other worker can have the mail.
        watchdog = threading.Timer(settings.MAIL_HAND_OVER_SECONDS, _shut, [smtp])
        watchdog.daemon = True
        watchdog.start()
        try:
            try:
                code, answer = smtp.docmd("DATA")
            except _CONNECTION_ERRORS as error:
                self._drop()
                raise NotSent(_connection_lost(error), Severity.QUICK) from error
            if code != 354:
                raise self._refused(smtp, code, answer, severity_of(code))
            try:
                smtp.send(_LEADING_DOT.sub(b"..", text.removesuffix(b"\r\n")) + b"\r\n.\r\n")
                _wait_at_most(smtp, settings.MAIL_HAND_OVER_SECONDS)
                code, answer = smtp.getreply()
                _wait_at_most(smtp, self.backend.timeout)
            except _CONNECTION_ERRORS as error:
                self._drop()
                raise Unclear(_connection_lost(error)) from error
        finally:
            watchdog.cancel()
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
            code, _answer = smtp.rset()
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


def _wait_at_most(smtp: smtplib.SMTP, seconds: float | None) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _shut(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _answer(code: int, text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return one_line(f"{code} {text}")


def _connection_lost(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")
