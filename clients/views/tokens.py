"""A person's own API tokens: make one, see when each was used, revoke one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clients.access import get_api_token
from clients.forms.tokens import TokenForm
from clients.http import PersonRequest
from clients.models import ApiToken
from clients.tokens import make_token, revoke_token
from cxportal.lib.errors import ActionRefused
from cxportal.lib.toasts import toast


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def api_tokens(request: PersonRequest) -> HttpResponse:
    """The secret of a new token is in the answer to its form, this once, and nowhere else."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = make_token(user=request.user, **form.cleaned_data)
            return _show(request, TokenForm(), new_token=token, secret=secret)
        except ActionRefused as refusal:
            form.add_error(None, str(refusal.message))
    return _show(request, form)


@login_required
@require_POST
def api_token_revoke(request: PersonRequest, pk: int) -> HttpResponse:
    token = get_api_token(request.user, pk)
    revoke_token(token=token, by=request.user)
    toast(request, _("“%(name)s” is revoked and does nothing any more.") % {"name": token.name})
    return redirect("api_tokens")


def _show(request: PersonRequest, form: TokenForm, **more: Any) -> HttpResponse:
    now = timezone.now()
    tokens = [(token, token.is_expired(now)) for token in ApiToken.objects.visible_to(request.user)]
    context = {"form": form, "tokens": tokens, **more}
    return render(request, "clients/api_tokens.html", context, status=422 if form.errors else 200)
