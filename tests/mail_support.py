"""What mail programs know of a mail's HTML and inlined CSS, by the data of caniemail.com (tests/vendor)."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

_FEATURES: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "vendor" / "caniemail.json").read_text(encoding="utf-8")
)["features"]

# The mail reads well without these, in the programs that leave them out.
GRACEFUL = {
    "css-border-radius": "square corners in Outlook for Windows",
    "css-max-width": "Outlook gets its 600 pixels from a table of its own",
    "css-display-none": "the preheader is small and of the background's colour as well",
    "css-overflow": "only hides the preheader",
    "css-max-height": "only hides the preheader",
    "html-aria-label": "for those who listen to the mail",
    "html-aria-roledescription": "for those who listen to the mail",
    "html-body": "a division inside it carries the same colours and language",
    "html-style": "all that matters is inlined; the rest is for small and dark screens",
    "html-role": "for those who listen to the mail",
    "html-lang": "for those who listen to the mail",
    "html-meta-color-scheme": "programs without it show the light colours",
}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.features: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.features.add(f"html-{'h1-h6' if re.fullmatch('h[1-6]', tag) else tag}")
        for name, value in attrs:
            self.features.add(f"html-{name}")
            if name == "style":
                for declaration in (value or "").split(";"):
                    self._declaration(declaration)

    def _declaration(self, declaration: str) -> None:
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip().lower()
        if not name or name.startswith("mso-"):
            return
        self.features |= {f"css-{name}", f"css-{name}-{value}"}
        if name.startswith(("margin-", "padding-", "border-")):
            self.features.add(f"css-{name.split('-')[0]}")


def unsupported(html: str) -> dict[str, list[str]]:
    """Features the mail stands on that Gmail, Outlook, Apple Mail, Yahoo or Mail.ru do not know, and which does not."""
    reader = _Reader()
    reader.feed(html)
    return {
        feature: missing
        for feature in sorted(reader.features - GRACEFUL.keys())
        if (missing := [program for program, known in _FEATURES.get(feature, {}).items() if known == "n"])
    }
