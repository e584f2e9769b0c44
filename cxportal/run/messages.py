"""`script/messages`: collects the texts of code and templates into locale/ru/LC_MESSAGES/django.po."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cxportal.run.problems import Problem
from cxportal.run.surroundings import ROOT

LANGUAGES = ("ru",)
MOST_SHOWN = 30
COLLECT = """
import django
django.setup()
from django.core.management import call_command
from django.core.management.commands import makemessages

class Command(makemessages.Command):
    # A guess that looks right gets overlooked; an empty translation does not.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

call_command(Command(), verbosity=0, locale={locale!r}, no_location=True, no_wrap=True, no_obsolete=True,
             ignore_patterns=["var", "node_modules", "tests", "bench", "docs"])
"""


def main(arguments: list[str]) -> int:
    collect(ROOT)
    for language in LANGUAGES:
        path = catalogue(ROOT, language)
        import polib

        kept = polib.pofile(str(path))
        empty = [entry.msgid for entry in kept if not entry.translated()]
        print(f"{path.relative_to(ROOT)}: {len(kept)} texts, {len(empty)} to translate")
        for text in empty[:MOST_SHOWN]:
            print(f"  {text!r}")
        if len(empty) > MOST_SHOWN:
            print(f"  … and {len(empty) - MOST_SHOWN} more")
    return 0


def catalogue(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def collect(root: Path) -> None:
    """Refresh the catalogues of the source tree at `root`: new texts come in empty, texts gone from the code go.

    Raises Problem when gettext is missing or a text is malformed.
    """
    if not shutil.which("xgettext") or not shutil.which("msgmerge"):
        how = "brew install gettext" if sys.platform == "darwin" else "apt install gettext"
        raise Problem(f"gettext is needed for this. Install it, for example: {how}")
    (root / "locale").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "SECRET_KEY": "not used",
        "DATABASE_URL": "postgres://nobody@localhost/nothing",
        "DJANGO_SETTINGS_MODULE": "cxportal.settings",
    }
    result = subprocess.run(
        [sys.executable, "-c", COLLECT.format(locale=list(LANGUAGES))],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines()
        raise Problem(f"The texts could not be collected: {' '.join(lines[-3:])}")
    from cxportal.lib.catalogues import tidy

    for language in LANGUAGES:
        tidy(catalogue(root, language))
