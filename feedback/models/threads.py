"""Conversations: every word of a client in one place, and what we answered."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Membership, User
from projects.models import Project, Task


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: User) -> ThreadQuerySet:
        """The conversations `user` may read.

        Managers and admins: all. Specialists: those of their projects, and those assigned to them. Contacts:
        those of the projects they see and those of their company without a project, unless the author
        narrowed them to owners or to themself; conversations of internal tasks never. What was merged into
        another is nowhere but there.
        """
        whole = self.filter(merged_into=None)
        if user.runs_projects:
            return whole
        if user.is_our_staff:
            return whole.filter(
                models.Q(project__in=Project.objects.visible_to(user)) | models.Q(assignee=user)
            )
        mine = Membership.objects.in_force().filter(user=user)
        in_reach = models.Q(project__in=Project.objects.visible_to(user)) | models.Q(
            project=None, client__in=mine.values("client")
        )
        return whole.filter(in_reach).not_narrowed_from(user).exclude(task__is_internal=True)

    def not_narrowed_from(self, user: User) -> ThreadQuerySet:
        """Without those whose author left this contact out; for staff all."""
        if user.is_our_staff:
            return self
        owned = Membership.objects.in_force().filter(user=user).owners()
        return self.filter(
            models.Q(audience=Thread.Audience.COMPANY)
            | models.Q(author=user)
            | models.Q(audience=Thread.Audience.OWNERS, client__in=owned.values("client"))
        )

    def with_words_for(self, user: User) -> ThreadQuerySet:
        """For a contact only those in which somebody said something to them: that we wrote a note is ours to know."""
        if user.is_our_staff:
            return self
        return self.filter(models.Exists(Message.objects.filter(thread=models.OuterRef("pk"), is_note=False)))

    def open(self) -> ThreadQuerySet:
        return self.filter(status=Thread.Status.OPEN)

    def closed(self) -> ThreadQuerySet:
        return self.filter(status=Thread.Status.CLOSED)

    def awaiting_answer(self) -> ThreadQuerySet:
        """With a running answer clock."""
        return self.filter(clocks__ended_at=None, clocks__isnull=False)

    def late(self, now: dt.datetime) -> ThreadQuerySet:
        """With an answer that should have been there by `now`."""
        return self.filter(clocks__ended_at=None, clocks__due_at__lte=now)

    def unassigned(self) -> ThreadQuerySet:
        return self.filter(assignee=None)

    def of(self, user: User) -> ThreadQuerySet:
        """Those that are `user`'s own business: assigned to them, or started by them."""
        return self.filter(models.Q(assignee=user) | models.Q(author=user))

    def searched(self, words: str, user: User) -> ThreadQuerySet:
        """With `words` in the subject or in a message that `user` may read: a hit never tells of anything else."""
        messages = Message.objects.filter(thread=models.OuterRef("pk"), withdrawn_at=None)
        if not user.is_our_staff:
            messages = messages.public()
        return self.filter(
            models.Q(subject__icontains=words) | models.Exists(messages.filter(body__icontains=words))
        )

    def by_due_time(self) -> ThreadQuerySet:
        """What awaits an answer first, by due time; then the rest, the latest word first."""
        return self.annotate(
            running=models.FilteredRelation("clocks", condition=models.Q(clocks__ended_at=None)),
        ).order_by(models.F("running__due_at").asc(nulls_last=True), "-last_message_at", "-pk")


class Thread(models.Model):
    """A conversation with a client: about the company, a project, or one task (then it is the task's only one)."""

    class Kind(models.TextChoices):
        QUESTION = "question", _("Question")
        REQUEST = "request", _("Request")
        COMPLAINT = "complaint", _("Complaint")
        IDEA = "idea", _("Idea")
        PRAISE = "praise", _("Praise")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    class Audience(models.TextChoices):
        COMPANY = "company", _("Everyone in our company who sees the project, and the team")
        OWNERS = "owners", _("Our owners and the team")
        AUTHOR = "author", _("Me and the team")

    class Urgency(models.TextChoices):
        NORMAL = "normal", _("Normal")
        URGENT = "urgent", _("Urgent")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="threads", verbose_name=_("client"))
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="threads",
        verbose_name=_("project"),
    )
    task = models.OneToOneField(
        Task, models.CASCADE, null=True, blank=True, related_name="thread", verbose_name=_("task")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.QUESTION)
    urgency = models.CharField(_("urgency"), max_length=16, choices=Urgency, default=Urgency.NORMAL)
    subject = models.CharField(_("subject"), max_length=200)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.OPEN)
    audience = models.CharField(_("who sees it"), max_length=16, choices=Audience, default=Audience.COMPANY)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="threads", verbose_name=_("author")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_threads",
        verbose_name=_("assignee"),
        limit_choices_to={"staff_role__in": ["specialist", "manager", "admin"]},
    )
    # Where its messages went; an old link leads there.
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("merged into")
    )
    followers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="followed_threads", verbose_name=_("followers")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_message_at = models.DateTimeField(_("last message"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    objects: ClassVar[ThreadQuerySet] = ThreadQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-last_message_at", "-pk"]
        indexes = [
            models.Index(fields=["client", "-last_message_at"], name="thread_of_client"),
            models.Index(fields=["project", "-last_message_at"], name="thread_of_project"),
        ]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("thread", args=[self.uid])

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> MessageQuerySet:
        """Messages of the conversations `user` reads. Contacts get no notes and nothing that was taken back."""
        seen = self.filter(thread__in=Thread.objects.visible_to(user))
        return seen if user.is_our_staff else seen.public()

    def public(self) -> MessageQuerySet:
        return self.filter(is_note=False, withdrawn_at=None)

    def from_client(self) -> MessageQuerySet:
        return self.filter(by_client=True)

    def from_us(self) -> MessageQuerySet:
        return self.filter(by_client=False)


class Message(models.Model):
    """Words in a conversation: public, or a note that only our staff read."""

    class Via(models.TextChoices):
        PORTAL = "portal", _("portal")
        PHONE = "phone", _("phone")
        EMAIL = "email", _("email")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thread = models.ForeignKey(
        Thread, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="messages",
        verbose_name=_("author"),
    )
    by_client = models.BooleanField(_("of the client"), editable=False)
    is_note = models.BooleanField(_("internal note"), default=False)
    via = models.CharField(_("came by"), max_length=16, choices=Via, default=Via.PORTAL)
    body = models.TextField(_("text"), max_length=50_000)
    # When our server, or the mail server, first had it: what the answer clock counts from.
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)
    stored_at = models.DateTimeField(_("stored"), default=timezone.now, editable=False)
    # The same form sent twice carries the same key: the second finds the first.
    form_key = models.UUIDField(null=True, unique=True, editable=False)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, editable=False)
    # The clock that counts these words of a client; unanswered for as long as it runs.
    clock = models.ForeignKey(
        "feedback.AnswerClock",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="messages",
        verbose_name=_("answer clock"),
    )

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["stored_at", "pk"]
        indexes = [models.Index(fields=["thread", "stored_at"], name="message_of_thread")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_note=False) | models.Q(by_client=False), name="notes_are_ours"
            )
        ]

    def __str__(self) -> str:
        return self.body[:60]


class MessageFileQuerySet(models.QuerySet["MessageFile"]):
    def visible_to(self, user: User) -> MessageFileQuerySet:
        return self.filter(message__in=Message.objects.visible_to(user))


class MessageFile(models.Model):
    """A file sent along with a message; seen by whoever sees the message."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="files", verbose_name=_("message"))
    file = models.FileField(_("file"), upload_to="messages/%Y/%m/", max_length=255)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    size = models.PositiveBigIntegerField(_("size"), default=0)

    objects: ClassVar[MessageFileQuerySet] = MessageFileQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
