from __future__ import annotations

import pytest

from feedback.errors import TextRefused
from feedback.texts import BODY_MAX, clean_body, clean_reason, clean_subject


@pytest.mark.parametrize("text", ["", "  ", "\r\n\t", "a" * (BODY_MAX + 1), "nul\0", "half \ud83d a pair"])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(TextRefused) as refusal:
        clean_body(text)
    assert refusal.value.field == "body"
    assert str(refusal.value)


def test_lines_end_alike_and_nothing_else_is_changed() -> None:
    assert clean_body(" one\r\n  two\rthree 🏠 \n") == "one\n  two\nthree 🏠"


def test_the_longest_text_counts_without_what_browsers_make_of_line_ends() -> None:
    assert len(clean_body("\r\n".join("a" * 25_000))) == BODY_MAX - 1


def test_subjects_and_reasons_are_one_line() -> None:
    assert clean_subject("Can we\nmove it") == "Can we move it"
    with pytest.raises(TextRefused):
        clean_subject("a" * 201)
    with pytest.raises(TextRefused):
        clean_reason("a" * 301)
