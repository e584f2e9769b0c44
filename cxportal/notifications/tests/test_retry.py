from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxportal.notifications.retry import GIVE_UP_AFTER, Severity, pause, severity_of

RETRIED = [severity for severity in Severity if severity.value]


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (421, Severity.QUICK),
        (450, Severity.QUICK),
        (451, Severity.QUICK),
        (452, Severity.SLOW),
        (432, Severity.SLOW),
        (550, Severity.PERMANENT),
        (554, Severity.PERMANENT),
        (-1, Severity.QUICK),
    ],
)
def test_what_a_reply_code_means(code: int, severity: Severity) -> None:
    assert severity_of(code) is severity


def test_pauses_grow() -> None:
    pauses = [pause(Severity.QUICK, tries, random_share=0.5) for tries in range(1, 9)]
    assert [p / dt.timedelta(minutes=1) for p in pauses] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_may_have_arrived_is_sent_again_a_few_times_only() -> None:
    spent, copies = dt.timedelta(0), 1
    while spent < GIVE_UP_AFTER:
        spent += pause(Severity.UNCERTAIN, copies, random_share=0)
        copies += 1
    assert copies < 15


@given(st.sampled_from(RETRIED), st.integers(min_value=0, max_value=10**6))
def test_a_pause_has_bounds_whatever_the_number_of_tries(severity: Severity, tries: int) -> None:
    first, longest = severity.value
    assert first * 0.8 <= pause(severity, tries) <= longest * 1.2


def test_what_is_final_has_no_pause() -> None:
    with pytest.raises(ValueError, match="not tried again"):
        pause(Severity.PERMANENT, 1)
