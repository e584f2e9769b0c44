"""Looking at pages: overflow, accessibility, screenshots."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(os.environ.get("SHOTS_DIR") or ROOT / "var" / "shots")
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 375, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@functools.cache
def _axe_source() -> str:
    return (ROOT / "tests" / "vendor" / "axe.min.js").read_text()


def axe(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, one line per violation and element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe_source())
    found: list[dict[str, Any]] = page.evaluate(
        "async (rules) => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']})).violations",
        RULES,
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']} {node['html'][:160]}"
        for violation in found
        for node in violation["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """What sticks out of the window to the right, so that one would have to scroll sideways."""
    return page.evaluate("""() => {
        const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return [];
        const inside = (e) => { for (let p = e.parentElement; p; p = p.parentElement)
            if (/(auto|scroll|hidden|clip)/.test(getComputedStyle(p).overflowX) && p !== document.body && p !== root)
                return true; return false; };
        const out = [...document.body.querySelectorAll('*')]
            .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 0.5 && !inside(e))
            .map((e) => `${e.tagName}.${e.className} reaches ${Math.round(e.getBoundingClientRect().right)}`);
        return out.length ? out : [`the page is ${root.scrollWidth} wide`];
    }""")


def screenshots(page: Page, name: str) -> None:
    """Pictures of the page at 1280 and 375 px, light and dark, into SHOTS_DIR or var/shots: for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for width in (1280, 375):
            _set(page, width, theme)
            page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png", full_page=True, caret="initial")
    _set(page, 1280, "light")


def inspect(page: Page, name: str) -> None:
    """Fails unless the page, as it is open now, is sound at 1280, 375 and 320 px in light and dark.

    Sound: nothing to scroll sideways, nothing found by axe. With SHOTS_DIR set it leaves screenshots there.
    """
    wrong = []
    for theme in THEMES:
        for width in WIDTHS:
            _set(page, width, theme)
            where = f"{name} at {width} px, {theme}"
            wrong += [f"{where}: {line}" for line in too_wide(page)]
            if width != 320:
                wrong += [f"{where}: {line}" for line in axe(page)]
    if os.environ.get("SHOTS_DIR"):
        screenshots(page, name)
    _set(page, 1280, "light")
    assert not wrong, "\n".join(wrong)


def _set(page: Page, width: int, theme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": width, "height": 900 if width > 500 else 740})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    # What the fixed bars cover depends on how far the page is scrolled, and that on how long its words are today.
    page.evaluate("() => scrollTo(0, 0)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
