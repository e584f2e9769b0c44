"""Signing in and choosing a password: django-allauth's forms in our words, each password asked for once."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clients.actions import request_password_reset
from cxportal.lib.widgets import PasswordInput

PASSWORD_HINT = _("At least 10 characters. Three or four unrelated words are good and easy to remember.")


def _tidy(field: forms.Field, label: Any, *, help_text: Any = "", autocomplete: str) -> None:
    field.label = label
    field.help_text = help_text
    if isinstance(field.widget, forms.PasswordInput):
        field.widget = PasswordInput()
        # A field that was bound before its widget was exchanged.
        field.widget.is_required = field.required
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs["autocomplete"] = autocomplete


class SignInForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _tidy(self.fields["login"], _("Email"), autocomplete="username")
        _tidy(self.fields["password"], _("Password"), autocomplete="current-password")


class _OnceMixin:
    fields: dict[str, forms.Field]

    def ask_once(self) -> None:
        del self.fields["password2"]
        _tidy(
            self.fields["password1"], _("New password"), help_text=PASSWORD_HINT, autocomplete="new-password"
        )


class PasswordChangeForm(_OnceMixin, allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _tidy(self.fields["oldpassword"], _("Current password"), autocomplete="current-password")
        self.ask_once()


class FirstPasswordForm(_OnceMixin, allauth_forms.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once()


class NewPasswordForm(_OnceMixin, allauth_forms.ResetPasswordKeyForm):
    """Reached by the link of a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once()


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Takes any address and looks for nobody: what it does is the same for a known and an unknown one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _tidy(self.fields["email"], _("Email"), autocomplete="email")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        request_password_reset(email=email, language=get_language() or "")
        return email
