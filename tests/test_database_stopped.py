"""A PostgreSQL of the test's own is stopped immediately while mail is being sent, and started again."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Iterator

import psycopg2
import pytest
from django.utils import timezone

from cxportal.lib.env import database_settings
from tests.smtp import SmtpServer
from tests.storm.house import House, a_house
from tests.test_killed_workers import people_with_mail
from tests.workers import environment, start_run_due

MAILS = 12


@pytest.fixture
def house() -> Iterator[House]:
    with a_house(with_valkey=False) as house:
        yield house


def move_in(house: House) -> None:
    """What is in the test's database is in the house's own as well."""
    tools = house.places.postgresql_bin
    dump = subprocess.run(
        [str(tools / "pg_dump"), "--no-owner", "--no-privileges", environment()["DATABASE_URL"]],
        check=True,
        capture_output=True,
    )
    load = [str(tools / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", house.postgresql.url]
    subprocess.run(load, input=dump.stdout, check=True, capture_output=True)


def ask(house: House, sql: str) -> list[tuple[object, ...]]:
    parts = database_settings(house.postgresql.url)
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    own = psycopg2.connect(**{name: parts[key] for name, key in names.items()})
    try:
        own.autocommit = True
        with own.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        own.close()


@pytest.mark.django_db(transaction=True)
def test_a_database_stopped_immediately_loses_nothing_and_sends_nothing_twice(
    house: House, smtp_server: SmtpServer
) -> None:
    people_with_mail(MAILS)
    move_in(house)
    seen: list[str] = []

    def before(now: str) -> None:
        seen.append(now)
        if now == "data" and seen.count("data") == 4:  # the fourth is being handed over
            house.stop_database_immediately()
            house.start_database()

    smtp_server.before = before
    first = start_run_due(smtp_server, DATABASE_URL=house.postgresql.url)
    output, _ = first.communicate(timeout=60)
    assert seen.count("data") >= 4, output.decode()
    states = ask(house, "SELECT state FROM notifications_outgoingmail ORDER BY id LIMIT 4")
    assert states == [("sent",)] * 4, "the worker waited for the database, and recorded what the server said"
    ask(house, "UPDATE notifications_outgoingmail SET lease_until = lease_until - interval '1 hour'")
    tomorrow = (timezone.now() + dt.timedelta(days=1)).isoformat()
    again = start_run_due(smtp_server, "--at", tomorrow, DATABASE_URL=house.postgresql.url)
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output.decode()
    states = ask(house, "SELECT state, count(*) FROM notifications_outgoingmail GROUP BY state")
    assert states == [("sent", MAILS)]
    assert len(smtp_server.accepted) == len(set(smtp_server.message_ids())) == MAILS
    assert ask(house, "SELECT 1 FROM notifications_mailattempt WHERE outcome = 'uncertain'") == []
