"""Text from outside is made fit to be stored and shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib.text import one_line, storable

any_text = st.text(alphabet=st.characters(), max_size=50)


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [("a\x00b", "a\ufffdb"), ("a\ud800b", "a\ufffdb"), ("\ud83d\ude00", "😀"), ("é\n", "é\n"), ("", "")],
)
def test_what_cannot_be_stored_is_replaced(given_text: str, stored: str) -> None:
    assert storable(given_text) == stored


@given(any_text)
def test_every_text_can_be_stored(text: str) -> None:
    stored = storable(text)
    assert stored.encode().decode() == stored
    assert "\x00" not in stored
    assert storable(stored) == stored


@pytest.mark.parametrize(
    ("given_text", "line"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("  two\t spaces ", "two spaces"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"),
        ("a\u2028b\x85c\x1bd", "a b c d"),
    ],
)
def test_one_line_has_no_control_or_invisible_characters(given_text: str, line: str) -> None:
    assert one_line(given_text) == line


@given(any_text)
def test_one_line_stays_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
