"""Bad input to the administration: searches, filters, ids and every field of every form that adds or changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.test import Client as Browser
from django.urls import reverse

from conftest import SignedIn
from tests.bad_input.drive import Target, error_of, fingerprint, stored_files
from tests.bad_input.monsters import BEYOND_BIGINT, HUGE, LONG, SCRIPT
from tests.bad_input.page import Page
from tests.world import World

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
IN_ADDRESS = ["%00", "1%00", BEYOND_BIGINT, HUGE[:4400], "abc", "-1", "%FF%ED%A0%80", "%D9%A3"]
IN_FIELDS = [
    "", "a\x00b", HUGE, BEYOND_BIGINT, "0001-01-01", "9999-12-31", "2026-02-31", "NaN", "1e999999", SCRIPT,
    "x" * 70_000,
]  # fmt: skip
if not LONG:
    IN_FIELDS = ["", "a\x00b", BEYOND_BIGINT, "9999-12-31", SCRIPT]


@pytest.fixture
def admin_browser(world: World) -> Browser:
    browser = SignedIn(world.people["admin"])
    browser.raise_request_exception = False
    return browser


def parameters_of(model: Any) -> list[str]:
    """What the list of this model reads from its address."""
    model_admin = admin.site._registry[model]
    found = ["q", "p", "o", "e", "all", "_facets", "_popup", "_to_field", "id__exact", "pk__in"]
    for one in model_admin.list_filter or ():
        if isinstance(one, type) and issubclass(one, SimpleListFilter):
            found.append(str(one.parameter_name))
            continue
        name = one[0] if isinstance(one, tuple) else str(one)
        found += [f"{name}__{lookup}" for lookup in ("exact", "id__exact", "isnull", "gte", "lt", "in")]
    if day := model_admin.date_hierarchy:
        found += [f"{day}__{part}" for part in ("year", "month", "day", "gte")]
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_list_stands_any_search_and_filter(model: Any, world: World, admin_browser: Browser) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    before, wrong = fingerprint(), []
    for parameter in parameters_of(model):
        for value in IN_ADDRESS if LONG else IN_ADDRESS[:5]:
            response = admin_browser.get(f"{url}?{parameter}={value}")
            if response.status_code >= 500:
                wrong.append(f"{parameter}={value[:30]}: {error_of(response)}")
    for value in IN_ADDRESS:
        response = admin_browser.get(f"{url}{value}/change/")
        if response.status_code >= 500:
            wrong.append(f"change {value[:30]}: {error_of(response)}")
    assert not wrong, f"{url}\n" + "\n".join(wrong)
    assert fingerprint() == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_form_stands_anything_in_any_field(model: Any, world: World, admin_browser: Browser) -> None:
    opts = model._meta
    urls = [reverse(f"admin:{opts.app_label}_{opts.model_name}_add")]
    if (row := model._default_manager.first()) is not None:
        urls.append(reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]))
    wrong = []
    for url in urls:
        got = admin_browser.get(url)
        assert got.status_code in {200, 403}
        if got.status_code == 403:
            continue
        page = Page(got.content.decode())
        controls = [
            one
            for one in page.controls
            if one.name not in {"", "csrfmiddlewaretoken"} and one.kind not in {"submit", "search", "file"}
        ]
        filled = {one.name: one.values for one in controls if one.values}
        names = dict.fromkeys(one.name for one in controls)
        target = Target(opts.label, url, admin_browser, filled, fingerprint(), stored_files())
        # All at once, but for what counts the rows, which is tried by itself; with more patience each by itself.
        counting = [name for name in names if name.endswith("_FORMS")]
        together = [name for name in names if name not in counting]
        for tried in [*filter(None, [together]), *([name] for name in (names if LONG else counting[:1]))]:
            for value in IN_FIELDS:
                answer = target.send(dict.fromkeys(tried, value))
                name = tried[0]
                if answer.status >= 500:
                    wrong.append(f"{url} {name}={value[:20]!r}: {answer.error}")
                if answer.status != 302 and answer.changed:
                    wrong.append(f"{url} {name}={value[:20]!r}: {answer.status}, and yet something changed")
                if "<script>alert(1)" in answer.html:
                    wrong.append(f"{url} {name}: echoes markup")
    assert not wrong, "\n".join(wrong)
