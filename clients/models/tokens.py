"""Personal tokens: how a program acts for one person over the API."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.people import User


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> ApiTokenQuerySet:
        """A person's own; nobody else sees them, whatever their role."""
        return self.filter(user=user)

    def in_force(self, now: dt.datetime) -> ApiTokenQuerySet:
        return self.filter(expires_at__gt=now, user__is_active=True)

    def expired(self, now: dt.datetime) -> ApiTokenQuerySet:
        return self.filter(expires_at__lte=now)


class ApiToken(models.Model):
    """A token, of which only a hash is kept. It ends when it expires, is revoked, or the password changes."""

    class Scope(models.TextChoices):
        READ = "read", _("read only")
        WRITE = "write", _("read and write")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    name = models.CharField(pgettext_lazy("of a token", "name"), max_length=80)
    scope = models.CharField(
        pgettext_lazy("of a token", "may"), max_length=8, choices=Scope, default=Scope.READ
    )
    # The first letters, by which its owner recognises it, and the SHA-256 of the whole.
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    # What sessions are bound to as well: another password, however it came to be, ends the token.
    password_mark = models.CharField(max_length=128, editable=False)
    # The same form sent twice carries the same key: the second makes nothing.
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def may_write(self) -> bool:
        return self.scope == self.Scope.WRITE

    def is_expired(self, now: dt.datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())

    def fits_password(self) -> bool:
        """Whether its owner still has the password they had when they made it."""
        marks = (self.user.get_session_auth_hash(), *self.user.get_session_auth_fallback_hash())
        return any(constant_time_compare(self.password_mark, mark) for mark in marks)


def digest_of(token: str) -> str:
    """What is kept of a token. It is 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
