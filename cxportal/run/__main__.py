"""`python -m cxportal.run COMMAND …`, called by the scripts of that name inside the environment."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import NoReturn

from cxportal.embedded import EmbeddedError
from cxportal.run.problems import Problem

COMMANDS = ("server", "prepare", "manage", "test", "lint", "messages", "bench", "storm")


def main() -> NoReturn:
    command, arguments = sys.argv[1], sys.argv[2:]
    if command not in COMMANDS:
        sys.exit(f"Unknown command {command}")
    # Ends like Ctrl-C: every `finally` runs, the servers are given up in order.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    try:
        code = importlib.import_module(f"cxportal.run.{command}").main(arguments)
    except (Problem, EmbeddedError) as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def leave(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
