"""A real SMTP server for tests: records what it accepts, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

Hook = Callable[[str], None]

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells each line of each conversation


@dataclass
class SmtpServer:
    """Listens on 127.0.0.1:`port`; what it accepted is in `accepted`, as (recipient, message).

    `rcpt` and `data` answer for a recipient address instead of "250 OK": an SMTP reply, "drop" (the connection
    ends without an answer), "hang" (no answer ever), or "take and drop" (accepted, but the answer is lost).
    `before` is called with a phase ("rcpt", "data", "accepted") before the server answers in it.
    """

    accepted: list[tuple[str, EmailMessage]] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    mail_from: str = ""
    greeting: str = ""
    messages_per_connection: int = 0
    delay: float = 0  # seconds before it answers to a message's text
    before: Hook = lambda phase: None
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.accepted]

    def message_ids(self) -> list[str]:
        return [message["Message-ID"] for _, message in self.accepted]

    def texts(self) -> list[str]:
        bodies = [message.get_body(("plain",)) for _, message in self.accepted]
        return [body.get_content().replace("\r\n", "\n") for body in bodies if body is not None]

    # aiosmtpd's own names from here on.

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail_from:
            return self.mail_from
        if self.messages_per_connection and session.count >= self.messages_per_connection:  # type: ignore[attr-defined]
            await server.push("421 enough for one connection")
            return await self._drop(server)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.to_thread(self.before, "rcpt")
        reply = self.rcpt.get(address, "")
        if reply == "drop":
            return await self._drop(server)
        if reply == "hang":
            await asyncio.sleep(3600)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[0]
        await asyncio.to_thread(self.before, "data")
        reply = self.data.get(recipient, "")
        if self.delay:
            await asyncio.sleep(self.delay)
        if reply == "drop":
            return await self._drop(server)
        if reply == "hang":
            await asyncio.sleep(3600)
        if reply and reply != "take and drop":
            return reply
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.accepted.append((recipient, message))
        session.count += 1  # type: ignore[attr-defined]
        await asyncio.to_thread(self.before, "accepted")
        if reply == "take and drop":
            return await self._drop(server)
        return "250 accepted"

    async def _drop(self, server: SMTP) -> str:
        assert server.transport is not None
        server.transport.close()
        await asyncio.sleep(3600)
        return ""

    def _connection(self) -> SMTP:
        self.connections += 1
        protocol = _Protocol(self, hostname="sink.example", enable_SMTPUTF8=False, loop=self._loop)
        protocol.refusal = self.greeting
        return protocol

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            listening = self._loop.create_server(self._connection, "127.0.0.1", self.port)
            self._server = self._loop.run_until_complete(listening)
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="smtp-sink", daemon=True)
        self._thread.start()
        assert ready.wait(5)

    def stop(self) -> None:
        async def close() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


class _Protocol(SMTP):
    refusal = ""

    def connection_made(self, transport: Any) -> None:
        if self.refusal:
            transport.write(f"{self.refusal}\r\n".encode())
            transport.close()
            return
        super().connection_made(transport)
        self.session.count = 0  # type: ignore[union-attr]


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp(smtp_server: SmtpServer, settings: Settings) -> SmtpServer:
    """The mail server the portal is set to use in this test."""
    use_smtp(settings, smtp_server)
    return smtp_server


def use_smtp(settings: Settings, server: SmtpServer) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port
