"""Writes a mail from its templates, in the reader's language and time zone.

A kind of mail has two templates with the same blocks, `<template_base>.html` and `<template_base>.txt`, which
extend `mail/base.html` and `mail/base.txt`. The text part says all that the HTML part says.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import css_inline
from django.conf import settings
from django.template import Context, engines
from django.utils import timezone, translation

from cxportal.notifications.mail import Rendered, one_line

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# Nothing is ever loaded from elsewhere: what stands in the mail's own <style> is all there is.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

_TRAILING_SPACE = re.compile(
    r"(?<!^--)[ \t]+$", re.MULTILINE
)  # "-- " opens the signature and keeps its space
_BLANK_LINES = re.compile(r"\n{3,}")


def absolute(path: str) -> str:
    """The address of a page of ours, from BASE_URL alone and never from a request: it goes into mails."""
    return f"{settings.BASE_URL}/{path.lstrip('/')}"


def render_mail(
    template_base: str,
    context: Mapping[str, Any],
    *,
    subject: str | StrPromise,
    language: str,
    zone: dt.tzinfo | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Rendered:
    """Renders `templates/<template_base>.txt` and `.html` with the CSS inlined.

    `subject` may be lazy and is made one line. `zone` (a tzinfo or an IANA name) is what times are shown in;
    without it UTC. The templates get `context`, `subject`, `language` and `base_url`; variables are escaped in
    the HTML part and, whatever the template says, not in the text part. Raises what the templates raise.
    """
    if isinstance(zone, str):
        zone = zoneinfo.ZoneInfo(zone)
    with translation.override(language), timezone.override(zone or dt.UTC):
        values = {
            **context,
            "subject": one_line(str(subject)),
            "language": language,
            "base_url": settings.BASE_URL,
        }
        text = _render(f"{template_base}.txt", values, autoescape=False)
        html = _inliner.inline(_render(f"{template_base}.html", values, autoescape=True))
    text = _BLANK_LINES.sub("\n\n", _TRAILING_SPACE.sub("", text)).strip() + "\n"
    return Rendered(subject=values["subject"], text=text, html=html, headers=dict(headers or {}))


def _render(name: str, values: dict[str, Any], *, autoescape: bool) -> str:
    template = engines["django"].get_template(name).template  # type: ignore[attr-defined]
    return str(template.render(Context(values, autoescape=autoescape)))
