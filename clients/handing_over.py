"""Handing over what hangs on one of our people: here client companies and the role of a backup.

Each app brings its own things: `open_…` lists them, a `hand_over_…` gives one to somebody else if it still hangs on
the one who leaves. `cxportal.portal.handing_over` does all of them in one step.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clients.errors import ActionRefused
from clients.models import Client, StaffProfile, User
from cxportal.notifications.events import record


def open_companies(person: User) -> QuerySet[Client]:
    return Client.objects.filter(manager=person).order_by("name")


def open_backups(person: User) -> QuerySet[StaffProfile]:
    """Profiles of those whom `person` backs up, and who may sign in."""
    profiles = StaffProfile.objects.filter(backup=person, user__is_active=True)
    return profiles.select_related("user").order_by("user__name", "pk")


class WrongTarget(ActionRefused):
    """Somebody who cannot take it over."""


def require_may_take_over(person: User) -> None:
    """Raises WrongTarget unless `person` is our staff and may sign in."""
    if not person.is_active:
        raise WrongTarget(_("may not sign in"))
    if not person.is_our_staff:
        raise WrongTarget(_("is not our staff"))


def require_manager(person: User) -> None:
    """Raises WrongTarget unless `person` may run projects."""
    require_may_take_over(person)
    if not person.runs_projects:
        raise WrongTarget(_("only managers and administrators can be responsible for it"))


def require_other(profile: StaffProfile, new: User) -> None:
    """Raises WrongTarget where somebody would back up themself."""
    require_may_take_over(new)
    if profile.user_id == new.pk:
        raise WrongTarget(_("would be their own backup"))


@transaction.atomic
def hand_over_company(*, client: Client, old: User, new: User, by: User) -> bool:
    """Makes `new` the responsible manager instead of `old`. False, and nothing changes, if that is not `old` any
    more. Raises WrongTarget."""
    current = Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if current.manager_id != old.pk:
        return False
    require_manager(new)
    current.manager = new
    current.save(update_fields=["manager"])
    record(
        "client.handed_over", actor=by, client=current, is_internal=True, manager=new.pk, old_manager=old.pk
    )
    return True


@transaction.atomic
def hand_over_backup(*, profile: StaffProfile, old: User, new: User, by: User) -> bool:
    """Makes `new` the backup instead of `old`. False if that is not `old` any more. Raises WrongTarget."""
    current = StaffProfile.objects.select_for_update(no_key=True).get(pk=profile.pk)
    if current.backup_id != old.pk:
        return False
    require_other(current, new)
    current.backup = new
    current.save(update_fields=["backup"])
    record(
        "person.backup_handed_over",
        actor=by,
        is_internal=True,
        person=current.user_id,
        backup=new.pk,
        old_backup=old.pk,
    )
    return True
