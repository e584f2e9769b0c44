"""Conversations in the admin: to look things up. What was written and what the clocks did is not changed here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cxportal.lib.admin import ReadOnly, RowsToRead
from feedback.admin_due import MovesDueTimes
from feedback.facts import rung_words
from feedback.models import AnswerClock, DueChange, Message, Reminder, Thread
from feedback.reasons import in_words


class MessageInline(RowsToRead):
    model = Message
    fields = ("stored_at", "author", "is_note", "via", "body", "withdrawn_at")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("author")


class ClockInline(RowsToRead):
    model = AnswerClock
    fk_name = "thread"
    fields = ("started_at", "due_at", "late_since", "ended_at", "ending")
    readonly_fields = fields
    show_change_link = True


class IsWaitingFilter(admin.SimpleListFilter):
    title = _("waits for an answer")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> QuerySet[Thread]:
        running = Exists(AnswerClock.objects.running().filter(thread=OuterRef("pk")))
        match self.value():
            case "yes":
                return queryset.filter(running)
            case "no":
                return queryset.exclude(running)
        return queryset


@admin.register(Thread)
class ThreadAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "subject",
        "client",
        "project",
        "kind",
        "urgency",
        "status",
        "assignee",
        "last_message_at",
    )
    list_filter = (IsWaitingFilter, "status", "kind", "urgency", "client")
    list_select_related = ("client", "project", "assignee")
    search_fields = ("subject", "client__name", "author__name")
    date_hierarchy = "created_at"
    inlines = (ClockInline, MessageInline)


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("stored_at", "author", "thread", "is_note", "via", "withdrawn_at")
    list_filter = ("is_note", "by_client", "via")
    list_select_related = ("author", "thread")
    search_fields = ("body", "author__name", "thread__subject")
    date_hierarchy = "stored_at"
    fields = (
        "thread",
        "author",
        "by_client",
        "is_note",
        "via",
        "body",
        "received_at",
        "stored_at",
        "withdrawn_at",
        "clock",
    )


class LedgerInline(RowsToRead):
    model = Reminder
    fields = ("at", "rung_in_words", "user", "outcome", "reason_in_words", "mail")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reminder]:
        return super().get_queryset(request).select_related("user", "mail")

    @admin.display(description=_("rung"))
    def rung_in_words(self, reminder: Reminder) -> str:
        return rung_words(reminder.rung)

    @admin.display(description=_("why"))
    def reason_in_words(self, reminder: Reminder) -> str:
        return in_words(reminder.reason)


class DueChangeInline(RowsToRead):
    model = DueChange
    fields = ("at", "old", "new", "reason", "actor")
    readonly_fields = fields


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("running", _("running")),
            ("late_now", _("running and late")),
            ("late", _("was or is late")),
            ("ended", _("ended")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AnswerClock]) -> QuerySet[AnswerClock]:
        match self.value():
            case "running":
                return queryset.filter(ended_at=None)
            case "late_now":
                return queryset.filter(ended_at=None, due_at__lt=timezone.now())
            case "late":
                return queryset.filter(late_since__isnull=False)
            case "ended":
                return queryset.filter(ended_at__isnull=False)
        return queryset


@admin.register(AnswerClock)
class AnswerClockAdmin(MovesDueTimes, ReadOnly, admin.ModelAdmin):
    list_display = ("thread", "started_at", "due_at", "late_since", "rung", "ended_at", "ending")
    list_filter = (StateFilter, "ending", "thread__client")
    list_select_related = ("thread",)
    search_fields = ("thread__subject", "thread__client__name")
    date_hierarchy = "started_at"
    actions = ("move_selected",)
    inlines = (LedgerInline, DueChangeInline)
