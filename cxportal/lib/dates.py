"""Times as people say them: "today 17:40, in 3 hours", "late by 20 min", "2 h 10 min".

Every text is made when it is read, in the language active then. Instants must have a time zone (ValueError
otherwise); what is shown is in the reader's zone, by default the active one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from cxportal.lib.zones import as_utc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PeopleTime:
    """A moment as a reader of the zone `tz` says it at the moment `now`. `str()` gives `text`."""

    instant: datetime
    now: datetime
    tz: tzinfo

    @property
    def day(self) -> str:
        """ "today", "yesterday", "tomorrow", else "Fri 27 Nov", with the year where it is another one."""
        return people_date(self._local.date(), self.now.astimezone(self.tz).date())

    @property
    def clock(self) -> str:
        """The time of day: "17:40"."""
        return _clock(self._local)

    @property
    def when(self) -> str:
        """Day and time of day: "today 17:40"."""
        return _("%(day)s %(clock)s") % {"day": self.day, "clock": self.clock}

    @property
    def relative(self) -> str:
        """How far away, roughly: "in 3 hours", "20 minutes ago", "now"."""
        if self.instant >= self.now:
            return _in(_rough(self.instant - self.now))
        return _ago(_rough(self.now - self.instant))

    @property
    def text(self) -> str:
        """ "today 17:40, in 3 hours"; how far away is said of today and of the next seven days."""
        today = self._local.date() == self.now.astimezone(self.tz).date()
        if today or timedelta(0) < self.instant - self.now <= 7 * DAY:
            return _("%(when)s, %(relative)s") % {"when": self.when, "relative": self.relative}
        return self.when

    @property
    def exact(self) -> str:
        """For the hover text: "Friday 27 November 2026, 17:40 (Europe/Berlin)"."""
        return _("%(day)s, %(clock)s (%(zone)s)") % {
            "day": dateformat.format(self._local, pgettext("date format", "l j F Y")),
            "clock": self.clock,
            "zone": str(self.tz),
        }

    @property
    def iso(self) -> str:
        """For `<time datetime="…">`, with the offset of the zone."""
        return self._local.isoformat(timespec="seconds")

    @property
    def is_past(self) -> bool:
        return self.instant < self.now

    def __str__(self) -> str:
        return self.text

    @property
    def _local(self) -> datetime:
        return self.instant.astimezone(self.tz)


def people_time(instant: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> PeopleTime:
    """The moment `instant` as said at `now` (default: the present) in `zone` (default: the reader's)."""
    return PeopleTime(as_utc(instant), as_utc(now or timezone.now()), zone or timezone.get_current_timezone())


def people_date(day: date, today: date) -> str:
    """A day as said on the day `today`: "today", "yesterday", "tomorrow", "Fri 27 Nov", "Fri 8 Jan 2027"."""
    match (day - today).days:
        case 0:
            return _("today")
        case -1:
            return _("yesterday")
        case 1:
            return _("tomorrow")
    if day.year == today.year:
        text = dateformat.format(day, pgettext("date format", "j M"))
    else:
        text = dateformat.format(day, pgettext("date format", "j M Y"))
    return _("%(weekday)s %(date)s") % {"weekday": _weekday(day), "date": text}


def time_left(due: datetime, now: datetime | None = None) -> str:
    """How long until a due time, or since: "in 2 h 10 min", "late by 20 min"."""
    left = as_utc(due) - as_utc(now or timezone.now())
    if left >= MINUTE:
        return _in(humanize_duration(left))
    if left > timedelta(0):
        return _("in less than a minute")
    if left > -MINUTE:
        return _("late by less than a minute")
    return _("late by %(duration)s") % {"duration": humanize_duration(-left)}


def humanize_duration(duration: timedelta) -> str:
    """A length of time in its two largest units, cut, not rounded: "2 h 10 min", "3 days 4 h", "40 min".

    A whole day is "24 h", from eight days on there are no hours; the sign is left out.
    """
    duration = abs(duration)
    if duration < MINUTE:
        return _("less than a minute")
    days, hours, minutes = duration // DAY, duration % DAY // HOUR, duration % HOUR // MINUTE
    if duration <= DAY:
        days, hours = 0, hours + 24 * days
    parts = []
    if days:
        parts.append(_days(days))
    if hours and days < 8:
        parts.append(_("%(n)s h") % {"n": hours})
    if minutes and not days:
        parts.append(_("%(n)s min") % {"n": minutes})
    return " ".join(parts)


def _rough(duration: timedelta) -> str:
    """The largest unit only, rounded, spelled out: "3 hours"; empty below a minute.

    Russian: these stand after "через" and before "назад", so in the accusative.
    """
    if duration < MINUTE:
        return ""
    if duration < 59.5 * MINUTE:
        minutes = round(duration / MINUTE)
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    if duration < 23.5 * HOUR:
        hours = round(duration / HOUR)
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return _days(round(duration / DAY))


def _days(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def _in(duration: str) -> str:
    return _("in %(duration)s") % {"duration": duration} if duration else _("now")


def _ago(duration: str) -> str:
    return _("%(duration)s ago") % {"duration": duration} if duration else _("just now")


def _clock(local: datetime) -> str:
    return f"{local:%H:%M}"


# Short and as they stand inside a sentence: Russian does not begin them with a capital.
_WEEKDAYS = (
    pgettext_lazy("weekday, short, within a sentence", "Mon"),
    pgettext_lazy("weekday, short, within a sentence", "Tue"),
    pgettext_lazy("weekday, short, within a sentence", "Wed"),
    pgettext_lazy("weekday, short, within a sentence", "Thu"),
    pgettext_lazy("weekday, short, within a sentence", "Fri"),
    pgettext_lazy("weekday, short, within a sentence", "Sat"),
    pgettext_lazy("weekday, short, within a sentence", "Sun"),
)


def _weekday(day: date) -> str:
    return str(_WEEKDAYS[day.weekday()])
