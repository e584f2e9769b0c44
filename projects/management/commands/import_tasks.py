"""Brings a plan from a CSV file into a project: all of it, or nothing and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from clients.models import User
from projects.actions import CannotImport, Preview, import_tasks, preview_import
from projects.errors import ActionRefused
from projects.importing import MAX_BYTES
from projects.models import Project

MOST_PROBLEMS = 50


class Command(BaseCommand):
    help = "Imports tasks, phases, milestones and dependencies from a CSV file into a project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument("--project", required=True, metavar="CODE", help="the code of the project")
        parser.add_argument(
            "--by", metavar="EMAIL", default="", help="who imports it; without it the project's manager"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be made, and make nothing")

    def handle(self, *args: Any, file: Path, project: str, by: str, dry_run: bool, **options: Any) -> None:
        into = Project.objects.select_related("client", "manager").filter(code=project.upper()).first()
        if into is None:
            raise CommandError(f"There is no project with the code {project.upper()}.")
        person = _person(by) if by else into.manager
        data = _content(file)
        with translation.override("en"):
            try:
                preview = preview_import(project=into, data=data)
                if not preview.plan.is_sound:
                    raise CannotImport("Nothing was imported: the file has problems.", preview)
                if not dry_run:
                    import_tasks(project=into, by=person, name=file.name, data=data)
            except ActionRefused as refusal:
                raise CommandError("\n".join(_told(refusal))) from refusal
        self.stdout.write(
            f"{'Would import' if dry_run else 'Imported'} {_summary(preview)} into {into.code}."
        )


def _person(email: str) -> User:
    person = User.objects.filter(email__iexact=email).first()
    if person is None or not person.runs_projects:
        raise CommandError(f"{email} is not a manager or administrator of this portal.")
    return person


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def _told(refusal: ActionRefused) -> list[str]:
    """The refusal, and what is wrong with which line where the file could be read."""
    told = [str(refusal)]
    if isinstance(refusal, CannotImport) and refusal.preview:
        told += refusal.preview.plan.problems
        wrong = refusal.preview.plan.lines_with_problems
        told += [f"line {line.number}: {' '.join(line.problems)}" for line in wrong[:MOST_PROBLEMS]]
        if len(wrong) > MOST_PROBLEMS:
            told.append(f"… and {len(wrong) - MOST_PROBLEMS} more lines with problems.")
    return told


def _summary(preview: Preview) -> str:
    summary = (
        f"{len(preview.tasks)} tasks and {len(preview.milestones)} milestones "
        f"with {len(preview.plan.edges)} dependencies"
    )
    if preview.placeholders:
        summary += f", {len(preview.placeholders)} people without an account"
    if preview.known:
        summary += f" ({len(preview.known)} have the title of one that is there already)"
    return summary
