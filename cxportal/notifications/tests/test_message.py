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
from cxportal.notifications.message import Letter, headers_of
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from tests.smtp import SmtpServer

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda words: "=?" not in words
)
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
    letter = Letter(headers_of(mail, rendered), rendered.text, rendered.html)
    return parsed(letter.as_bytes())


def parsed(message: bytes) -> EmailMessage:
    received = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(received, EmailMessage)
    assert not received.defects
    return received


def told(message: EmailMessage) -> tuple[dict[str, str], list[str]]:
    """Its headers and its texts: the same whoever put it together."""
    mime = {"mime-version", "content-type", "content-transfer-encoding"}
    headers = {name: " ".join(value.split()) for name, value in message.items() if name.lower() not in mime}
    parts = [part for part in message.walk() if not part.is_multipart()]
    return headers, [part.get_content().replace("\r\n", "\n").rstrip("\n") for part in parts]


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
    assert received == one_line(words)


@given(WORDS, WORDS)
def test_both_ways_to_put_a_mail_together_say_the_same(subject: str, words: str) -> None:
    mail = OutgoingMail(to="anna@example.com", message_id="<1@example.com>")
    letter = Letter(headers_of(mail, Rendered(subject, words)), words, f"<p>{words}</p>")
    assert told(parsed(letter.as_bytes())) == told(parsed(letter.as_django().message().as_bytes()))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")), st.booleans())
def test_any_text_arrives_as_it_is(words: str, has_html: bool) -> None:
    message = as_received(Rendered("News", words, f"<p>{words}</p>" if has_html else ""))
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == words.rstrip("\n")


def test_lines_too_long_for_smtp_are_broken_and_arrive_whole() -> None:
    words = "слово " * 500
    rendered = Rendered("News", words, f"<p>{words}</p>")
    letter = Letter(
        headers_of(OutgoingMail(to="a@example.com", message_id="<1@example.com>"), rendered), words
    )
    assert max(map(len, letter.as_bytes().split(b"\r\n"))) < 1000
    assert as_received(rendered).get_body(("html",)).get_content().strip() == f"<p>{words}</p>"  # type: ignore[union-attr]


@pytest.mark.django_db
def test_a_line_that_is_a_dot_does_not_end_a_mail(letters: Letters, smtp: SmtpServer) -> None:
    letters.says = "One\n.\n..\n.two"
    letters.queue("anna", "boris")
    assert send_due() == 2
    assert smtp.texts() == ["One\n.\n..\n.two\n"] * 2


@pytest.mark.django_db
def test_an_address_that_is_none_fails_alone(letters: Letters, smtp: SmtpServer) -> None:
    mail = letters.queue("anna")
    letters.queue("boris")
    OutgoingMail.objects.filter(pk=mail.pk).update(to="no address")
    assert send_due() == 1
    mail.refresh_from_db()
    assert mail.state == "failed"


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
