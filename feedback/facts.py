"""Why an answer is due when it is, what became of it, and who was told: a clock explained for a page.

Client people read all but the ledger.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from clients.models import User
from cxportal.lib.dates import humanize_duration, people_time
from cxportal.lib.zones import MINUTES_PER_DAY
from cxportal.notifications.models import OutgoingMail
from feedback.clock import Rung, share_used, time_between
from feedback.models import AnswerClock, DueChange, Reminder
from feedback.policy import Policy, PolicyError, WorkingTime
from feedback.reasons import in_words


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A rung as it came: `outcome` and `reason` in the reader's language, `mail` with what became of it.

    `person` None: a place that nobody holds.
    """

    at: dt.datetime
    rung: str
    person: User | None
    is_told: bool
    outcome: str
    reason: str
    mail: OutgoingMail | None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """A clock at the moment `now`, in words of the language active when it was made.

    `share` of the time to answer is 0 to 1, more when late. `told`, since `told_at`: who was reminded that it is
    late. `answered_in` is elapsed time, `worked_in` the working time in it under a policy that counts so.
    """

    clock: AnswerClock
    now: dt.datetime
    policy: str
    share: float
    is_late: bool
    told: list[User]
    told_at: dt.datetime | None
    answered_in: dt.timedelta | None
    worked_in: dt.timedelta | None
    due_changes: list[DueChange]
    ledger: list[LedgerLine]

    @property
    def late_words(self) -> str:
        """ "We are late. Anna and Maria were told at 17:40."; "" for a clock that is not and was not late."""
        if not self.is_late:
            return ""
        late = _("We are late.") if self.clock.is_running else _("We were late.")
        return f"{late} {self.told_words}".strip()

    @property
    def told_words(self) -> str:
        """ "Anna and Maria were told at 17:40." of a clock that is or was late; "" while nobody was told."""
        if self.told_at is None:
            return ""
        names = get_text_list([person.get_short_name() for person in self.told], _("and"))
        time = people_time(self.told_at, self.now)
        if time.day == people_time(self.now, self.now).day:
            words = ngettext(
                "%(names)s was told at %(time)s.", "%(names)s were told at %(time)s.", len(self.told)
            )
        else:
            words = ngettext("%(names)s was told %(day)s.", "%(names)s were told %(day)s.", len(self.told))
        return words % {"names": names, "time": time.clock, "day": time.when}

    @property
    def answered_words(self) -> str:
        """ "2 h 10 min", "20 h (2 h 10 min of working time)"; "" while there is no answer."""
        if self.answered_in is None:
            return ""
        words = humanize_duration(self.answered_in)
        if self.worked_in is None:
            return words
        return _("%(elapsed)s (%(worked)s of working time)") % {
            "elapsed": words,
            "worked": humanize_duration(self.worked_in),
        }


def clock_facts(clock: AnswerClock, now: dt.datetime | None = None) -> ClockFacts:
    """The facts of a clock; no queries for one that was fetched `with_ledger()`."""
    now = now or timezone.now()
    reminders = list(clock.reminders.all())
    told_late = [row for row in reminders if _is_told(row) and row.rung.startswith(str(Rung.DUE.value))]
    told = list(dict.fromkeys(row.user for row in told_late if row.user is not None))
    try:
        policy = Policy.from_json(clock.policy)
        words = policy_words(policy)
        share = share_used(policy, clock.started_at, clock.due_at, clock.ended_at or now)
    except PolicyError:  # a page about a clock never fails for the clock
        policy, words, share = Policy(), "", float(now >= clock.due_at)
    worked_in = None
    if clock.answered_in is not None and policy.working_time is not None and clock.ended_at is not None:
        worked_in = time_between(policy, clock.started_at, clock.ended_at)
    return ClockFacts(
        clock=clock,
        now=now,
        policy=words,
        share=share,
        is_late=clock.is_late(now),
        told=told,
        told_at=min((row.at for row in told_late), default=None),
        answered_in=clock.answered_in,
        worked_in=worked_in,
        due_changes=list(clock.due_changes.all()),
        ledger=[_line(row) for row in reminders],
    )


def policy_words(policy: Policy) -> str:
    """A policy as a client reads it: "an answer within 24 h, day and night"."""
    within = humanize_duration(policy.time)
    if policy.working_time is None:
        return _("an answer within %(time)s, day and night") % {"time": within}
    return _("an answer within %(time)s of working time: %(week)s (%(zone)s)") % {
        "time": within,
        "week": _week(policy.working_time),
        "zone": policy.working_time.zone,
    }


def rung_words(rung: str) -> str:
    """A rung of the ledger: "50 %", "every working day" for the repeats, "at once" before the first."""
    percent, _plus, day = rung.partition("+")
    if day:
        return _("every working day")
    return _("%(n)s %%") % {"n": percent} if percent != "0" else _("at once")


def _is_told(row: Reminder) -> bool:
    return row.outcome == Reminder.Outcome.QUEUED and row.user is not None


def _line(row: Reminder) -> LedgerLine:
    return LedgerLine(
        at=row.at,
        rung=rung_words(row.rung),
        person=row.user,
        is_told=_is_told(row),
        outcome=row.get_outcome_display(),
        reason=in_words(row.reason),
        mail=row.mail,
    )


def _week(working: WorkingTime) -> str:
    """ "Mon–Fri 09:00–13:00, 14:00–18:00; Sat 10:00–14:00"."""
    hours = {
        day: ", ".join(
            f"{_hour(span.start)}–{_hour(span.end)}" for span in working.spans if span.weekday == day
        )
        for day in range(7)
    }
    parts = []
    for times, days in groupby(range(7), key=lambda day: hours[day]):
        first, *others = days
        if times:
            last = f"–{_weekday(others[-1])}" if others else ""
            parts.append(f"{_weekday(first)}{last} {times}")
    words = "; ".join(parts)
    return _("%(week)s, but no holidays") % {"week": words} if working.country else words


def _hour(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}" if minute < MINUTES_PER_DAY else "24:00"


def _weekday(day: int) -> str:
    return (
        pgettext("weekday, short, within a sentence", "Mon"),
        pgettext("weekday, short, within a sentence", "Tue"),
        pgettext("weekday, short, within a sentence", "Wed"),
        pgettext("weekday, short, within a sentence", "Thu"),
        pgettext("weekday, short, within a sentence", "Fri"),
        pgettext("weekday, short, within a sentence", "Sat"),
        pgettext("weekday, short, within a sentence", "Sun"),
    )[day]
