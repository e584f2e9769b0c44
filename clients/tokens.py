"""What is done to personal tokens of the API: made, used, revoked."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from clients.models import ApiToken, User
from clients.models.tokens import digest_of
from clients.ways_in import ends_ways_in
from cxportal.lib.errors import ActionRefused
from cxportal.lib.once import own_key
from cxportal.notifications.events import record

MARK = "cxp_"  # so that people, and programs that look for leaked secrets, know one when they see it
SHOWN = len(MARK) + 6
LONGEST = len(MARK) + 43
LIFETIMES = (7, 30, 90, 365)  # days
MOST = 50  # tokens of one person
NOTED_EVERY = dt.timedelta(minutes=1)  # a busy program does not write a row per request


class TooManyTokens(ActionRefused):
    """More tokens than anyone can keep an eye on."""

    def __init__(self) -> None:
        words = ngettext_lazy(
            "You have %(count)d token already. Revoke one first.",
            "You have %(count)d tokens already. Revoke some first.",
            MOST,
        )
        super().__init__(words % {"count": MOST})


class TokenWasMade(ActionRefused):
    """The same form a second time."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This token was made already, and shown. If you did not copy it, revoke it and make another one."
            )
        )


@transaction.atomic
def make_token(
    *,
    user: User,
    name: str,
    scope: str,
    days: int,
    form_key: uuid.UUID | None = None,
    now: dt.datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token of `user` that ends after `days`, and the secret, which nobody can read again.

    Tokens that have expired are cleared away. Raises TooManyTokens, and TokenWasMade for the same form sent twice
    (`form_key`): the secret was shown the first time, and is not kept.
    """
    now = now or timezone.now()
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    key = own_key(form_key, user.pk, "token", f"{scope} {days} {name}")
    if key is not None and user.api_tokens.filter(form_key=key).exists():
        raise TokenWasMade
    user.api_tokens.expired(now).delete()
    if user.api_tokens.count() >= MOST:
        raise TooManyTokens
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        prefix=secret[:SHOWN],
        digest=digest_of(secret),
        password_mark=user.get_session_auth_hash(),
        created_at=now,
        expires_at=now + dt.timedelta(days=days),
        form_key=key,
    )
    record("token.made", actor=user, is_internal=True, now=now, token=token.pk, scope=scope)
    return token, secret


def use_token(secret: str, *, now: dt.datetime | None = None) -> ApiToken | None:
    """The token in force with that secret, with its person; None for anything else. Notes that it was used."""
    if not secret.startswith(MARK) or len(secret) > LONGEST:
        return None
    now = now or timezone.now()
    tokens = ApiToken.objects.in_force(now).select_related("user")
    token = tokens.filter(digest=digest_of(secret)).first()
    if token is None or not token.fits_password():
        return None
    if token.last_used_at is None or now - token.last_used_at >= NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User) -> None:
    """The token is good for nothing any more, from the next request on."""
    record("token.revoked", actor=by, is_internal=True, token=token.pk, name=token.name)
    token.delete()


def revoke_all_tokens(*, user: User) -> int:
    """All tokens of `user`; returns how many there were."""
    deleted, _by_model = user.api_tokens.all().delete()
    return deleted


@ends_ways_in
def end_tokens(user: User, except_session: str | None) -> int:
    return revoke_all_tokens(user=user)


SCOPE_HINTS = {
    ApiToken.Scope.READ: _("Sees what you see, changes nothing."),
    ApiToken.Scope.WRITE: _("Also writes and moves tasks in your name."),
}
