"""The forms of signing in that are not as django-allauth has them."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django.http import HttpRequest
from django.utils.translation import get_language

from clients.actions import request_password_reset


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Takes any address and looks for nobody: what it does is the same for a known and an unknown one."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        request_password_reset(email=email, language=get_language() or "")
        return email
