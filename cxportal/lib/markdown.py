"""What people write, in Markdown, as safe HTML for pages and mails, and as plain text.

CommonMark with tables, strikethrough and bare web addresses as links; a line break is a line break. There is no
HTML in it and there are no pictures (one becomes a link to it): a picture from elsewhere tells its owner who reads.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Sequence

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from cxportal.lib.text import storable

MAX_LENGTH = 50_000  # characters; what is longer is cut, and says so
MAX_SECONDS = 0.5  # of computing; what takes longer is shown as it was written

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_ALIGNED = {"text-start", "text-center", "text-end"}
_CLASSES = {"td": _ALIGNED, "th": _ALIGNED, "table": {"table"}}
_SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"(?<![\w/@.])https?://[^\s<>\"“”«»]{1,2000}", re.IGNORECASE)


class _TooSlow(Exception):
    """The text takes longer than MAX_SECONDS to render."""


def render(text: str, base_url: str = "") -> SafeString:
    """Markdown as HTML that is safe in a page and in a mail.

    Links lead to http, https and mailto only. Links without a host are relative to `base_url`, which a mail needs.
    Any text is rendered, in bounded time. Headings begin at h3, below those of the page.
    """
    text, rest = _bounded(text)
    try:
        tokens = _parse(text)
        written = _PARSER.renderer.render(tokens, _PARSER.options, {})
    except (_TooSlow, RecursionError):
        written = f"<p>{html.escape(text, quote=False)}</p>".replace("\n", "<br>\n")
    if rest:
        written += f"<p>{html.escape(rest)}</p>"
    safe = nh3.clean(
        written,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        link_rel="noopener nofollow",
        url_relative=("rewrite_with_base", base_url) if base_url else "pass_through",
    )
    return mark_safe(safe)  # noqa: S308 - the lines above make it so


def to_text(text: str) -> str:
    """Markdown as plain text, for the text part of a mail: without marks, links with their address behind them."""
    text, rest = _bounded(text)
    try:
        written = "\n".join(_plain(SyntaxTreeNode(_parse(text)).children))
    except (_TooSlow, RecursionError):
        written = text
    written = written.strip("\n")
    return f"{written}\n\n{rest}" if rest else written


def _bounded(text: str) -> tuple[str, str]:
    """The text, at most MAX_LENGTH of it, and what to say where some was cut off."""
    rest = _("The rest is too long to be shown here.") if len(text) > MAX_LENGTH else ""
    return storable(text[:MAX_LENGTH]), rest


def _parse(text: str) -> list[Token]:
    return _PARSER.parse(text, {"until": time.thread_time() + MAX_SECONDS})


# --- Additions to the parser --------------------------------------------------------------------


def _watch_inline(state: StateInline, silent: bool) -> bool:
    if time.thread_time() > state.env["until"]:
        raise _TooSlow
    return False


def _watch_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if time.thread_time() > state.env["until"]:
        raise _TooSlow
    return False


def _for_the_page(state: StateCore) -> None:
    """Headings below those of the page, columns aligned by class, links instead of pictures and web addresses."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
        elif token.type == "table_open":
            token.attrs = {"class": "table"}
        elif token.type in {"th_open", "td_open"} and "style" in token.attrs:
            side = str(token.attrs.pop("style")).removeprefix("text-align:")
            token.attrs["class"] = {"left": "text-start", "right": "text-end"}.get(side, "text-center")
        elif token.children:
            token.children = _with_links(token.children)


def _with_links(children: list[Token]) -> list[Token]:
    found: list[Token] = []
    inside_link = 0
    for token in children:
        inside_link += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "image":
            source = str(token.attrs.get("src", ""))
            label = token.content.strip() or source
            found += _text(label) if inside_link else _link(source, label)
        elif token.type == "text" and not inside_link and "://" in token.content:
            found += _split_at_addresses(token.content)
        else:
            found.append(token)
    return found


def _split_at_addresses(content: str) -> list[Token]:
    tokens: list[Token] = []
    done = 0
    for match in _ADDRESS.finditer(content):
        address = _without_punctuation(match[0])
        tokens += _text(content[done : match.start()])
        tokens += _link(_PARSER.normalizeLink(address), address)
        done = match.start() + len(address)
    return tokens + _text(content[done:])


def _link(href: str, label: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": href}), *_text(label), Token("link_close", "a", -1)]


def _text(content: str) -> list[Token]:
    return [Token("text", "", 0, content=content)] if content else []


def _without_punctuation(address: str) -> str:
    """Without the stop, comma or bracket that ends the sentence around it."""
    while address[-1] in ".,;:!?…'*_~|" or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return address


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 40}).enable(
        ["table", "strikethrough"]
    )
    parser.disable(["html_block", "html_inline"])
    parser.block.ruler.before("table", "watch", _watch_block, {"alt": []})
    parser.inline.ruler.before("text", "watch", _watch_inline)
    parser.core.ruler.push("for_the_page", _for_the_page)
    return parser


_PARSER = _parser()

# --- Plain text ---------------------------------------------------------------------------------


def _plain(nodes: Sequence[SyntaxTreeNode], between: Sequence[str] = ("",)) -> list[str]:
    """The lines of some blocks; `between` are those that part them."""
    lines: list[str] = []
    for node in nodes:
        found = _plain_block(node)
        lines += [*between, *found] if lines and found else found
    return lines


def _plain_block(node: SyntaxTreeNode) -> list[str]:
    match node.type:
        case "paragraph" | "heading" | "inline":
            return _plain_inline(node.children).split("\n")
        case "code_block" | "fence":
            return node.content.rstrip("\n").split("\n")
        case "blockquote":
            return [f"> {line}".rstrip() for line in _plain(node.children)]
        case "bullet_list":
            return _plain_items(node, ["- "] * len(node.children))
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return _plain_items(node, [f"{first + n}. " for n in range(len(node.children))])
        case "tr":
            return [" | ".join(_plain_inline(cell.children) for cell in node.children)]
        case "hr":
            return ["-" * 20]
        case _:  # a table and its parts
            return _plain(node.children, between=())


def _plain_items(node: SyntaxTreeNode, marks: list[str]) -> list[str]:
    tight = all(
        block.type != "paragraph" or block.hidden for item in node.children for block in item.children
    )
    between = () if tight else ("",)
    lines: list[str] = []
    for item, mark in zip(node.children, marks, strict=True):
        margin = " " * len(mark)
        first, *others = _plain(item.children, between) or [""]
        lines += between if lines else ()
        lines += [(mark + first).rstrip(), *((margin + line).rstrip() for line in others)]
    return lines


def _plain_inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    parts: list[str] = []
    for node in nodes:
        match node.type:
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "s":
                parts.append(f"~~{_plain_inline(node.children)}~~")
            case "link":
                label, href = _plain_inline(node.children), str(node.attrs.get("href", ""))
                plain = not href or label == href or href in {f"mailto:{label}", _PARSER.normalizeLink(label)}
                parts.append(label if plain else f"{label} ({href})")
            case _ if node.children:
                parts.append(_plain_inline(node.children))
            case _:
                parts.append(node.content)
    return "".join(parts)
