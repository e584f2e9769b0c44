"""What several apps need in Django's admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise
LOOKS = forms.Media(css={"all": ["admin/css/forms.css"]})


class RowsToRead(admin.TabularInline):
    """An inline whose rows are looked at, not touched: a plain table, which a screen reader can read."""

    template = "admin/rows_to_read.html"
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly:
    """Mixin of a ModelAdmin: rows that are looked at, not touched."""

    show_full_result_count = False  # there may be millions

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReasonForm(forms.Form):
    """Something that needs a word why, for the audit."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=300,
        help_text=_("Stands in the audit, where administrators read it."),
        error_messages={"required": _("Please say why.")},
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


def page(request: HttpRequest, template: str, *, title: Words, **context: Any) -> TemplateResponse:
    """A page of the administration beside those of its models, with its frame."""
    request.current_app = admin.site.name
    whole = {**admin.site.each_context(request), "title": title, "media": LOOKS, **context}
    return TemplateResponse(request, template, whole)


def confirm_page(
    request: HttpRequest, *, title: Words, form: forms.Form, button: Words, back: str, **context: Any
) -> TemplateResponse:
    """A page that says what is going to happen and asks what has to be known for it.

    `notes` are sentences on top, `things` what it happens to. `back` is where one goes without doing it.
    """
    return page(request, "admin/confirm.html", title=title, form=form, button=button, back=back, **context)
