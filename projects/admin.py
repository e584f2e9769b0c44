"""Projects in the admin: made, set up, started and put away. What is done in a project is done on its own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from clients.models import User
from cxportal.lib.admin import ReadOnly
from cxportal.lib.fields import LineField
from projects import actions
from projects.actions.dates import owes_reason
from projects.errors import ActionRefused
from projects.models import (
    Column,
    DateChange,
    Label,
    Milestone,
    Phase,
    Placeholder,
    Project,
    Task,
)


class ColumnForm(forms.ModelForm):
    """What a column counts as stays: tasks stand in it that are counted so."""

    class Meta:
        model = Column
        fields = ("name", "kind", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["kind"].disabled = True


class ColumnFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        kept = {
            form.cleaned_data["kind"]
            for form in self.forms
            if form.is_valid() and form.cleaned_data.get("kind") and not form.cleaned_data.get("DELETE")
        }
        if set(Column.Kind.values) - kept:
            raise forms.ValidationError(
                _("A board needs a column of each kind: to do, in progress and done.")
            )


class ColumnInline(admin.TabularInline):
    model = Column
    form = ColumnForm
    formset = ColumnFormSet
    extra = 0


class PhaseInline(admin.TabularInline):
    model = Phase
    extra = 0


class LabelInline(admin.TabularInline):
    model = Label
    extra = 0


class PlaceholderInline(admin.TabularInline):
    model = Placeholder
    extra = 0


class MilestoneForm(forms.ModelForm):
    reason = LineField(
        label=_("why its date moves, as the client reads it"),
        required=False,
        max_length=500,
    )

    class Meta:
        model = Milestone
        fields = ("name", "phase", "due_on", "reason", "is_internal")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_due = self.instance.due_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        moves = self.instance.pk and self.was_due and cleaned.get("due_on") != self.was_due
        if moves and self.instance.reached_on:
            self.add_error("due_on", _("This milestone was reached. Take that back before you move it."))
        elif moves and owes_reason(self.instance) and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("The client sees this date. Write why it moves."))
        return cleaned


class MilestoneInline(admin.TabularInline):
    model = Milestone
    form = MilestoneForm
    extra = 0
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: Project | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        phase: Any = formset.form.base_fields["phase"]
        phase.queryset = Phase.objects.filter(project=obj)
        return formset


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "client", "manager", "status", "open_tasks", "due_on")
    list_filter = (
        "status",
        ("client", admin.RelatedOnlyFieldListFilter),
        ("manager", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("name", "code", "client__name", "team__name")
    list_select_related = ("client", "manager")
    autocomplete_fields = ("client", "manager", "team")
    readonly_fields = ("status", "created_at", "finished_at")
    actions = ("start", "pause", "finish", "archive", "restore")
    fieldsets = (
        (None, {"fields": ("name", "code", "client", "manager", "team", "description")}),
        (_("Plan"), {"fields": ("starts_on", "due_on", "publishes_estimates")}),
        (_("Health"), {"fields": ("health_override", "health_reason")}),
        (_("Status"), {"fields": ("status", "created_at", "finished_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        still_open = ~Q(tasks__column__kind=Column.Kind.DONE) & Q(tasks__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(open_count=Count("tasks", filter=still_open, distinct=True))
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> Any:
        """The code stands in links and mails, and the client owns what was said: both stay."""
        return (*self.readonly_fields, "code", "client") if obj else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Project | None = None) -> Any:
        if obj is None:
            return ()
        return (ColumnInline, PhaseInline, MilestoneInline, LabelInline, PlaceholderInline)

    def save_model(self, request: HttpRequest, obj: Project, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save(update_fields=[name for name in form.changed_data if name != "team"] or None)
        else:
            actions.create_project(project=obj, by=cast(User, request.user))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Milestones go the way of their actions: each move is written down with its reason."""
        if formset.model is not Milestone:
            super().save_formset(request, form, formset, change)
            return
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.forms:
            if row.has_changed():
                self._save_milestone(request, form.instance, row, formset)

    def _save_milestone(self, request: HttpRequest, project: Project, row: Any, formset: Any) -> None:
        values = {name: row.cleaned_data[name] for name in ("name", "phase", "due_on", "is_internal")}
        try:
            if row.instance.pk:
                reason = row.cleaned_data["reason"]
                milestone = actions.edit_milestone(
                    milestone=row.instance, by=cast(User, request.user), reason=reason, **values
                )
                formset.changed_objects.append((milestone, row.changed_data))
            else:
                formset.new_objects.append(
                    actions.add_milestone(project=project, by=cast(User, request.user), **values)
                )
        except ActionRefused as refused:
            self.message_user(request, str(refused), messages.ERROR)

    @admin.display(description=_("open tasks"), ordering="open_count")
    def open_tasks(self, project: Any) -> int:
        return project.open_count

    @admin.action(description=_("Start, or go on: the client sees it"))
    def start(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._each(request, queryset, actions.start_project)

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._each(request, queryset, actions.pause_project)

    @admin.action(description=_("Finish: nothing in it changes any more"))
    def finish(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._each(request, queryset, actions.finish_project)

    @admin.action(description=_("Put into the archive"))
    def archive(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._each(request, queryset, actions.archive_project)

    @admin.action(description=_("Take out of the archive"))
    def restore(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._each(request, queryset, actions.restore_project)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Project], action: Callable[..., Project]
    ) -> None:
        for project in queryset:
            try:
                changed = action(project=project, by=cast(User, request.user))
            except ActionRefused as refused:
                self.message_user(request, str(refused), messages.ERROR)
            else:
                self.message_user(
                    request, f"{changed.name}: {changed.get_status_display()}", messages.SUCCESS
                )


class WaitingFilter(admin.SimpleListFilter):
    title = _("waiting for the client")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(waiting_since__isnull=False).exclude(column__kind=Column.Kind.DONE)


@admin.register(Task)
class TaskAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("in_portal", "title", "project", "column", "due_on", "is_internal", "waiting_since")
    list_display_links = ("title",)
    list_filter = (
        "column__kind",
        "is_internal",
        WaitingFilter,
        "priority",
        ("project", admin.RelatedOnlyFieldListFilter),
        ("assignees", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("title", "=number", "project__code", "project__name", "assignees__name")
    list_select_related = ("project", "column")
    ordering = ("-pk",)

    @admin.display(description=_("in the portal"), ordering="number")
    def in_portal(self, task: Task) -> SafeString:
        return format_html('<a href="{}">{}</a>', task.get_absolute_url(), task.key)


@admin.register(DateChange)
class DateChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "project", "what", "old", "new", "reason", "actor", "is_internal")
    list_filter = ("is_internal", ("project", admin.RelatedOnlyFieldListFilter))
    search_fields = ("reason", "task__title", "milestone__name", "project__code")
    list_select_related = ("project", "task__project", "milestone", "actor")

    @admin.display(description=_("what"))
    def what(self, change: DateChange) -> str:
        return str(change.task or change.milestone)
