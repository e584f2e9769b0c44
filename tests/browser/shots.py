"""Pictures of pages of a running portal, for docs/ and for looking: script/shots --help (needs Chromium)."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from cxportal.run.test import CHROMIUM


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/shots", description=__doc__)
    parser.add_argument(
        "pages", nargs="+", metavar="NAME=/path/", help="what to show, and the picture's name"
    )
    parser.add_argument("--base-url", default="http://localhost:8000")
    parser.add_argument("--login", help="address to sign in with; the password is taken from DEMO_PASSWORD")
    parser.add_argument("--to", type=Path, default=Path("docs/pictures"), help="folder for the pictures")
    parser.add_argument("--language", default="en-GB", help="of somebody who is not signed in")
    parser.add_argument("--dark", action="store_true", help="in dark as well")
    options = parser.parse_args()
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if chromium is None:
        parser.exit(1, "No Chromium: install it, for example with apt install chromium\n")
    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        page = browser.new_context(base_url=options.base_url, locale=options.language).new_page()
        if options.login:
            sign_in(page, options.login)
        for named in options.pages:
            name, path = named.split("=", 1)
            page.goto(path)
            for width, height in ((1280, 800), (375, 740)):
                for theme in ("light", "dark") if options.dark else ("light",):
                    page.set_viewport_size({"width": width, "height": height})
                    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                    suffix = "-dark" if theme == "dark" else ""
                    page.screenshot(path=options.to / f"{name}-{width}{suffix}.png", caret="initial")
        browser.close()


def sign_in(page: Page, login: str) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(os.environ["DEMO_PASSWORD"])
    page.locator("form[data-once] button[type=submit]").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


if __name__ == "__main__":
    main()
