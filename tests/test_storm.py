"""The storm's own counting: it sees what is lost, what came twice, and what was explained."""

from __future__ import annotations

import pytest

from cxportal.notifications.models import MailAttempt, OutgoingMail
from cxportal.notifications.sending import send_due
from tests.smtp import SmtpServer
from tests.storm.counting import Result, line
from tests.test_killed_workers import people_with_mail

pytestmark = pytest.mark.django_db(transaction=True)


def sent(number: int) -> set[str]:
    keys = {f"storm:{person.pk}" for person in people_with_mail(number)}
    assert send_due() == number
    return keys


def test_each_once_meets_the_bar(smtp: SmtpServer) -> None:
    result = Result("kills", faults=100)
    result.count(sent(3), smtp)
    assert result.missed == []
    assert line(result).startswith("| kills | 3 | 100 | 0 | 0 | 0 | – |")


def test_what_the_server_never_took_is_lost(smtp: SmtpServer) -> None:
    keys = sent(3)
    smtp.accepted.pop()
    result = Result("kills")
    result.count(keys, smtp)
    assert (result.lost, result.missed) == (1, ["1 lost"])


def test_twice_is_explained_by_having_been_uncertain_alone(smtp: SmtpServer) -> None:
    keys = sent(2)
    smtp.accepted += smtp.accepted
    mail = OutgoingMail.objects.first()
    assert mail is not None
    MailAttempt.objects.create(mail=mail, outcome="uncertain")
    result = Result("kills", faults=100)
    result.count(keys, smtp)
    assert (result.twice, result.unexplained, result.uncertain) == (2, 1, 1)
    assert result.missed == ["1 twice without having been uncertain"]
    assert "1 in 2" in line(result)
