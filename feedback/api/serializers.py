"""How conversations and messages read in the API, and what it takes to write one."""

from __future__ import annotations

from rest_framework import serializers

from clients.api.serializers import ClientOut, PersonOut
from cxportal.lib.api.fields import Choice, Instant, QueryYesNo, Text
from cxportal.lib.api.paging import PageQuery
from feedback.forms.filters import STATUSES
from feedback.models import Message, Thread
from feedback.standing import STATES
from feedback.texts import BODY_MAX


class AnswerOut(serializers.Serializer):
    """Where the answer stands to what the client asked last."""

    state = serializers.ChoiceField(choices=STATES)
    due_at = Instant(allow_null=True, help_text="While the client waits.")
    answered_at = Instant(allow_null=True)
    answered_by = PersonOut(allow_null=True)
    seconds = serializers.IntegerField(allow_null=True, help_text="In how long the answer came.")
    was_late = serializers.BooleanField()


class ThreadOut(serializers.Serializer):
    uid = serializers.UUIDField()
    subject = serializers.CharField()
    kind = serializers.ChoiceField(choices=Thread.Kind.choices)
    urgency = serializers.ChoiceField(choices=Thread.Urgency.choices)
    status = serializers.ChoiceField(choices=Thread.Status.choices)
    audience = serializers.ChoiceField(
        choices=Thread.Audience.choices, help_text="Who of the client reads it."
    )
    client = ClientOut()
    project = serializers.CharField(allow_null=True, help_text="Code.")
    task = serializers.CharField(allow_null=True, help_text="Key.")
    author = PersonOut(allow_null=True)
    assignee = PersonOut(allow_null=True, help_text="Of our staff; shown to our staff.")
    answer = AnswerOut()
    created_at = Instant()
    last_message_at = Instant()
    url = serializers.URLField()


class MessageFileOut(serializers.Serializer):
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    url = serializers.URLField()


class MessageOut(serializers.Serializer):
    uid = serializers.UUIDField()
    thread = serializers.UUIDField()
    author = PersonOut(allow_null=True)
    by_client = serializers.BooleanField()
    is_note = serializers.BooleanField(help_text="Internal: no client person gets it.")
    via = serializers.ChoiceField(choices=Message.Via.choices)
    body = serializers.CharField(allow_blank=True, help_text="Markdown. Empty for one that was taken back.")
    received_at = Instant()
    withdrawn_at = Instant(allow_null=True, help_text="When it was taken back.")
    answer_due_at = Instant(allow_null=True, help_text="For words of a client that wait for an answer.")
    answered_in = serializers.IntegerField(
        allow_null=True, help_text="Seconds; on the message that was the answer."
    )
    files = MessageFileOut(many=True)


class ThreadDetailOut(ThreadOut):
    message_count = serializers.IntegerField()
    latest_messages = MessageOut(many=True, help_text="Up to 20, the oldest of them first.")


class ThreadQuery(PageQuery):
    """The filters of the list of questions."""

    status = Choice(choices=list(STATUSES), required=False, default="open")
    project = serializers.CharField(required=False, max_length=12, allow_blank=True, help_text="Code.")
    task = serializers.RegexField(
        "^[A-Za-z][A-Za-z0-9]{1,11}-[0-9]{1,9}$", required=False, help_text="Key: `HOUSE-12`."
    )
    kind = Choice(choices=Thread.Kind.choices, required=False)
    mine = QueryYesNo(required=False, help_text="Assigned to you, or begun by you.")
    unassigned = QueryYesNo(required=False, help_text="For our staff.")
    late = QueryYesNo(required=False, help_text="For our staff.")
    q = serializers.CharField(
        required=False, max_length=200, allow_blank=True, help_text="In subjects and messages you may read."
    )


class MessageIn(serializers.Serializer):
    body = Text(max_length=BODY_MAX, help_text="Markdown.")
