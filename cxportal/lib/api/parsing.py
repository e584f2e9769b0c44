"""JSON as RFC 8259 has it, and nothing that could not be stored or that would take the server down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from cxportal.lib.api.problems import ContentTooLarge

MOST_BYTES = 512 * 1024  # five times the longest message, in any alphabet
DEEPEST = 32


class StrictJSONParser(BaseParser):
    """Raises ContentTooLarge beyond MOST_BYTES, and ParseError for what is not plain JSON in UTF-8.

    Refused: NaN and Infinity, texts with NUL or halves of a surrogate pair (PostgreSQL keeps neither), more than
    DEEPEST levels.
    """

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ContentTooLarge
        try:
            value = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        for text in _texts(value):
            if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
                raise ParseError(_("A text holds characters that cannot be kept."))
        return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _texts(value: Any) -> Iterator[str]:
    """All keys and texts of parsed JSON. Raises ParseError where it is nested too deep."""
    layer = [value]
    for _level in range(DEEPEST + 1):
        inner: list[Any] = []
        for one in layer:
            if isinstance(one, str):
                yield one
            elif isinstance(one, dict):
                yield from one
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return
        layer = inner
    raise ParseError
