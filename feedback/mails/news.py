"""News of a conversation: a client's words to us, our words to the client."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Membership, User
from cxportal.lib import markdown
from cxportal.lib.database import Slot, Statement
from cxportal.lib.dates import humanize_duration, people_time
from cxportal.notifications.mail import Draft, MailKind, Rendered, message_id_for, queue_all, register
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.rendering import absolute, render_mail
from feedback.chain import who_is_told
from feedback.circles import load_circles
from feedback.models import AnswerClock, Message, Thread
from feedback.reasons import in_english

HOLD = dt.timedelta(seconds=10)  # as long as an answer can be taken back


def tell_us(message: Message, thread: Thread) -> None:
    """Queues the news of a client's message: to the assignee at once, else up the chain of `feedback.chain`."""
    now = timezone.now()
    circles = load_circles([thread], now)
    people = [circles.people[pk] for pk in who_is_told(circles.of(thread), 0).told]
    tell_people_of(message, people)


def tell_people_of(message: Message, people: list[User]) -> None:
    """Queues the news of a client's message to `people`; whoever had it already gets nothing."""
    queue_all(
        MESSAGE,
        [
            Draft(
                key=f"message:{message.pk}:{person.pk}",
                to=person.email,
                recipient=person,
                data={"message": message.pk},
            )
            for person in people
        ],
    )


def tell_them(message: Message, thread: Thread, answered: AnswerClock | None) -> None:
    """Queues our public words to whoever asked (`answered`: the clock they ended) and to those who follow, but
    not to their author. Held for as long as they can be taken back."""
    if answered is None:
        people = _FOLLOWING.objects(thread=thread.pk, author=message.author_id)
    else:
        people = _FOLLOWING_OR_ASKED.objects(thread=thread.pk, author=message.author_id, clock=answered.pk)
    queue_all(
        ANSWER,
        [
            Draft(
                key=f"answer:{message.pk}:{person.pk}",
                to=person.email,
                recipient=person,
                due_at=message.stored_at + HOLD,
                data={"message": message.pk},
            )
            for person in people
        ],
    )


def _following() -> QuerySet[Any, Any]:
    return Thread.followers.through.objects.filter(thread=Slot("thread")).values_list("user_id", flat=True)


def _asked() -> QuerySet[Any, Any]:
    asked = Message.objects.filter(clock=Slot("clock"), author__isnull=False)
    return asked.values_list("author_id", flat=True)


def _active_but_author(people: QuerySet[Any, Any]) -> QuerySet[User]:
    return User.objects.active().filter(pk__in=people).exclude(pk=Slot("author"))


_FOLLOWING = Statement(lambda: _active_but_author(_following()))
_FOLLOWING_OR_ASKED = Statement(lambda: _active_but_author(_following().union(_asked())))


def who_may_answer(thread: Thread) -> QuerySet[User]:
    """The client's people who may write in `thread`: whom we turn to when we begin a conversation."""
    writers = Membership.objects.in_force().filter(
        client=thread.client, role__in=[Membership.Role.OWNER, Membership.Role.MEMBER]
    )
    if thread.project_id is not None:
        writers = writers.filter(Q(role=Membership.Role.OWNER) | Q(projects=thread.project_id))
    if thread.audience == Thread.Audience.OWNERS:
        writers = writers.owners()
    return User.objects.active().filter(pk__in=writers.values("user"))


def thread_headers(thread: Thread) -> dict[str, str]:
    """Mail programs keep the mails of one conversation together by this."""
    return {"References": message_id_for(f"thread:{thread.uid}")}


def reader_of(mail: OutgoingMail) -> User | None:
    """The recipient as they are now; None if they may not sign in any more."""
    return User.objects.active().filter(outgoing_mails=mail).first()


def _why_no_news(mail: OutgoingMail) -> str:
    """Under lock: taken back, or the recipient may not read it any more; then it goes to whoever may."""
    message = _locked(mail)
    if message is None:
        return in_english("gone")
    if message.withdrawn_at is not None:
        return in_english("taken_back")
    reader = reader_of(mail)
    if reader is not None and Message.objects.visible_to(reader).filter(pk=message.pk).exists():
        return "" if reader.is_our_staff else in_english("not_staff")
    tell_us(message, message.thread)
    return in_english("no_access" if reader else "inactive")


def _why_no_answer(mail: OutgoingMail) -> str:
    """Under lock: taken back, or the recipient may not read it any more."""
    message = _locked(mail)
    if message is None:
        return in_english("gone")
    if message.withdrawn_at is not None:
        return in_english("taken_back")
    reader = reader_of(mail)
    if reader is None:
        return in_english("inactive")
    if message.is_note or not Message.objects.visible_to(reader).filter(pk=message.pk).exists():
        return in_english("no_access")
    return ""


def _locked(mail: OutgoingMail) -> Message | None:
    return (
        Message.objects.select_related("thread__client", "thread__project")
        .filter(pk=mail.data["message"])
        .select_for_update(of=("self",), no_key=True)
        .first()
    )


def _render_message(mail: OutgoingMail) -> Rendered:
    message = _whole(mail)
    subject = _("%(client)s: %(subject)s") % {
        "client": message.thread.client.name,
        "subject": message.thread.subject,
    }
    return _render("feedback/mail/message", mail, message, subject=subject, clock=message.clock)


def _render_answer(mail: OutgoingMail) -> Rendered:
    message = _whole(mail)
    clock = AnswerClock.objects.filter(answer=message).select_related("message").first()
    question = clock.message if clock is not None and clock.message.withdrawn_at is None else None
    asked = written(question) if question else None
    words = _("%(author)s answered: %(subject)s") if question else _("%(author)s wrote: %(subject)s")
    subject = words % {"author": message.author, "subject": message.thread.subject}
    return _render(
        "feedback/mail/answer", mail, message, subject=subject, clock=clock, question=question, asked=asked
    )


def _render(template: str, mail: OutgoingMail, message: Message, *, subject: str, **context: Any) -> Rendered:
    context |= {
        "message": message,
        "words": written(message),
        "thread": message.thread,
        "files": [file.name for file in message.files.all()],
        "url": absolute(message.thread.get_absolute_url()),
        **times_of(context.get("clock")),
    }
    return render_mail(
        template,
        context,
        subject=subject,
        language=mail.language,
        zone=mail.recipient.time_zone if mail.recipient else None,
        headers=thread_headers(message.thread),
    )


def times_of(clock: AnswerClock | None) -> dict[str, str]:
    """When the answer is due, exactly (a mail is read later), or in how long it came; in the active zone."""
    if clock is None:
        return {}
    if clock.is_running:
        return {"due": people_time(clock.due_at).exact}
    return {"answered_in": humanize_duration(clock.answered_in)} if clock.answered_in else {}


def written(message: Message) -> dict[str, str]:
    """The words of a message for both parts of a mail, its Markdown as HTML and as plain text."""
    return {"html": markdown.render(message.body, settings.BASE_URL), "text": markdown.to_text(message.body)}


def _whole(mail: OutgoingMail) -> Message:
    return Message.objects.select_related("author", "clock", "thread__client", "thread__project").get(
        pk=mail.data["message"]
    )


MESSAGE = register(MailKind("thread.message", render=_render_message, why_not=_why_no_news))
ANSWER = register(MailKind("thread.answer", render=_render_answer, why_not=_why_no_answer))
