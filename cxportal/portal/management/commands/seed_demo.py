"""`manage.py seed_demo`: loads the demo agency, once."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from clients.models import User
from cxportal.portal.demo.actions import is_loaded, load_demo, write_logins
from cxportal.portal.demo.people import DOMAIN


class Command(BaseCommand):
    help = "Loads a small removable demo agency: two clients, a real plan, conversations, and logins to try."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="allow it in a production installation")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        if settings.PRODUCTION and not force:
            raise CommandError(
                "This is a production installation: the demo's logins would open it. Add --force if you mean it."
            )
        if is_loaded():
            self.stdout.write("The demo agency is loaded already.")
            return
        if User.objects.filter(email__endswith=f"@{DOMAIN}").exists():
            raise CommandError(f"There are people with addresses of {DOMAIN} already: take them away first.")
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(12)
        load_demo(password=password)
        path = settings.PORTAL_HOME / "demo-logins.txt"
        write_logins(path, password)
        if options["verbosity"]:
            self.stdout.write(f"The demo agency is loaded. Its logins are in {path}.")
