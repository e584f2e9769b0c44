"""The conversations of a load: each a question of a client that waits for its answer.

What a clock's values are is computed by the arithmetic of the clocks, for some hundreds of moments per answer
policy; the database then makes the rows from these. So a seeded clock is what `start_thread` would have written.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction

from clients.models import Client, Membership
from feedback import clock as arithmetic
from feedback.actions import new_clock
from feedback.clock import Rung
from feedback.models import Message, Thread
from feedback.policies import policy_for
from feedback.policy import Policy
from projects.models import Project

AT_ONCE = 20_000
OPEN_MOMENTS = 500
DUE_MOMENTS = 20
MOST_AUTHORS = 20  # of one project
STEP = dt.timedelta(minutes=5)

# One statement makes the rows of a batch: their keys point at each other, and are checked at the end.
_THREADS = """
WITH place AS (
    SELECT * FROM jsonb_to_recordset(%(places)s) AS place (
        number int, client bigint, project bigint, policy int, assignees bigint[], authors bigint[]
    )
), moment AS (
    SELECT * FROM jsonb_to_recordset(%(moments)s) AS moment (
        policy int, is_due boolean, slot int, copy jsonb,
        received_at timestamptz, due_at timestamptz, next_rung_at timestamptz
    )
), fresh AS MATERIALIZED (
    SELECT n, n / %(place_count)s AS round,
           (n + %(seed)s) * 2654435761 %% 4294967296 / 1024 AS chance,
           nextval(pg_get_serial_sequence('feedback_thread', 'id')) AS thread,
           nextval(pg_get_serial_sequence('feedback_message', 'id')) AS message,
           nextval(pg_get_serial_sequence('feedback_answerclock', 'id')) AS clock,
           place.client, place.project, place.assignees,
           place.authors[n / %(place_count)s %% array_length(place.authors, 1) + 1] AS author,
           moment.copy, moment.received_at, moment.due_at, moment.next_rung_at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    JOIN place ON place.number = n %% %(place_count)s
    JOIN moment ON moment.policy = place.policy
        AND moment.is_due = (n < %(due_before)s)
        AND moment.slot = n / %(place_count)s
            %% CASE WHEN n < %(due_before)s THEN %(due_moments)s ELSE %(open_moments)s END
    ORDER BY n
), thread AS (
    INSERT INTO feedback_thread (
        id, uid, client_id, project_id, kind, urgency, subject, status, audience, author_id, assignee_id,
        created_at, last_message_at
    )
    SELECT thread, md5('thread:' || %(seed)s || ':' || n)::uuid, client, project,
           (ARRAY['question', 'question', 'request', 'complaint', 'idea'])[chance %% 5 + 1],
           CASE WHEN chance %% 20 = 0 THEN 'urgent' ELSE 'normal' END,
           (%(subjects)s::text[])[chance %% array_length(%(subjects)s::text[], 1) + 1] || ' ' || n + 1,
           'open', CASE chance %% 16 WHEN 1 THEN 'owners' WHEN 2 THEN 'author' ELSE 'company' END, author,
           CASE WHEN chance %% 10 > 0 THEN assignees[round / 3 %% array_length(assignees, 1) + 1] END,
           received_at, received_at
    FROM fresh
), message AS (
    INSERT INTO feedback_message (
        id, uid, thread_id, author_id, by_client, is_note, via, body, received_at, stored_at, clock_id
    )
    SELECT message, md5('message:' || %(seed)s || ':' || n)::uuid, thread, author, true, false, 'portal',
           %(body)s, received_at, received_at, clock
    FROM fresh
), clock AS (
    INSERT INTO feedback_answerclock (
        id, thread_id, message_id, policy, started_at, due_at, first_due_at, rung, next_rung_at, ending,
        end_reason
    )
    SELECT clock, thread, message, copy, received_at, due_at, due_at, 0, next_rung_at, '', '' FROM fresh
), follower AS (
    INSERT INTO feedback_thread_followers (thread_id, user_id) SELECT thread, author FROM fresh
)
INSERT INTO notifications_event (kind, at, actor_id, client_id, project_id, thread_id, is_internal, data)
SELECT 'thread.started', received_at, author, client, project, thread, false,
       jsonb_build_object('message', message, 'by_client', true)
FROM fresh
"""
SUBJECTS = (
    "When will the windows come?",
    "Can we move the socket?",
    "The stairs are loud",
    "An idea for the garden",
)
BODY = (
    "We were on the site yesterday evening and looked at it together. Could you tell us **what comes next**, "
    "and whether we have to decide something before Friday?"
)


def places_of(companies: list[Client]) -> list[dict[str, Any]]:
    """Where conversations are held: each project, and each company for itself; with who asks and who answers."""
    writers: dict[int, list[Membership]] = {}
    roles = [Membership.Role.OWNER, Membership.Role.MEMBER]
    memberships = Membership.objects.filter(client__in=companies, role__in=roles).order_by("pk")
    for membership in memberships.prefetch_related("projects"):
        writers.setdefault(membership.client_id, []).append(membership)
    company_of = {company.pk: company for company in companies}
    places: list[dict[str, Any]] = []
    projects = Project.objects.filter(client__in=companies).prefetch_related("team").order_by("pk")
    for project in projects:
        authors = [
            one.user_id
            for one in writers[project.client_id]
            if one.role == Membership.Role.OWNER or project in one.projects.all()
        ]
        team = sorted(person.pk for person in project.team.all())
        places.append(_place(company_of[project.client_id], project.pk, team, authors))
    for company in companies:
        authors = [one.user_id for one in writers[company.pk]]
        places.append(_place(company, None, [company.manager_id], authors))
    return places


def make_threads(
    places: list[dict[str, Any]],
    companies: list[Client],
    *,
    count: int,
    due: int,
    seed: int,
    now: dt.datetime,
    tell: Callable[[str], None],
) -> None:
    """So many conversations, each batch in a transaction of its own. The first `due` of them are to be reminded of."""
    first = Thread.objects.filter(client__in=companies).count()  # of an earlier load
    moments = [moment for policy, client in _promises(companies) for moment in _moments(policy, client, now)]
    values: dict[str, Any] = {
        "places": json.dumps([place | {"number": number} for number, place in enumerate(places)]),
        "place_count": len(places),
        "moments": json.dumps(moments),
        "open_moments": OPEN_MOMENTS,
        "due_moments": DUE_MOMENTS,
        "due_before": first + due,
        "seed": seed % 1_000_000,
        "subjects": list(SUBJECTS),
        "body": BODY,
    }
    for made in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - made)
        batch = {"first": first + made, "last": first + made + size - 1}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_THREADS, values | batch)
        tell(f"threads: {made + size} of {count}")


def _place(company: Client, project: int | None, assignees: list[int], authors: list[int]) -> dict[str, Any]:
    return {
        "client": company.pk,
        "project": project,
        "policy": company.answer_policy_id or 0,
        "assignees": assignees,
        "authors": authors[:MOST_AUTHORS],
    }


def _promises(companies: list[Client]) -> list[tuple[int, Client]]:
    """Each answer policy (0: none) with a company that has it."""
    return list({company.answer_policy_id or 0: company for company in companies}.items())


def _moments(policy: int, client: Client, now: dt.datetime) -> Iterator[dict[str, Any]]:
    """When a conversation may have begun, and what clock it got then."""
    promise = policy_for(client)
    within = dt.timedelta(minutes=promise.minutes / 4)
    for slot in range(
        OPEN_MOMENTS
    ):  # less than a quarter of the time has passed: half of it is the first rung
        begun = now - within * ((slot + 1) / (OPEN_MOMENTS + 1))
        yield _moment(policy, client, begun) | {"is_due": False, "slot": slot}
    for slot, begun in enumerate(islice(_due_starts(promise, now), DUE_MOMENTS)):
        yield _moment(policy, client, begun) | {"is_due": True, "slot": slot}


def _moment(policy: int, client: Client, begun: dt.datetime) -> dict[str, Any]:
    thread = Thread(client=client)
    clock = new_clock(thread, Message(thread=thread, received_at=begun), now=begun)
    assert clock.next_rung_at is not None
    return {
        "policy": policy,
        "copy": clock.policy,
        "received_at": begun.isoformat(),
        "due_at": clock.due_at.isoformat(),
        "next_rung_at": clock.next_rung_at.isoformat(),
    }


def _due_starts(policy: Policy, now: dt.datetime) -> Iterator[dt.datetime]:
    """Starts of which the first reminder is due at `now`, and the second not yet."""
    begun = now
    while True:
        begun -= STEP
        share = arithmetic.share_used(policy, begun, arithmetic.due_at(policy, begun), now)
        if share >= Rung.THREE_QUARTERS.share:
            return
        if share > Rung.HALF.share:
            yield begun
