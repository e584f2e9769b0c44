"""The icons of static/vendor/icons, drawn into the page so that they take its colours."""

from __future__ import annotations

import functools
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'


@functools.cache
def drawing_of(name: str) -> str:
    """The shapes of an icon. Raises LookupError for one that was not vendored: `script/vendor NAME` adds it."""
    path = Path(settings.BASE_DIR) / "static" / "vendor" / "icons" / f"{name}.svg"
    if not path.is_file():
        raise LookupError(f"There is no icon {name!r} in static/vendor/icons: run script/vendor {name}")
    return path.read_text().strip().removeprefix(HEAD).removesuffix("</svg>")


def icon_html(name: str, label: str = "") -> SafeString:
    """An icon as inline SVG: decoration without a label, an image of that name with one."""
    if not label:
        return _decoration(name)
    shapes = mark_safe(drawing_of(name))  # noqa: S308  our own files
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, shapes
    )


@functools.cache
def _decoration(name: str) -> SafeString:
    shapes = mark_safe(drawing_of(name))  # noqa: S308  our own files
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', shapes)
