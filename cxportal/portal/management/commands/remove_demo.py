"""`manage.py remove_demo`: takes the demo agency away."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from cxportal.portal.demo.actions import DemoStays, is_loaded, remove_demo


class Command(BaseCommand):
    help = "Takes away the demo agency with its people, projects and conversations. Nothing else changes."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_loaded():
            self.stdout.write("The demo agency is not loaded.")
            return
        try:
            remove_demo()
        except DemoStays as held:
            raise CommandError(f"Not removed: these still hang on it: {held}.") from held
        (settings.PORTAL_HOME / "demo-logins.txt").unlink(missing_ok=True)
        self.stdout.write("The demo agency is gone.")
