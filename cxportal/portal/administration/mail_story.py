"""Why a mail came or did not: from what happened to each mail made of it, its attempts, and who got none and why.

What was queued stands in the tables of mails and reminders and is told from there. Who was left out when words
were posted is worked out from the rules of `feedback.mails`; where those ask about the present, the reason says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.models import User
from cxportal.notifications.models import Event, OutgoingMail
from cxportal.notifications.wording import in_words
from cxportal.portal.models import SentBoard
from feedback import reasons
from feedback.audience import readers_of
from feedback.facts import rung_words
from feedback.models import AnswerClock, Message, Reminder, Thread
from projects.models import Project

MOST = 60  # of each sort, the latest
FOLLOWING = ("thread.followed", "thread.unfollowed")
State = OutgoingMail.State

KINDS: dict[str, str | Promise] = {
    "thread.message": gettext_lazy("words of a client"),
    "thread.answer": gettext_lazy("our answer"),
    "reminder": gettext_lazy("reminder"),
    "weekly_board": gettext_lazy("weekly board"),
    "account.password_reset": gettext_lazy("link for a new password"),
    "account.password_changed": gettext_lazy("password changed"),
    "account.address_changed": gettext_lazy("address changed"),
}


@dataclass(frozen=True)
class Try:
    """One attempt, in the reader's words as far as they are ours."""

    at: dt.datetime
    outcome: str
    answer: str


@dataclass(frozen=True)
class Line:
    """One mail to one person and what became of it, or, without `mail`, that none was made and `why`."""

    at: dt.datetime
    what: str
    person: User | None
    state: str
    why: str = ""
    thread: Thread | None = None
    mail: OutgoingMail | None = None
    attempts: list[Try] = field(default_factory=list)

    @property
    def is_trouble(self) -> bool:
        return self.mail is not None and self.mail.state in {State.FAILED, State.SUPPRESSED, State.UNCERTAIN}


@dataclass(frozen=True)
class Happening:
    """Something that may send mail, and the lines about each person."""

    at: dt.datetime
    title: str
    lines: list[Line]


# --- One person ---------------------------------------------------------------------------------


def story_of_person(person: User, *, words: str = "") -> list[Line]:
    """What the person got and did not get, the latest first; with `words` only about conversations that hold them.

    A constant number of queries. The latest MOST of mails, of messages, of reminders and of weekly boards.
    """
    threads = _around(person, words)
    messages = list(
        Message.objects.public()
        .filter(thread__in=threads)
        .select_related("thread__client", "thread__project", "author")
        .order_by("-stored_at", "-pk")[:MOST]
    )
    reminders = Reminder.objects.filter(user=person).select_related("clock__thread").order_by("-at", "-pk")
    if words:
        reminders = reminders.filter(clock__thread__in=threads)
    reminders_of = list(reminders[:MOST])
    mails = _mails_of(person, messages, reminders_of if words else None)
    lines = _lines_of(mails)
    told = {mail.data.get("message") for mail in mails} | set(_told(messages, person))
    lines += _left_out(person, [message for message in messages if message.pk not in told])
    lines += [_not_reminded(row) for row in reminders_of if row.mail_id is None]
    if not words:
        lines += [_no_board(row) for row in _boards_without_mail(person)]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _around(person: User, words: str) -> set[int]:
    """The ids of the latest conversations that could concern a person: of their companies, or of their own work.

    Each sort by an index of its own, so that it costs by what is theirs and not by what there is.
    """
    sorts = [Q(followers=person), Q(author=person)]
    if person.is_our_staff:
        sorts += [Q(assignee=person), *(Q(project=pk) for pk in _worked_on(person))]
    else:
        sorts += [Q(client=pk) for pk in person.memberships.values_list("client", flat=True)]
    found: QuerySet[Thread, int] | None = None
    for sort in sorts:
        threads = Thread.objects.filter(sort)
        if words:
            threads = threads.searched(words, person)
        latest = threads.order_by("-last_message_at", "-pk").values_list("pk", flat=True)[:MOST]
        found = latest if found is None else found.union(latest)
    assert found is not None
    return set(found)


def _worked_on(person: User) -> list[int]:
    """The latest projects of somebody of ours that go on."""
    projects = Project.objects.current().filter(Q(manager=person) | Q(team=person)).distinct()
    return list(projects.order_by("-pk").values_list("pk", flat=True)[:MOST])


def _mails_of(
    person: User, messages: Collection[Message], reminders: Collection[Reminder] | None
) -> list[OutgoingMail]:
    """The person's latest mails; with `reminders` only those about these messages and reminders."""
    to_them = Q(recipient=person) | Q(recipient=None, to__iexact=person.email)
    mails = OutgoingMail.objects.filter(to_them)
    if reminders is not None:
        about = Q(data__message__in=[message.pk for message in messages])
        about |= Q(data__clock__in=list({row.clock_id for row in reminders}))
        mails = mails.filter(about)
    return list(
        mails.select_related("recipient").prefetch_related("attempts").order_by("-created_at", "-pk")[:MOST]
    )


def _told(messages: Iterable[Message], person: User) -> list[int]:
    """Those of `messages` that made a mail to the person, however long ago."""
    keys = [f"{kind}:{message.pk}:{person.pk}" for message in messages for kind in ("answer", "message")]
    mails = OutgoingMail.objects.filter(dedupe_key__in=keys)
    return [data["message"] for data in mails.values_list("data", flat=True)]


def _boards_without_mail(person: User) -> list[SentBoard]:
    return list(
        SentBoard.objects.filter(user=person)
        .exclude(outcome=SentBoard.Outcome.QUEUED)
        .select_related("user")[:MOST]
    )


# --- One conversation, one event ----------------------------------------------------------------


def story_of_thread(thread: Thread) -> list[Happening]:
    """Each public message with who got it and who did not, and the reminders, the latest first."""
    messages = list(
        Message.objects.public()
        .filter(thread=thread)
        .select_related("thread__client", "thread__project", "author")
        .order_by("-stored_at", "-pk")[:MOST]
    )
    clocks = AnswerClock.objects.filter(thread=thread).values_list("pk", flat=True)
    happenings = [*_of_messages(thread, messages), *_of_clocks(list(clocks))]
    return sorted(happenings, key=lambda one: one.at, reverse=True)


def story_of_event(event: Event) -> list[Happening]:
    """The mails that were made of one event; nothing for what is told by the weekly board alone."""
    data = event.data
    if "mail" in data:
        mails = OutgoingMail.objects.filter(pk__in=[data["mail"], data.get("copy", 0)])
        return [Happening(event.at, event.kind, _lines_of(_with_attempts(mails)))]
    if "message" in data and event.thread is not None:
        messages = Message.objects.filter(pk=data["message"], is_note=False)
        messages = messages.select_related("thread__client", "thread__project", "author")
        return _of_messages(event.thread, list(messages))
    if "clock" in data:
        return _of_clocks([data["clock"]])
    return []


def _of_messages(thread: Thread, messages: list[Message]) -> list[Happening]:
    keys = Q(pk=None)
    for message in messages:
        for kind in ("answer", "message"):
            keys |= Q(dedupe_key__startswith=f"{kind}:{message.pk}:")
    lines: dict[int, list[Line]] = {message.pk: [] for message in messages}
    mails = _with_attempts(OutgoingMail.objects.filter(keys))
    for line in _lines_of([*mails, *_copies_of(mails)]):
        assert line.mail is not None
        lines[line.mail.data["message"]].append(line)
    readers = readers_of(thread)
    people = {one.pk: one for one in [*readers.contacts, *readers.team, *thread.followers.all()]}
    following = _following([thread.pk], list(people))
    for message in messages:
        told = {line.person.pk for line in lines[message.pk] if line.person}
        for person in people.values():
            if person.pk not in told:
                lines[message.pk].append(_nothing(message, person, following, sees=person in readers))
    return [Happening(message.stored_at, _title_of(message), lines[message.pk]) for message in messages]


def _copies_of(mails: Collection[OutgoingMail]) -> list[OutgoingMail]:
    """What an administrator sent once more."""
    keys = Q(pk=None)
    for mail in mails:
        keys |= Q(dedupe_key__startswith=f"copy:{mail.pk}:")
    return _with_attempts(OutgoingMail.objects.filter(keys))


def _of_clocks(clocks: Collection[int]) -> list[Happening]:
    rows = list(
        Reminder.objects.filter(clock__in=clocks)
        .select_related("user", "clock__thread", "mail__recipient")
        .prefetch_related("mail__attempts")
        .order_by("-at", "-pk")[:MOST]
    )
    happenings: dict[tuple[int, str], Happening] = {}
    for row in rows:
        title = _("Reminder: %(rung)s") % {"rung": rung_words(row.rung)}
        happening = happenings.setdefault((row.clock_id, row.rung), Happening(row.at, title, []))
        happening.lines.append(_lines_of([row.mail])[0] if row.mail else _not_reminded(row))
    return list(happenings.values())


def _title_of(message: Message) -> str:
    words = (
        _("%(author)s wrote: %(text)s") if message.by_client else _("%(author)s (our team) wrote: %(text)s")
    )
    return words % {"author": message.author or "–", "text": message.body[:80]}


def _with_attempts(mails: QuerySet[OutgoingMail]) -> list[OutgoingMail]:
    return list(mails.select_related("recipient").prefetch_related("attempts").order_by("pk"))


# --- Lines --------------------------------------------------------------------------------------


def _lines_of(mails: Collection[OutgoingMail]) -> list[Line]:
    threads = _threads_of(mails)
    return [
        Line(
            at=mail.sent_at or mail.created_at,
            what=str(KINDS.get(mail.kind, mail.kind)),
            person=mail.recipient,
            state=str(mail.get_state_display()),
            why=_why(mail),
            thread=threads.get(mail.pk),
            mail=mail,
            attempts=[
                Try(one.at, str(one.get_outcome_display()), in_words(one.detail))
                for one in mail.attempts.all()
            ],
        )
        for mail in mails
    ]


def _threads_of(mails: Collection[OutgoingMail]) -> dict[int, Thread]:
    """The conversations that mails are about, by the mail's id. Two queries."""
    messages = Message.objects.filter(pk__in={mail.data.get("message") for mail in mails} - {None})
    by_message = {one.pk: one.thread for one in messages.select_related("thread")}
    clocks = AnswerClock.objects.filter(pk__in={mail.data.get("clock") for mail in mails} - {None})
    by_clock = {one.pk: one.thread for one in clocks.select_related("thread")}
    found: dict[int, Thread] = {}
    for mail in mails:
        thread = by_message.get(mail.data.get("message", 0)) or by_clock.get(mail.data.get("clock", 0))
        if thread is not None:
            found[mail.pk] = thread
    return found


def _why(mail: OutgoingMail) -> str:
    if mail.reason:
        return in_words(mail.reason)
    if mail.state == State.QUEUED and mail.due_at > mail.created_at:
        held = mail.due_at - mail.created_at
        if mail.kind == "reminder":
            return _("waits until their quiet hours end")
        if held <= dt.timedelta(seconds=15):
            return _("held for the seconds in which it can be taken back")
    return ""


def _left_out(person: User, messages: Collection[Message]) -> list[Line]:
    """Why these messages made no mail to the person."""
    if not messages:
        return []
    following = _following({message.thread_id for message in messages}, [person.pk])
    seen = set(
        Message.objects.visible_to(person)
        .filter(pk__in=[message.pk for message in messages])
        .values_list("pk", flat=True)
    )
    return [_nothing(message, person, following, sees=message.pk in seen) for message in messages]


# When a person began (True) or stopped (False) to follow a conversation by hand, in order.
Following = dict[tuple[int, int], list[tuple[dt.datetime, bool]]]


def _following(threads: Collection[int], people: Collection[int]) -> Following:
    found: Following = {}
    events = Event.objects.filter(thread__in=threads, actor__in=people, kind__in=FOLLOWING)
    for event in events.order_by("at", "pk"):
        assert event.thread_id is not None
        assert event.actor_id is not None
        turned_on = event.kind == "thread.followed"
        found.setdefault((event.thread_id, event.actor_id), []).append((event.at, turned_on))
    return found


def _nothing(message: Message, person: User, following: Following, *, sees: bool) -> Line:
    turns = following.get((message.thread_id, person.pk), [])
    stopped = [at for at, turned_on in turns if at <= message.stored_at and not turned_on][-1:]
    if message.author_id == person.pk:
        why = _("wrote it themself")
    elif not person.is_active:
        why = _("may not sign in")
    elif message.by_client and not person.is_our_staff:
        why = _("words of a client go to our team")
    elif not sees and not (person.is_our_staff and person.runs_projects):
        why = _("does not see the conversation, as of now")
    elif message.by_client:
        why = _("was not in charge: the news goes to the assignee, or to who stands in")
    elif stopped:
        why = _("had stopped following on %(day)s") % {
            "day": date_format(localtime(stopped[0]), "DATE_FORMAT")
        }
    else:
        why = _("did not follow the conversation then, and the question was not theirs")
    what = KINDS["thread.message" if message.by_client else "thread.answer"]
    return Line(message.stored_at, str(what), person, _("no mail"), why, message.thread)


def _not_reminded(row: Reminder) -> Line:
    what = f"{KINDS['reminder']} {rung_words(row.rung)}"
    thread = row.clock.thread
    return Line(row.at, what, row.user, _("no mail"), reasons.in_words(row.reason), thread)


def _no_board(row: SentBoard) -> Line:
    why = str(row.get_outcome_display())
    return Line(row.slot_at, str(KINDS["weekly_board"]), row.user, _("no mail"), why)
