"""`script/manage …`: Django's command line with the services up."""

from __future__ import annotations

import sys

from cxportal.run.surroundings import compile_texts, portal_home, services


def main(arguments: list[str]) -> int:
    compile_texts()
    with services(portal_home(), tell=lambda line: print(line, file=sys.stderr, flush=True)):
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        try:
            execute_from_command_line(["script/manage", *arguments])
        except ImproperlyConfigured as error:
            print(error, file=sys.stderr)
            return 1
    return 0
