"""The page of a person's API tokens, and the reference of the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone, translation
from playwright.sync_api import Page, expect

from clients.models import ApiToken, User
from clients.tokens import make_token
from tests.browser.conftest import Visit
from tests.browser.looks import inspect

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], None]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_token_is_made_read_once_and_revoked(
    visitor: Visit, page: Page, sign_in: SignIn, owner: User, language: str
) -> None:
    User.objects.filter(pk=owner.pk).update(language=language)
    make_token(user=owner, name="Last year's report", scope="read", days=7)
    ApiToken.objects.update(expires_at=timezone.now(), last_used_at=timezone.now())
    make_token(user=owner, name="Warehouse", scope="write", days=365)
    ApiToken.objects.filter(name="Last year's report").update(expires_at=timezone.now())
    sign_in(page, owner)
    page.goto("/preferences/")
    page.locator("a[href='/preferences/tokens/']").click()
    page.locator("[name=name]").fill("Report")
    page.locator("form[data-once] button.btn-primary").click()
    expect(page.locator(".cx-token")).to_contain_text("cxp_")
    inspect(page, f"api-tokens-{language}")
    page.reload()  # sends the same form again: nothing is made, and the secret is not shown another time
    expect(page.locator(".cx-token")).to_have_count(0)
    assert ApiToken.objects.filter(name="Report").count() == 1
    visitor.forgive("422")
    page.goto("/preferences/tokens/")
    page.locator("form[action$='/revoke/'] button").first.click()
    expect(page.locator(".cx-toast")).to_be_visible()


def test_the_page_without_tokens_and_with_what_is_wrong(
    visitor: Visit, page: Page, sign_in: SignIn, owner: User
) -> None:
    sign_in(page, owner)
    page.goto("/preferences/tokens/")
    inspect(page, "api-tokens-empty")
    page.locator("[name=name]").evaluate("field => field.removeAttribute('required')")
    page.locator("form[data-once] button.btn-primary").click()
    expect(page.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    visitor.forgive("422 (Unprocessable Entity)")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_reference_is_sound(page: Page, sign_in: SignIn, owner: User, language: str) -> None:
    User.objects.filter(pk=owner.pk).update(language=language)
    sign_in(page, owner)
    with translation.override(language):  # whoever reads, it is made in English
        page.goto("/api/")
    expect(page.get_by_role("heading", name="Move a task on the board")).to_be_visible()
    for link in page.locator(".cx-api a").evaluate_all("links => links.map((link) => link.hash.slice(1))"):
        assert page.evaluate("(id) => !!document.getElementById(id)", link), link
    inspect(page, f"api-reference-{language}")
