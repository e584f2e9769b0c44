"""Markdown as safe HTML and as plain text, whatever is written."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from django.utils import translation
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from cxportal.lib import markdown
from cxportal.lib.markdown import MAX_LENGTH, render, to_text

TAGS = {"a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
        "table", "tbody", "td", "th", "thead", "tr", "ul"}  # fmt: skip


class Reader(HTMLParser):
    """What a browser would find: tags, attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    found = Reader(html)
    assert set(found.tags) <= TAGS
    for tag, name, value in found.attributes:
        match tag, name:
            case "a", "href":
                assert (
                    value.split(":")[0].lower() in {"http", "https", "mailto"}
                    or ":" not in value.split("/")[0]
                )
            case "a", "rel":
                assert value == "noopener nofollow"
            case "table" | "td" | "th", "class":
                assert set(value.split()) <= {"table", "text-start", "text-center", "text-end"}
            case _:
                assert (tag, name) in {("a", "title"), ("ol", "start")}


# --- What it looks like -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("Hello **you** and *you*", "<p>Hello <strong>you</strong> and <em>you</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("~~no~~ yes", "<p><s>no</s> yes</p>"),
        ("# Title", "<h3>Title</h3>"),
        ("###### Small", "<h6>Small</h6>"),
        ("- [ ] task", "<ul>\n<li>[ ] task</li>\n</ul>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("```python\nx\n```", "<pre><code>x\n</code></pre>"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_html(source: str, html: str) -> None:
    assert render(source).strip() == html
    assert isinstance(render(source), SafeString)


def test_columns_of_a_table_are_aligned_by_class_not_by_style() -> None:
    html = render("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert '<table class="table">' in html
    assert '<td class="text-center">1</td>' in html
    assert '<td class="text-end">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("see https://example.com/a_b_c?x=1&y=2, please", "https://example.com/a_b_c?x=1&amp;y=2"),
        ("(see https://example.com/a)", "https://example.com/a"),
        ("https://example.com/x_(y)", "https://example.com/x_(y)"),
        ("https://example.com/.", "https://example.com/"),
        ("<https://example.com>", "https://example.com"),
        ("[a](https://example.com)", "https://example.com"),
        ("<olga@example.com>", "mailto:olga@example.com"),
        ("![a plan](https://example.com/plan.png)", "https://example.com/plan.png"),
    ],
)
def test_addresses_become_links(source: str, address: str) -> None:
    assert f'<a href="{address}" rel="noopener nofollow">' in render(source)


@pytest.mark.parametrize(
    "source", ["`https://example.com`", "    https://example.com", "ftp://example.com", "xhttps://a"]
)
def test_what_is_code_or_no_web_address_becomes_no_link(source: str) -> None:
    assert "<a" not in render(source)


def test_pictures_become_links_so_that_nobody_learns_who_reads() -> None:
    html = render("![](https://tracker.example/x.png) [![logo](https://a.example/l.png)](https://b.example)")
    assert "<img" not in html
    assert '<a href="https://tracker.example/x.png"' in html
    assert '<a href="https://b.example" rel="noopener nofollow">logo</a>' in html


def test_links_in_a_mail_get_the_portals_address() -> None:
    assert 'href="https://portal.example/tasks/1"' in render("[task](/tasks/1)", "https://portal.example")


# --- What it must not do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](&#x6a;avascript&colon;alert(1))",
        "[x](\x01javascript:alert(1))",
        "[x](vbscript:msgbox(1))",
        "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "[x](data:image/png;base64,AAAA)",
        "[x](file:///etc/passwd)",
        "<javascript:alert(1)>",
        "<data:text/html,x>",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        '![x](https://a"onerror="alert(1))',
        '[x](https://a "t\\" onmouseover=\\"alert(1)")',
        "[x][1]\n\n[1]: javascript:alert(1)",
        "```html onmouseover=alert(1)\n</code></pre><script>alert(1)</script>\n```",
        '``` "><script>alert(1)</script>\nx\n```',
        "| a |\n|:-:|\n| <script>alert(1)</script> |",
        'https://example.com/"onmouseover="alert(1)',
        "https://example.com/'onmouseover='alert(1)",
        "<style>body{display:none}</style>",
        "<iframe src=//evil.example>",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
        "<form action=//evil.example><input name=password>",
        "<!--<img src='--><img src=x onerror=alert(1)//'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\\<script>alert(1)\\</script>",
        "[<script>](https://a)<b>",
        "<div style='position:fixed'>x</div>",
        "<x\ny=1 onclick=alert(1)>",
    ],
)
def test_nothing_written_does_anything(source: str) -> None:
    assert_harmless(render(source))
    assert_harmless(render(source, "https://portal.example"))


@given(
    st.text(
        alphabet=st.sampled_from("<>\"'&;:/()[]!`*_~|#-=\\ \n\tajvscript:onx0\x00\u202e\ud800é"), max_size=300
    )
)
def test_any_text_is_rendered_harmless(source: str) -> None:
    html = render(source)
    assert_harmless(html)
    html.encode()
    to_text(source).encode()


@given(st.text(max_size=200))
def test_plain_words_are_all_there_in_the_text(source: str) -> None:
    words = " ".join(word for word in source.split() if word.isalnum() and not word[0].isdigit())
    assert to_text(words) == words


def test_nul_and_lone_surrogates_are_replaced() -> None:
    assert render("a\x00b\ud800c") == "<p>a\ufffdb\ufffdc</p>\n"
    assert to_text("a\x00b\ud800c") == "a\ufffdb\ufffdc"


# --- Bombs --------------------------------------------------------------------------------------

N = MAX_LENGTH
BOMBS = {
    "ten megabytes": "a *b* " * 1_700_000,
    "brackets": "[" * N,
    "links": "[a](" * (N // 4),
    "pictures": "![](" * (N // 4),
    "references": "[a]: /x\n\n" + "[a] " * (N // 4),
    "definitions": "\n".join(f"[a{n}]: /x" for n in range(N // 11)),
    "quotes": ">" * N,
    "lists": "- " * (N // 2),
    "nested items": "\n".join(" " * (2 * n) + "- a" for n in range(220)),
    "emphasis": "*a_ " * (N // 4),
    "delimiters": ("*" * 50 + "a" + "_" * 50) * (N // 101),
    "strikes": "~~a" * (N // 3),
    "ticks": "".join("`" * n + " " for n in range(300)),
    "code": "`a" * (N // 2),
    "tags": "<" * N,
    "comments": "<!--" * (N // 4),
    "entities": "&" * N,
    "autolinks": "<http:" * (N // 6),
    "addresses": "http://a/ " * (N // 10),
    "brackets after an address": "http://a" + ")" * N,
    "empty cells": "|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n" + "|a\n" * 5000,
    "headings": "# a\n" * (N // 4),
    "backslashes": "\\" * N,
    "mixed": "**a *b _c __d ~~e [f ![g `h " * (N // 28),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_rendered_in_bounded_time_and_size(name: str) -> None:
    began = time.thread_time()
    html, text = render(BOMBS[name]), to_text(BOMBS[name])
    assert time.thread_time() - began < 6
    assert len(html) < 3_000_000
    assert len(text) < 1_000_000
    assert "<script" not in html


def test_what_takes_too_long_is_shown_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "MAX_SECONDS", -1)
    assert render("**a** <b>\n[c](javascript:d)") == "<p>**a** &lt;b&gt;<br>\n[c](javascript:d)</p>"
    assert to_text("**a**\n") == "**a**"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    with translation.override("en"):
        html, text = render("word " * N), to_text("word " * N)
    assert html.endswith("<p>The rest is too long to be shown here.</p>")
    assert text.endswith("\n\nThe rest is too long to be shown here.")
    assert html.count("word") == N // 5


# --- Plain text ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# Title\n\nHello **you**, ~~not~~ `x`", "Title\n\nHello you, ~~not~~ x"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("[the plan](https://example.com/p)", "the plan (https://example.com/p)"),
        ("https://example.com/p and <olga@example.com>", "https://example.com/p and olga@example.com"),
        ("![a plan](https://example.com/p.png)", "a plan (https://example.com/p.png)"),
        ("- one\n- two\n  - three\n- four", "- one\n- two\n  - three\n- four"),
        ("9. nine\n10. ten\n\n    more", "9. nine\n\n10. ten\n\n    more"),
        ("> quoted\n> twice\n>\n> - item\n\nanswer", "> quoted\n> twice\n>\n> - item\n\nanswer"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("```\nx = 1\n  y\n```", "x = 1\n  y"),
        ("a\n\n---\n\nb", "a\n\n--------------------\n\nb"),
        ("-\n- x", "-\n- x"),
        ("&lt;b&gt; <i>", "<b> <i>"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_text(source: str, text: str) -> None:
    assert to_text(source) == text
