"""A person's own preferences."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clients.actions import change_preferences
from clients.forms.preferences import PreferencesForm
from clients.http import PersonRequest
from cxportal.lib.toasts import toast


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    form = PreferencesForm(request.POST if request.method == "POST" else None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        change_preferences(user=request.user, **form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            toast(request, _("Your preferences are saved."))
        return redirect("preferences")
    return render(request, "clients/preferences.html", {"form": form}, status=422 if form.errors else 200)
