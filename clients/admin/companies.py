"""Client companies and answer policies in the admin."""

from __future__ import annotations

import itertools
from datetime import time
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clients.actions import switch_company
from clients.admin.people import MembershipForm
from clients.models import AnswerPolicy, Client, FreeDay, Membership, User, WorkingSpan


class PeopleInline(admin.StackedInline):
    model = Membership
    form = MembershipForm
    extra = 0
    fields = ("user", "role", "projects")
    autocomplete_fields = ("user",)

    def get_formset(self, request: HttpRequest, obj: Client | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        projects: Any = formset.form.base_fields["projects"]
        projects.queryset = projects.queryset.filter(client=obj)
        return formset


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    list_display = ("name", "manager", "answer_policy", "people", "open_projects", "language", "is_active")
    list_filter = ("is_active", "language", ("manager", admin.RelatedOnlyFieldListFilter), "answer_policy")
    search_fields = ("name", "memberships__user__name", "memberships__user__email")
    list_select_related = ("manager", "answer_policy")
    readonly_fields = ("created_at",)
    inlines = (PeopleInline,)
    actions = ("switch_off", "switch_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                people_count=Count("memberships", distinct=True),
                project_count=Count("projects", filter=~Q(projects__status="archived"), distinct=True),
            )
        )

    def get_inlines(self, request: HttpRequest, obj: Client | None = None) -> Any:
        return (PeopleInline,) if obj else ()

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, client: Any) -> int:
        return client.people_count

    @admin.display(description=_("projects"), ordering="project_count")
    def open_projects(self, client: Any) -> int:
        return client.project_count

    @admin.action(description=_("Switch off: their people see nothing"))
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Client]) -> None:
        self._switch(request, queryset, on=False)

    @admin.action(description=_("Switch on again"))
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Client]) -> None:
        self._switch(request, queryset, on=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Client], *, on: bool) -> None:
        by = cast(User, request.user)
        count = sum(switch_company(client=client, on=on, by=by) for client in queryset)
        text = ngettext("%d company changed.", "%d companies changed.", count) % count
        self.message_user(request, text, messages.SUCCESS)


class SpanFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.is_valid() and form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
        if self.instance.kind == AnswerPolicy.Kind.WORKING and not kept:
            raise forms.ValidationError(_("A policy in working hours needs some: add at least one span."))
        spans = sorted((one["weekday"], one["starts_at"], one["ends_at"]) for one in kept)
        for (day, _start, end), (next_day, next_start, _end) in itertools.pairwise(spans):
            # Midnight as an end is the end of the day, and sorts as its beginning.
            if day == next_day and (next_start < end or end == time.min):
                raise forms.ValidationError(_("Two spans of one day overlap."))


class WorkingSpanInline(admin.TabularInline):
    model = WorkingSpan
    formset = SpanFormSet
    extra = 0


class FreeDayInline(admin.TabularInline):
    model = FreeDay
    extra = 0


@admin.register(AnswerPolicy)
class AnswerPolicyAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "minutes", "time_zone", "holidays_country")
    list_filter = ("kind",)
    search_fields = ("name",)
    inlines = (WorkingSpanInline, FreeDayInline)
