"""Sessions in the database, as Django keeps them; the query that every page begins with is written once."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from cxportal.lib.database import Slot, Statement

_LIVE = Statement(lambda: Session.objects.filter(session_key=Slot("key"), expire_date__gt=Slot("now")))


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        found = _LIVE.objects(key=self.session_key, now=timezone.now())
        if found:
            return found[0]
        self._session_key = None  # ended or never there, as Django does it
        return None
