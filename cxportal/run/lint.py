"""`script/lint`: what can be checked without running the portal. Each check runs, also after a failed one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cxportal.run.messages import LANGUAGES, MOST_SHOWN, catalogue, collect
from cxportal.run.problems import Problem
from cxportal.run.surroundings import ROOT, say, services

# A production environment in which nothing is left open, for Django's `check --deploy`.
SECURE = {
    "PRODUCTION": "1",
    "DEBUG": "",
    "BASE_URL": "https://portal.example",
    "ALLOWED_HOSTS": "portal.example",
    "SECRET_KEY": "check-deploy-only-hY4k0vQ8mZr2Lx7Tn5Wc9Jd1Sg6Bf3Ae",  # used nowhere else
    "EMAIL_URL": "smtps://portal:secret@mail.example:465",
    "DEFAULT_FROM_EMAIL": "portal@portal.example",
    "STORAGE_URL": "s3://portal:secret@files.example/portal?region=eu-central-1",
    "EMBEDDED_SERVERS": "",
}
TEMPLATES = ["templates"]
# Line breaks count in mails: those are written as they are meant to be.
MAILS = ",".join(sorted(str(folder.relative_to(ROOT)) for folder in (ROOT / "templates").rglob("mail")))
FORMATTED_TEMPLATES = [*TEMPLATES, "--extend-exclude", MAILS]


def main(arguments: list[str]) -> int:
    if arguments == ["--fix"]:
        return fix()
    if arguments:
        raise Problem(
            "script/lint takes no arguments but --fix, which repairs what can be repaired by itself."
        )
    home = Path(tempfile.mkdtemp(prefix="cxportal-lint-"))
    if os.geteuid() == 0:
        home.chmod(0o711)  # passed through by the user the servers run as
    try:
        with services(home, throwaway=True):
            failed = [name for name, check in checks() if not passes(name, check)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if failed:
        print(
            f"\nscript/lint: {len(failed)} of {len(checks())} checks failed: {', '.join(failed)}",
            file=sys.stderr,
        )
        return 1
    say("\nscript/lint: all checks passed")
    return 0


def checks() -> list[tuple[str, Callable[[], bool]]]:
    python = sys.executable
    return [
        ("ruff check", command(python, "-m", "ruff", "check", ".")),
        ("ruff format", command(python, "-m", "ruff", "format", "--check", "--quiet", "--diff", ".")),
        ("mypy", command(python, "-m", "mypy", ".")),
        ("djlint format", command(python, "-m", "djlint", "--check", *FORMATTED_TEMPLATES)),
        ("djlint", command(python, "-m", "djlint", "--lint", "--quiet", *TEMPLATES)),
        ("migrations", command(python, "manage.py", "makemigrations", "--check", "--dry-run")),
        (
            "check --deploy",
            command(python, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **SECURE),
        ),
        (
            "description of the API",
            command(python, "manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull),
        ),
        ("translations", catalogues_are_complete),
    ]


def fix() -> int:
    """Repair formatting, order of imports and what else needs no thought."""
    for arguments in (
        ("ruff", "check", "--fix", "--quiet", "."),
        ("ruff", "format", "--quiet", "."),
        ("djlint", "--reformat", "--quiet", *FORMATTED_TEMPLATES),
    ):
        command(sys.executable, "-m", *arguments)()
    return 0


def passes(name: str, check: Callable[[], bool]) -> bool:
    say(f"\n── {name}")
    return check()


def command(*arguments: str, **environment: str) -> Callable[[], bool]:
    def run() -> bool:
        result = subprocess.run(
            arguments, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL
        )
        return result.returncode == 0

    return run


def catalogues_are_complete() -> bool:
    """Whether every text of code and templates has its translation, and no translation is left over."""
    from cxportal.lib.catalogues import shortcomings

    complete = True
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=not_source)
        try:
            collect(copy)
        except Problem as problem:
            say(str(problem))
            return False
        for language in LANGUAGES:
            kept = catalogue(ROOT, language)
            lines = shortcomings(kept, catalogue(copy, language))
            if kept.exists():
                check = ["msgfmt", "--check-format", "--check-header", "--output-file", os.devnull, str(kept)]
                result = subprocess.run(check, capture_output=True, text=True)
                lines += [line for line in result.stderr.splitlines() if result.returncode and line.strip()]
            for line in lines[:MOST_SHOWN]:
                say(f"{kept.relative_to(ROOT)}: {line}")
            if len(lines) > MOST_SHOWN:
                say(f"… and {len(lines) - MOST_SHOWN} more")
            complete = complete and not lines
    if not complete:
        say("Run script/messages, then fill in what is empty.")
    return complete


def not_source(folder: str, names: list[str]) -> set[str]:
    """What need not be copied to collect texts."""
    skipped = {name for name in names if name.startswith(".") or name in {"__pycache__", "node_modules"}}
    if Path(folder) == ROOT:
        skipped |= {"var", "static", "docs", "bench"} & set(names)
    return skipped
