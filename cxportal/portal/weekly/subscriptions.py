"""What happens to weekly boards when companies and memberships change, whoever changes them."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone

from clients.models import Client, Membership
from cxportal.portal.weekly.schedules import ensure_schedule, follow_company_zone


@receiver(post_save, sender=Membership)
def give_a_schedule(sender: type[Membership], instance: Membership, **kwargs: Any) -> None:
    ensure_schedule(instance, timezone.now())


@receiver(pre_save, sender=Client)
def remember_zone(sender: type[Client], instance: Client, **kwargs: Any) -> None:
    if instance.pk:
        old = Client.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()
        if old and old != instance.time_zone:
            follow_company_zone(instance, old, timezone.now())
