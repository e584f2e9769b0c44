from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import TemplateDoesNotExist
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from pytest_django import Settings

from cxportal.notifications.rendering import absolute, render_mail

HTML = """{% extends "mail/base.html" %}{% load i18n %}
{% block content %}<p class="quote">{{ words }}</p><p>{{ at|date:"H:i" }}</p><p>{% translate "Send again" %}</p>
{% endblock %}
{% block action %}{% include "mail/_button.html" with url="https://example.com/?a=1&b=2" label="Open" %}{% endblock %}
"""
TEXT = """{% extends "mail/base.txt" %}{% load i18n %}
{% block content %}{{ words }}

{{ at|date:"H:i" }} {% translate "Send again" %}   {% endblock %}
"""
AT = dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def letter(settings: Settings, tmp_path: Path) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]
    (tmp_path / "letter.html").write_text(HTML)
    (tmp_path / "letter.txt").write_text(TEXT)


def test_the_html_is_escaped_and_the_text_is_not() -> None:
    mail = render_mail("letter", {"words": "<b>1 & 2</b>"}, subject="News", language="en")
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in mail.html
    assert "<b>1 & 2</b>" in mail.text


def test_language_and_zone_are_the_reader_s_whatever_is_active() -> None:
    with translation.override("en"), timezone.override("Asia/Tokyo"):
        mail = render_mail(
            "letter", {"at": AT}, subject=_("Set a new password"), language="ru", zone="Europe/Moscow"
        )
    assert mail.subject == "Новый пароль"
    assert "13:00 Отправить ещё раз" in mail.text
    assert "13:00" in mail.html
    assert 'lang="ru"' in mail.html


def test_the_subject_is_one_line() -> None:
    assert render_mail("letter", {}, subject="A\r\nBcc: b", language="en").subject == "A Bcc: b"


def test_the_text_is_tidy() -> None:
    text = render_mail("letter", {"words": "Hello"}, subject="News", language="en").text
    assert "\n\n\n" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip() and line != "-- "]
    assert text.startswith("News\n\nHello\n\n")


def test_styles_are_inline_and_nothing_is_loaded() -> None:
    html = render_mail("letter", {"words": "Hello"}, subject="News", language="en").html
    assert re.search(r'<p class="quote" style="[^"]*border-left: 3px', html)
    assert "<link" not in html
    assert "src=" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html


def test_it_is_600_px_wide_in_tables_that_listeners_need_not_hear_of() -> None:
    class Tables(HTMLParser):
        roles: list[str | None] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "table":
                self.roles.append(dict(attrs).get("role"))

    html = render_mail("letter", {}, subject="News", language="en").html
    parser = Tables()
    parser.feed(html)
    assert parser.roles
    assert set(parser.roles) == {"presentation"}
    assert 'width="600"' in html
    assert "max-width: 600px" in html


def test_a_missing_template_is_an_error() -> None:
    with pytest.raises(TemplateDoesNotExist):
        render_mail("nothing", {}, subject="News", language="en")


def test_links_come_from_the_settings(settings: Settings) -> None:
    settings.BASE_URL = "https://portal.example.com"
    assert absolute("/questions/1/") == "https://portal.example.com/questions/1/"
    assert "https://portal.example.com/" in render_mail("letter", {}, subject="News", language="en").text
