"""Links in a weekly board that work without signing in, each for one thing and one person."""

from __future__ import annotations

from django.core import signing

from clients.models import User

# They do not expire: an old mail must still be able to stop the new ones.
_stop = signing.Signer(salt="weekly-board.stop")


def stop_token(user: User) -> str:
    return _stop.sign_object(user.pk)


def holder_of(token: str) -> User | None:
    """The person an unsubscribe link was made for; None for anything we did not sign."""
    try:
        pk = _stop.unsign_object(token)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, board_schedule__isnull=False).first()
