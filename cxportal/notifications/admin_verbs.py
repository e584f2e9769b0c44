"""What is done with one mail in the admin, each on a page that asks why: sent again, copied, stopped."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cxportal.lib.admin import ReasonForm, Words, confirm_page
from cxportal.lib.errors import ActionRefused
from cxportal.notifications import actions
from cxportal.notifications.models import OutgoingMail

State = OutgoingMail.State


class CopyForm(ReasonForm):
    """The key makes the same form, sent twice, one copy."""

    key = forms.UUIDField(widget=forms.HiddenInput)


TITLES: dict[str, Words] = {
    "again": _("Send again"),
    "copy": _("Send a copy"),
    "stop": _("Stop"),
}
NOTES: dict[str, Words] = {
    "again": _("It is tried once more under the Message-ID it has, if its recipient may still get it."),
    "copy": _(
        "The mail was sent. A copy is a new mail to the address the person has now, written as things are now, and"
        " only if they may still get it."
    ),
    "stop": _("It is not sent. A mail that is with the mail server already cannot be stopped."),
}


def verbs_for(mail: OutgoingMail) -> list[str]:
    """What can be done with `mail` in its state."""
    if mail.state in {State.FAILED, State.SUPPRESSED}:
        return ["again"]
    if mail.state == State.SENT:
        return [] if mail.is_secret else ["copy"]
    return ["stop"]


class MailVerbs:
    """For the ModelAdmin of outgoing mails."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.verb_view)
        own = path("<int:pk>/<str:verb>/do/", view, name="notifications_outgoingmail_do")
        return [own, *super().get_urls()]  # type: ignore[misc]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        mail = kwargs.get("obj")
        verbs = [(TITLES[verb], self._url(mail, verb)) for verb in verbs_for(mail)] if mail else []
        return super().render_change_form(request, {**context, "verbs": verbs}, *args, **kwargs)  # type: ignore[misc]

    def verb_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        mail = OutgoingMail.objects.select_related("recipient").filter(pk=pk).first()
        if mail is None or verb not in TITLES:
            raise Http404
        if not self.has_manage_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        back = reverse("admin:notifications_outgoingmail_change", args=[mail.pk])
        form_class = CopyForm if verb == "copy" else ReasonForm
        form = form_class(request.POST or None, initial={"key": uuid.uuid4()})
        if request.method == "POST" and form.is_valid():
            return redirect(self._do(request, mail, verb, form.cleaned_data) or back)
        return confirm_page(
            request,
            title=TITLES[verb],
            form=form,
            button=TITLES[verb],
            back=back,
            notes=[NOTES[verb]],
            things=[mail.subject or mail.kind, mail.to],
        )

    def _do(self, request: HttpRequest, mail: OutgoingMail, verb: str, data: dict[str, Any]) -> str:
        """Does it, says so, and gives the page to go on to, "" for the mail's own."""
        by, reason = cast(Any, request.user), data["reason"]
        try:
            if verb == "copy":
                copy = actions.send_copy(mail=mail, by=by, key=data["key"], reason=reason)
                if copy is None:
                    messages.info(request, gettext("This copy was queued already."))
                    return ""
                messages.success(request, gettext("A copy is on its way."))
                return reverse("admin:notifications_outgoingmail_change", args=[copy.pk])
            action = actions.send_again if verb == "again" else actions.stop
            done = action(mail=mail, by=by, reason=reason)
        except ActionRefused as refused:
            messages.error(request, str(refused))
            return ""
        if not done:
            messages.warning(request, gettext("The mail has gone on meanwhile: nothing was changed."))
        elif verb == "again":
            messages.success(request, gettext("The mail will be sent again."))
        else:
            messages.success(request, gettext("The mail was stopped."))
        return ""

    def _url(self, mail: OutgoingMail, verb: str) -> str:
        return reverse("admin:notifications_outgoingmail_do", args=[mail.pk, verb])
