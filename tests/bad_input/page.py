"""Reads a page the way a person does: which field holds what, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "br", "img", "meta", "link", "hr", "source", "wbr", "area", "col", "base", "embed"}


@dataclass
class Control:
    """One field of a form. `values` are what would be sent: typed text, or what is ticked and chosen."""

    name: str
    kind: str
    attrs: dict[str, str]
    form: int
    values: list[str] = field(default_factory=list)
    # Ids of everything around it, from the outside in: an error may be described on the group of radio buttons.
    described_by: set[str] = field(default_factory=set)
    invalid: bool = False


class Page(HTMLParser):
    """`controls` in order, and `texts`: what stands inside the element of an id."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.controls: list[Control] = []
        self.texts: dict[str, str] = {}
        self.tags: list[str] = []  # names of all tags, in order
        self._open: list[tuple[str, str, set[str]]] = []  # tag, id, described by
        self._forms = 0
        self._area: Control | None = None
        self._select: Control | None = None
        self.feed(html)
        self.close()

    def named(self, name: str) -> list[Control]:
        return [control for control in self.controls if control.name == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        described = set(given.get("aria-describedby", "").split())
        if tag == "form":
            self._forms += 1
        around = set().union(*(by for _tag, _id, by in self._open)) if self._open else set()
        if tag in {"input", "textarea", "select"}:
            control = Control(given.get("name", ""), given.get("type", tag), given, self._forms)
            control.described_by = described | around
            control.invalid = given.get("aria-invalid") == "true"
            self._take(tag, control)
        if tag == "option" and self._select is not None and "selected" in given:
            self._select.values.append(given.get("value", ""))
        if tag not in VOID:
            self._open.append((tag, given.get("id", ""), described))
            if given.get("id"):
                self.texts.setdefault(given["id"], "")

    def _take(self, tag: str, control: Control) -> None:
        if tag == "textarea":
            self._area = control
        elif tag == "select":
            self._select = control
        elif control.kind not in {"checkbox", "radio"}:
            control.values = [control.attrs.get("value", "")]
        elif "checked" in control.attrs:
            control.values = [control.attrs.get("value", "on")]
        self.controls.append(control)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            text = "".join(self._area.values) + data
            self._area.values = [text]
        for _tag, name, _by in self._open:
            if name:
                self.texts[name] += data

    def said_beside(self, name: str) -> str:
        """All that is said of the fields of this name by way of aria-describedby."""
        ids = set().union(*(control.described_by for control in self.named(name)))
        return " ".join(" ".join(self.texts.get(one, "").split()) for one in sorted(ids))
