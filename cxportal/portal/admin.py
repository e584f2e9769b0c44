"""Weekly boards in the admin: who gets them when, and what went out. To look, and to help someone set theirs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cxportal.portal.administration import pages
from cxportal.portal.models import BoardSchedule, SentBoard
from cxportal.portal.views.system import system_page

site: Any = admin.site
site.add_page("system/", system_page, "system")
site.add_page("people/<int:pk>/access/", pages.person_access, "person_access")
site.add_page("people/<int:pk>/mail/", pages.person_mail, "person_mail")
site.add_page("people/<int:pk>/hand-over/", pages.person_hand_over, "person_hand_over")
site.add_page("conversations/<int:pk>/mail/", pages.thread_mail, "thread_mail")
site.add_page("events/<int:pk>/mail/", pages.event_mail, "event_mail")


@admin.register(BoardSchedule)
class BoardScheduleAdmin(admin.ModelAdmin):
    list_display = ("user", "is_on", "weekday", "hour", "time_zone", "next_slot_at")
    list_filter = ("is_on", "weekday")
    search_fields = ("user__name", "user__email", "user__memberships__client__name")
    list_select_related = ("user",)
    fields = list_display
    readonly_fields = list_display  # a person's own choice; changed by them on "My weekly board"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SentBoard)
class SentBoardAdmin(admin.ModelAdmin):
    list_display = ("user", "slot_at", "outcome", "is_extra", "its_mail")
    list_filter = ("outcome", "is_extra")
    search_fields = ("user__name", "user__email")
    date_hierarchy = "slot_at"
    list_select_related = ("user", "mail")

    @admin.display(description=_("mail"))
    def its_mail(self, board: SentBoard) -> str:
        if board.mail is None:
            return "–"
        url = reverse("admin:notifications_outgoingmail_change", args=[board.mail.pk])
        return format_html('<a href="{}">{}</a>', url, board.mail.get_state_display())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
