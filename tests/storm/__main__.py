"""`script/storm`: runs the scenarios, prints a table in Markdown, and ends with 1 where the bar was missed."""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import sys
import time
from pathlib import Path

from tests.storm.house import House, a_house

# Set by the person for the portal, not for a storm.
OTHERS = (
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "BASE_URL",
    "PORT",
    "ALLOWED_HOSTS",
    "PRODUCTION",
    "DEBUG",
)


def main() -> int:
    options = parse()
    # Ends like Ctrl-C: the servers are stopped, whatever is told to this process.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    for name in OTHERS:
        os.environ.pop(name, None)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**8)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {line}", file=sys.stderr, flush=True)

    say(f"seed {seed}; starting a PostgreSQL and a Valkey")
    with a_house() as house:
        prepare(house)
        from tests.storm.counting import HEAD, line
        from tests.storm.scenarios import run

        results = run(
            options.only, house, mails=options.mails, kills=options.kills, chance=random.Random(seed), say=say
        )
        missed = [result for result in results if result.missed]
        if missed:
            log = house.home / "actors.log"
            say("the last lines of the actors:")
            print("".join(log.read_text().splitlines(keepends=True)[-40:]), file=sys.stderr)
    print(f"\n`script/storm --mails {options.mails} --kills {options.kills} --seed {seed}`\n\n{HEAD}")
    for result in results:
        print(line(result))
    print()
    for result in results:
        for words in result.notes:
            print(f"- {result.scenario}: {words}")
        for words in result.missed:
            print(f"- {result.scenario}: MISSED: {words}")
    if options.json:
        options.json.write_text(json.dumps([result.as_json() for result in results], indent=1) + "\n")
    return 1 if missed else 0


def parse() -> argparse.Namespace:
    from tests.storm.names import NAMES

    parser = argparse.ArgumentParser(prog="script/storm", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("--mails", type=int, default=3000, help="mails of the storm of kills (3000)")
    parser.add_argument("--kills", type=int, default=120, help="kills of that storm (120)")
    parser.add_argument("--seed", type=int, help="of chance; without one, a new one each time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    return parser.parse_args()


def prepare(house: House) -> None:
    """Sets the environment of the portal in this house, and makes its tables."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "cxportal.settings",
        "PORTAL_HOME": str(house.home),
        "DATABASE_URL": house.postgresql.url,
        "REDIS_URL": house.valkey.url if house.valkey else "",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "BASE_URL": "http://localhost:8000",
        "LOG_LEVEL": "WARNING",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


if __name__ == "__main__":
    sys.exit(main())
