"""Mail, events and signs of life in the admin: to look at. Mails can be sent again, copied or stopped, no more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from cxportal.lib.admin import ReadOnly, RowsToRead
from cxportal.notifications import actions, audit_admin
from cxportal.notifications.admin_verbs import MailVerbs
from cxportal.notifications.claims import database_time
from cxportal.notifications.mail import Rendered, registered_kinds
from cxportal.notifications.message import headers_of
from cxportal.notifications.models import Event, Heartbeat, MailAttempt, OutgoingMail
from cxportal.notifications.sending import render
from cxportal.notifications.wording import in_words

__all__ = ["audit_admin"]  # registers the audit

logger = logging.getLogger(__name__)

State = OutgoingMail.State
Outcome = MailAttempt.Outcome

# A mail is somebody's text: it loads nothing, runs nothing, and is no page of ours.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


class AttemptInline(RowsToRead):
    model = MailAttempt
    fields = readonly_fields = ("at", "outcome", "answer")

    @admin.display(description=_("answer of the server"))
    def answer(self, attempt: MailAttempt) -> str:
        return in_words(attempt.detail)


class KindFilter(admin.SimpleListFilter):
    """The kinds the portal knows, without reading the whole table for those it holds."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in registered_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> QuerySet[OutgoingMail]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutgoingMail)
class OutgoingMailAdmin(MailVerbs, ReadOnly, admin.ModelAdmin):
    list_display = ("state", "to", "subject", "kind", "due_at", "sent_at", "attempt_count", "why")
    list_per_page = 50
    list_display_links = ("state", "to")
    list_filter = ("state", KindFilter, "first_due_at")
    search_fields = ("to", "dedupe_key", "message_id")
    search_help_text = _("Address, key or Message-ID")
    ordering = ("-pk",)
    actions = ("send_again", "stop")
    inlines = (AttemptInline,)
    fieldsets = (
        (None, {"fields": ("state", "what_came_of_it", "why", "to", "recipient", "language")}),
        (
            _("When"),
            {"fields": ("created_at", "first_due_at", "due_at", "give_up_at", "sent_at", "lease_until")},
        ),
        (_("The mail"), {"fields": ("subject_shown", "html_shown", "text_shown", "headers_shown")}),
        (_("Where it comes from"), {"fields": ("kind", "dedupe_key", "message_id", "data", "is_secret")}),
    )
    readonly_fields = ("what_came_of_it", "why", "subject_shown", "html_shown", "text_shown", "headers_shown")

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Administrators; nobody else gets into the admin."""
        return self.has_view_permission(request)

    # The list.

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        now = database_time()
        oldest = OutgoingMail.objects.oldest_unsent_at(now)
        counts = {
            row["state"]: row["number"]
            for row in OutgoingMail.objects.unsent().order_by().values("state").annotate(number=Count("pk"))
        }
        unsent = [(State(state).label, number) for state, number in sorted(counts.items())]
        return super().changelist_view(
            request, {**(extra_context or {}), "oldest_unsent_at": oldest, "now": now, "unsent": unsent}
        )

    @admin.action(description=_("Send again"), permissions=["manage"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        done = self._each(request, queryset, actions.send_again)
        words = ngettext("%d mail will be sent again.", "%d mails will be sent again.", done) % done
        self._report(request, queryset, done, words, gettext("Only mail that failed or was not sent can be."))

    @admin.action(description=_("Stop"), permissions=["manage"])
    def stop(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        done = self._each(request, queryset, actions.stop)
        words = ngettext("%d mail stopped.", "%d mails stopped.", done) % done
        self._report(request, queryset, done, words, gettext("Only mail that still waits can be."))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[OutgoingMail], action: Callable[..., bool]
    ) -> int:
        return sum(action(mail=mail, by=request.user) for mail in queryset.order_by("pk"))

    def _report(self, request: HttpRequest, queryset: Any, done: int, words: str, only: str) -> None:
        complete = done == len(queryset)
        self.message_user(
            request,
            words if complete else f"{words} {only}",
            messages.SUCCESS if complete else messages.WARNING,
        )

    # One mail.

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse | TemplateResponse:
        return super().change_view(*args, **kwargs)

    @admin.display(description=_("why"))
    def why(self, mail: OutgoingMail) -> str:
        return in_words(mail.reason)

    @admin.display(description=_("what came of it"))
    def what_came_of_it(self, mail: OutgoingMail) -> str:
        last = mail.attempts.last()
        match mail.state, last.outcome if last else "":
            case State.FAILED, Outcome.TEMPORARY | Outcome.UNCERTAIN:
                return gettext("Given up after two days of trying.")
            case State.FAILED, Outcome.BROKEN:
                return gettext(
                    "The mail could not be written. The log says where; send it again when that is mended."
                )
            case State.FAILED, _outcome:
                return gettext("Refused for good. Is the address right?")
            case State.UNCERTAIN, _outcome:
                return gettext("It may have arrived: it is sent again with the same Message-ID.")
            case State.QUEUED, Outcome.TEMPORARY:
                return gettext("It did not get through yet and is tried again.")
        return "–"

    @admin.display(description=_("subject"))
    def subject_shown(self, mail: OutgoingMail) -> str:
        rendered = rendered_of(mail)
        return rendered.subject if rendered else nothing_to_show(mail)

    @admin.display(description=_("as it looks"))
    def html_shown(self, mail: OutgoingMail) -> str:
        if not rendered_of(mail):
            return nothing_to_show(mail)
        url = reverse("admin:notifications_outgoingmail_html", args=[mail.pk])
        frame = '<iframe src="{}" title="{}" sandbox width="660" height="640"></iframe>'
        return format_html(frame, url, gettext("as it looks"))

    @admin.display(description=_("plain text"))
    def text_shown(self, mail: OutgoingMail) -> str:
        rendered = rendered_of(mail)
        return format_html("<pre>{}</pre>", rendered.text) if rendered else nothing_to_show(mail)

    @admin.display(description=_("headers"))
    def headers_shown(self, mail: OutgoingMail) -> str:
        rendered = rendered_of(mail)
        if not rendered:
            return nothing_to_show(mail)
        headers = mail.headers or headers_of(mail, rendered)
        return format_html("<pre>{}</pre>", format_html_join("\n", "{}: {}", headers.items()))

    def get_urls(self) -> list[URLPattern]:
        html = self.admin_site.admin_view(self.html_view)
        return [
            path("<int:pk>/html/", html, name="notifications_outgoingmail_html"),
            *super().get_urls(),
        ]

    @method_decorator([never_cache, xframe_options_sameorigin])
    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML of a mail, to be shown in a frame; for its text where it has none."""
        mail = self.get_queryset(request).filter(pk=pk).first()
        if mail is None:
            raise Http404
        if not self.has_view_permission(request, mail):
            raise PermissionDenied
        rendered = rendered_of(mail)
        if rendered is None:
            raise Http404
        html = rendered.html or format_html("<pre>{}</pre>", rendered.text)
        return HttpResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


def rendered_of(mail: OutgoingMail) -> Rendered | None:
    """The mail as it was sent or, while it waits, as it would be sent now. None where there is nothing to show."""
    if mail.is_secret:
        return None
    if mail.text:
        return Rendered(mail.subject, mail.text, mail.html)
    if mail.state not in {State.QUEUED, State.UNCERTAIN}:
        return None
    cached: list[Rendered | None] = mail.__dict__.setdefault("_rendered_now", [])
    if not cached:
        cached.append(_rendered_now(mail))
    return cached[0]


def _rendered_now(mail: OutgoingMail) -> Rendered | None:
    try:
        return render(mail)
    except Exception:
        logger.warning("mail %d cannot be shown", mail.pk, exc_info=True)
        return None


def nothing_to_show(mail: OutgoingMail) -> str:
    if mail.is_secret:
        return gettext("This mail carries a secret, so its text is never stored or shown.")
    return gettext("There is no text: the mail was not sent.")


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "kind", "actor", "client", "project", "is_internal", "what_was_mailed")
    list_filter = ("at", "is_internal")
    list_select_related = ("actor", "client", "project")
    search_fields = ("kind", "actor__name", "actor__email")
    search_help_text = _("Kind, or who")
    ordering = ("-pk",)

    @admin.display(description=_("mail"))
    def what_was_mailed(self, event: Event) -> SafeString:
        # Gathered by an app above this one: known here by its name alone.
        url = reverse("admin:event_mail", args=[event.pk])
        return format_html('<a href="{}">{}</a>', url, _("what was mailed"))


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "at", "told")
    ordering = ("name",)

    @admin.display(description=_("said"))
    def told(self, heartbeat: Heartbeat) -> SafeString:
        return format_html_join(", ", "{}: {}", heartbeat.data.items())
