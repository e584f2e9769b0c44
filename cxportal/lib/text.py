"""Text from outside, made fit to be stored, sent and shown."""

from __future__ import annotations

import re

# What reorders or hides text around it. Joiners and variation selectors stay: Persian words and emoji need them.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def storable(text: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot hold: NUL and halves of a surrogate pair become U+FFFD."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\x00", "\ufffd")


def one_line(text: str) -> str:
    """`storable` and in one line: no control, bidirectional or invisible characters, single spaces."""
    text = _INVISIBLE.sub("", _CONTROL.sub(" ", storable(text)))
    return " ".join(text.split())
