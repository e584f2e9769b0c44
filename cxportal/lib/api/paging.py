"""Lists come in pages, in an order that leaves no doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.paginator import EmptyPage, Page, Paginator
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request

from cxportal.lib.api.fields import QueryWhole

PER_PAGE, MOST_PER_PAGE = 50, 100
LAST_PAGE = 100_000


class PageQuery(serializers.Serializer):
    """The parameters every list takes."""

    page = QueryWhole(min_value=1, max_value=LAST_PAGE, default=1, required=False, help_text="From 1.")
    page_size = QueryWhole(
        min_value=1, max_value=MOST_PER_PAGE, default=PER_PAGE, required=False, help_text="Rows of a page."
    )


def page_of(rows: Any, asked: dict[str, Any]) -> Page:
    """The page that a valid PageQuery asked for; 404 for one after the last."""
    try:
        return Paginator(rows, asked["page_size"]).page(asked["page"])
    except EmptyPage as error:
        raise Http404 from error


def as_page(request: Request, page: Page, results: Sequence[Any]) -> dict[str, Any]:
    """What `paged` describes. Links begin with BASE_URL, whatever host the request named."""

    def link(number: int) -> str:
        query = request.query_params.copy()
        query["page"] = str(number)
        return f"{settings.BASE_URL}{request.path}?{query.urlencode()}"

    return {
        "count": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
        "next": link(page.number + 1) if page.has_next() else None,
        "previous": link(page.number - 1) if page.has_previous() else None,
        "results": results,
    }


def paged(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """A serializer of pages of `row`, which comes as "…Out"."""
    name = row.__name__.removesuffix("Out") + "PageOut"
    fields = {
        "count": serializers.IntegerField(help_text="Rows on all pages, of those you may see."),
        "page": serializers.IntegerField(),
        "pages": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": row(many=True),
    }
    return type(name, (serializers.Serializer,), {**fields, "__doc__": ""})
