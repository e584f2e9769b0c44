"""One form makes one thing, however often it is sent.

A form that makes something carries a hidden key (`cxportal.lib.widgets.FormKeyField`). The action keeps
`own_key(…)` with what it made, in a column that is unique, and gives the second time what the first one made. The
keys stand in the database beside the thing itself: nothing is lost with the cache, and nothing has to be cleared.
"""

from __future__ import annotations

import hashlib
import uuid


def own_key(form_key: uuid.UUID | None, by: object, place: str, words: str) -> uuid.UUID | None:
    """The key a thing is found by when its form comes a second time; None for a form without one.

    `by` is the id of the person, `place` what is made and where. Another person's key, one from another place, or
    other words in a form that was gone back to, never meet it.
    """
    if form_key is None:
        return None
    digest = hashlib.sha256(words.encode()).hexdigest()
    return uuid.uuid5(form_key, f"{by} {place} {digest}")
