"""How projects and tasks read in the API, and what it takes to move a task."""

from __future__ import annotations

from rest_framework import serializers

from clients.api.serializers import ClientOut
from cxportal.lib.api.fields import Choice, Instant, QueryYesNo, Whole, YesNo
from cxportal.lib.api.paging import PageQuery
from projects.forms.board import END, TOP
from projects.models import Column, Project, Task
from projects.task_list import SORTS

PRIORITIES = {value: Task.Priority(value).name.lower() for value in Task.Priority.values}


class ProgressOut(serializers.Serializer):
    """Counts of the tasks you may see; the four groups add up to the total."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    to_do = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Open, and waiting for the client.")
    percent = serializers.IntegerField(help_text="Done, rounded down.")
    done_this_week = serializers.IntegerField()
    hours_done = serializers.FloatField(
        allow_null=True, help_text="By estimate; null where estimates are not shown to you."
    )
    hours_total = serializers.FloatField(allow_null=True)


class HealthOut(serializers.Serializer):
    status = serializers.ChoiceField(choices=Project.Health.choices)
    reason = serializers.CharField(allow_blank=True, help_text="In your language.")


class MilestoneOut(serializers.Serializer):
    name = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)


class ColumnOut(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="label")
    kind = serializers.ChoiceField(choices=Column.Kind.choices)
    tasks = serializers.IntegerField(help_text="Without those that wait for the client.")
    waiting = serializers.IntegerField()


class ProjectOut(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    client = ClientOut()
    status = serializers.ChoiceField(choices=Project.Status.choices)
    health = HealthOut(allow_null=True, help_text="Of active projects.")
    progress = ProgressOut()
    starts_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    next_milestone = MilestoneOut(allow_null=True)
    url = serializers.URLField(help_text="The board in the portal.")


class ProjectDetailOut(ProjectOut):
    description = serializers.CharField(allow_blank=True, help_text="Markdown.")
    manager = serializers.CharField()
    columns = ColumnOut(many=True)


class ProjectQuery(PageQuery):
    status = Choice(
        choices=Project.Status.choices, required=False, help_text="Without it, all but archived ones."
    )


class TaskColumnOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Column.Kind.choices)


class WaitingOut(serializers.Serializer):
    since = Instant()
    reason = serializers.CharField(allow_blank=True, help_text="What the client is asked for.")


class TaskOut(serializers.Serializer):
    key = serializers.CharField(help_text="`HOUSE-12`.")
    number = serializers.IntegerField()
    title = serializers.CharField()
    column = TaskColumnOut()
    people = serializers.ListField(child=serializers.CharField(), help_text="Who works on it, by name.")
    labels = serializers.ListField(child=serializers.CharField())
    priority = serializers.ChoiceField(choices=list(PRIORITIES.values()))
    percent_done = serializers.IntegerField()
    starts_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    done_at = Instant(allow_null=True)
    waiting = WaitingOut(allow_null=True, help_text="Where it waits for the client.")
    milestone = MilestoneOut(allow_null=True)
    estimate_hours = serializers.FloatField(
        allow_null=True, help_text="Null where there is none, or where it is not shown to you."
    )
    is_internal = serializers.BooleanField(help_text="Clients see no internal task.")
    url = serializers.URLField()


class ChecklistItemOut(serializers.Serializer):
    text = serializers.CharField()
    is_done = serializers.BooleanField()


class FileOut(serializers.Serializer):
    """A file; it is downloaded in a session, by people."""

    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    is_internal = serializers.BooleanField()
    url = serializers.URLField()


class NeighbourOut(serializers.Serializer):
    name = serializers.CharField()
    key = serializers.CharField(allow_null=True, help_text="Null for a milestone.")
    is_done = serializers.BooleanField()


class TaskDetailOut(TaskOut):
    description = serializers.CharField(allow_blank=True, help_text="Markdown.")
    checklist = ChecklistItemOut(many=True)
    files = FileOut(many=True)
    waits_for = NeighbourOut(many=True)
    needed_by = NeighbourOut(many=True)
    created_at = Instant()
    updated_at = Instant()


class TaskQuery(PageQuery):
    """The filters of the task list."""

    q = serializers.CharField(
        required=False, max_length=100, allow_blank=True, help_text="In title and text."
    )
    person = serializers.CharField(
        required=False, max_length=20, allow_blank=True, help_text="As in the address of the task list: `u7`."
    )
    label = serializers.CharField(required=False, max_length=20, allow_blank=True, help_text="Id.")
    milestone = serializers.CharField(required=False, max_length=20, allow_blank=True, help_text="Id.")
    waiting = QueryYesNo(required=False, help_text="Only what waits for the client.")
    overdue = QueryYesNo(required=False, help_text="Only what is overdue.")
    column = serializers.CharField(
        required=False, max_length=18, allow_blank=True, help_text="Id of a column, or `waiting`."
    )
    sort = Choice(choices=sorted(SORTS), required=False, help_text="Without it, as on the board.")


class MoveIn(serializers.Serializer):
    column = Whole(help_text="Id of the column to move to.")
    place = Choice(choices=(TOP, END), required=False, default=END, help_text="In that column.")
    after = Whole(
        required=False,
        allow_null=True,
        default=None,
        help_text="Number of the task to stand behind, instead of `place`.",
    )
    ends_waiting = YesNo(required=False, default=False, help_text="It does not wait for the client any more.")
