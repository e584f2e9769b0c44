"""The audit in the admin: what administrators did, to read and to search. The database lets nobody change it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cxportal.lib.admin import ReadOnly
from cxportal.notifications.audit import WHAT
from cxportal.notifications.models import AuditEntry


class WhatFilter(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(WHAT.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(what=self.value()) if self.value() else queryset


class AdministratorFilter(admin.SimpleListFilter):
    """Those who wrote in it lately enough to be asked, without reading the whole table."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = AuditEntry._meta.get_field("actor").related_model
        return [(str(one.pk), str(one)) for one in people.objects.admins()]  # type: ignore[union-attr]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return queryset.filter(actor=int(value)) if value.isdecimal() and len(value) < 19 else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "who", "what_in_words", "on", "reason", "address")
    list_per_page = 50
    list_filter = (WhatFilter, AdministratorFilter, "at")
    search_fields = ("actor_name", "person_name", "thing", "reason")
    fields = ("at", "who", "what_in_words", "person_name", "thing", "reason", "address", "details")
    readonly_fields = fields

    @admin.display(description=_("who"))
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_name or "–"

    @admin.display(description=_("what"))
    def what_in_words(self, entry: AuditEntry) -> str:
        return str(WHAT.get(entry.what, entry.what))

    @admin.display(description=_("on whom or what"))
    def on(self, entry: AuditEntry) -> str:
        return entry.person_name or entry.thing

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString:
        return format_html_join("", "<div>{}: {}</div>", _details(entry))


def _details(entry: AuditEntry) -> list[tuple[str, str]]:
    """What the data holds, with Django's own words for what was changed in a form."""
    shown = []
    for name, value in entry.data.items():
        if name == "change":
            value = _change(value)
        shown.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    return shown


def _change(message: str) -> str:
    """A change message of Django's admin, read by Django itself."""
    return str(LogEntry(change_message=message).get_change_message())
