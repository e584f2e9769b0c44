"""When a mail that was refused is tried again. Pure: plain values in, plain values out."""

from __future__ import annotations

import datetime as dt
import random
from enum import Enum

GIVE_UP_AFTER = dt.timedelta(days=2)

_JITTER = 0.2


class Severity(Enum):
    """How soon another try may help: (first pause, longest pause)."""

    QUICK = (dt.timedelta(minutes=1), dt.timedelta(hours=1))  # busy, greylisting, a lost connection
    SLOW = (
        dt.timedelta(minutes=15),
        dt.timedelta(hours=4),
    )  # full, rate limited, or our own settings are wrong
    UNCERTAIN = (dt.timedelta(minutes=5), dt.timedelta(hours=8))  # may have arrived: few copies, far apart
    PERMANENT = None  # no


# 422 and 452: mailbox or disk full; 431 and 432: the receiver is overloaded or limits us; 447 and 454: policy, sign-in.
_SLOW_CODES = {422, 431, 432, 447, 452, 454}


def severity_of(code: int) -> Severity:
    """What an SMTP reply code about this one mail means: 5yz is final (RFC 5321, 4.2.1), anything else may pass."""
    if code in _SLOW_CODES:
        return Severity.SLOW
    return Severity.PERMANENT if 500 <= code < 600 else Severity.QUICK


def pause(severity: Severity, tries: int, *, random_share: float | None = None) -> dt.timedelta:
    """The time until the next try after `tries` of them (1 or more): doubled each time, with 20 % of jitter.

    `random_share` in 0..1 replaces chance. Raises ValueError for what is not tried again.
    """
    if severity.value is None:
        raise ValueError("not tried again")
    first, longest = severity.value
    factor = 3 if severity is Severity.UNCERTAIN else 2
    base = min(longest, first * factor ** min(max(tries, 1) - 1, 16))
    share = random.random() if random_share is None else random_share  # noqa: S311 (spreads load, guards nothing)
    return base * (1 - _JITTER + 2 * _JITTER * share)
