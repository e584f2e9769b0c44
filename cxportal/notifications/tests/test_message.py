"""What goes over the wire: no header comes from somebody's words."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from cxportal.notifications.mail import Rendered, one_line
from cxportal.notifications.message import build, headers_of
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from tests.smtp import SmtpServer

EVIL = [
    "News\r\nBcc: evil@example.com",
    "News\nBcc: evil@example.com",
    "News\rBcc: evil@example.com",
    "News\x0bBcc: evil@example.com",
    "News\u2028Bcc: evil@example.com",
    "News\x85Bcc: evil@example.com",
    "=?utf-8?q?News=0D=0ABcc:_evil@example.com?=",
    "News\r\n\r\n<script>alert(1)</script>",
    "News\x00Bcc: evil@example.com",
]


def as_received(rendered: Rendered) -> EmailMessage:
    mail = OutgoingMail(to="anna@example.com", message_id="<1@example.com>")
    message = build(headers_of(mail, rendered), text=rendered.text, html=rendered.html)
    received = email.message_from_bytes(message.message().as_bytes(), policy=email.policy.default)
    assert isinstance(received, EmailMessage)
    return received


@pytest.mark.parametrize("words", EVIL)
def test_words_in_a_subject_start_no_header(words: str) -> None:
    message = as_received(Rendered(words, "text"))
    assert message["Bcc"] is None
    assert message.get_content().strip() == "text"


@pytest.mark.django_db
@pytest.mark.parametrize("words", [words for words in EVIL if "\x00" not in words])
def test_words_in_a_subject_reach_no_other_mailbox(letters: Letters, smtp: SmtpServer, words: str) -> None:
    letters.queue("anna", subject=words)
    send_due()
    assert smtp.recipients() == ["anna@example.com"]
    assert smtp.accepted[0][1]["Bcc"] is None


@given(st.text())
def test_any_words_make_one_line(words: str) -> None:
    line = one_line(words)
    assert len(line.splitlines()) <= 1
    assert line == one_line(line)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_subject_arrives_as_it_is_on_one_line(words: str) -> None:
    received = " ".join(str(as_received(Rendered(words, "text"))["Subject"] or "").split())
    if "=?" not in words:  # looks like an encoded word, which a reader's program decodes
        assert received == " ".join(one_line(words).split())


@pytest.mark.parametrize(
    "name",
    ["From", "to", "BCC", "Subject", "Message-ID", "Content-Type", "Auto-Submitted", "X\r\nBcc", "X:", ""],
)
def test_a_kind_sets_no_header_that_says_who_or_what_a_mail_is(name: str) -> None:
    with pytest.raises(ValueError, match="may not set"):
        as_received(Rendered("News", "text", headers={name: "evil@example.com"}))


def test_a_kind_may_add_headers_of_its_own(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Бюро <portal@example.com>"
    message = as_received(Rendered("Новости", "text", "<p>html</p>", {"List-Id": "a\r\nBcc: b"}))
    assert message["List-Id"] == "a Bcc: b"
    assert message["Bcc"] is None
    assert message["From"] == "Бюро <portal@example.com>"
    assert message["Subject"] == "Новости"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
