from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from clients.models import Client, Membership, User


def test_a_contact_cannot_become_staff(owner: User) -> None:
    owner.staff_role = User.StaffRole.SPECIALIST
    with pytest.raises(ValidationError, match="cannot also be our staff"):
        owner.full_clean()
    with pytest.raises(IntegrityError, match="cannot be our staff"):
        owner.save()


def test_staff_cannot_become_a_contact(client_company: Client, specialist: User) -> None:
    membership = Membership(client=client_company, user=specialist)
    with pytest.raises(ValidationError, match="cannot also be a contact"):
        membership.full_clean()
    with pytest.raises(IntegrityError, match="cannot be a contact"):
        membership.save()
