"""Conversations: list, read, write."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clients.access import require_staff
from cxportal.lib.api.paging import PageQuery, as_page, page_of, paged
from cxportal.lib.api.problems import Invalid
from cxportal.lib.api.views import ApiView, answer, valid, valid_query
from feedback.access import get_message, get_thread, require_write
from feedback.actions import post_message, write_note
from feedback.api.presenting import message_lines, messages_of, thread_detail, thread_lines
from feedback.api.serializers import (
    MessageIn,
    MessageOut,
    ThreadDetailOut,
    ThreadOut,
    ThreadQuery,
)
from feedback.forms.filters import ThreadFilter
from feedback.models import Message, Thread
from projects.models import Task

ThreadPageOut = paged(ThreadOut)
MessagePageOut = paged(MessageOut)
TAG = ["Conversations"]
# The same request again, after a broken connection for one, finds what the first one wrote.
KEY_SPACE = uuid.UUID("6f0d3c1e-54ab-4c7e-9d2f-0b8a1c7e2f31")
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,200}$"},
    OpenApiParameter.HEADER,
    description=(
        "Any words of your own. The same request with the same key posts once, and answers the same each time."
    ),
)


class ThreadsView(ApiView):
    @extend_schema(
        operation_id="list_threads",
        tags=TAG,
        summary="The conversations you may read",
        description="What awaits an answer first, by due time; then the rest, the latest word first.",
        parameters=[ThreadQuery],
        responses=ThreadPageOut,
    )
    def get(self, request: Request) -> Response:
        asked = valid_query(ThreadQuery, request)
        now = timezone.now()
        chosen = ThreadFilter(asked, user=request.user)
        if not chosen.is_valid():
            raise Invalid(chosen.errors)
        threads = Thread.objects.visible_to(request.user).with_words_for(request.user)
        if key := asked.get("task"):
            threads = threads.filter(task__in=_tasks(request, key))
        rows = chosen.apply(threads, now).select_related(
            "client", "project", "task__project", "author", "assignee"
        )
        page = page_of(rows, asked)
        lines = thread_lines(page.object_list, request.user, now)
        return answer(ThreadPageOut, as_page(request, page, lines))


class ThreadView(ApiView):
    @extend_schema(
        operation_id="read_thread",
        tags=TAG,
        summary="A conversation with its latest messages",
        description="One that was merged into another reads as that other one.",
        responses=ThreadDetailOut,
    )
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        thread = get_thread(request.user, str(uid))
        return answer(ThreadDetailOut, thread_detail(thread, request.user, timezone.now()))


class MessagesView(ApiView):
    @extend_schema(
        operation_id="list_messages",
        tags=TAG,
        summary="The messages of a conversation",
        description="The oldest first. Our staff get internal notes as well.",
        parameters=[PageQuery],
        responses=MessagePageOut,
    )
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        thread = get_thread(request.user, str(uid))
        page = page_of(messages_of(thread, request.user), valid_query(PageQuery, request))
        lines = message_lines(page.object_list, request.user)
        return answer(MessagePageOut, as_page(request, page, lines))

    @extend_schema(
        operation_id="post_message",
        tags=TAG,
        summary="Write a public message",
        description=(
            "The client and our team read it and are told by mail. Words of a client start the answer clock, "
            "words of ours answer it."
        ),
        parameters=[KEY],
        request=MessageIn,
        responses={201: MessageOut},
    )
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        thread = get_thread(request.user, str(uid))
        require_write(request.user, thread)
        return _write(request, thread, post_message)


class NotesView(ApiView):
    @extend_schema(
        operation_id="write_note",
        tags=TAG,
        summary="Write an internal note",
        description="For our staff. No client person ever reads it; it is mailed to nobody and answers nothing.",
        parameters=[KEY],
        request=MessageIn,
        responses={201: MessageOut},
    )
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        thread = get_thread(request.user, str(uid))
        require_staff(request.user)
        return _write(request, thread, write_note)


class MessageView(ApiView):
    @extend_schema(operation_id="read_message", tags=TAG, summary="A message", responses=MessageOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return _one(get_message(request.user, str(uid)), request)


def _write(request: Request, thread: Thread, action: Callable[..., Message]) -> Response:
    key = _key(request)
    sent = valid(MessageIn, request.data)
    message = action(thread=thread, by=request.user, body=sent["body"], form_key=key)
    return _one(message, request, status=201)


def _one(message: Message, request: Request, status: int = 200) -> Response:
    [line] = message_lines([message], request.user)
    return answer(MessageOut, line, status=status)


def _key(request: Request) -> uuid.UUID | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not re.fullmatch("[!-~]{1,200}", key):
        raise Invalid({"Idempotency-Key": [_("1 to 200 plain characters without spaces.")]})
    return uuid.uuid5(KEY_SPACE, key)


def _tasks(request: Request, key: str) -> Any:
    code, _dash, number = key.rpartition("-")
    return Task.objects.visible_to(request.user).filter(project__code=code.upper(), number=int(number))
