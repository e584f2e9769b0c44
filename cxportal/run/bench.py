"""`script/bench [--quick] [--json FILE] [--only PART …]`: the benchmarks, against servers made for this run."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from cxportal.run.surroundings import compile_texts, services
from cxportal.run.test import NOT_FOR_TESTS

PARTS = ("pages", "mail", "sweeps", "whole")
QUICK_PARTS = PARTS[:3]  # starting the whole portal twice takes too long for a quick look


def main(arguments: list[str]) -> int:
    """0 when every budget is met, 1 when one is missed."""
    options = _options(arguments)
    for name in NOT_FOR_TESTS:
        os.environ.pop(name, None)
    os.environ["LOG_LEVEL"] = "ERROR"
    compile_texts()
    home = Path(tempfile.mkdtemp(prefix="cxportal-bench-"))
    if os.geteuid() == 0:
        home.chmod(0o711)  # passed through by the user the servers run as
    try:
        with services(home, throwaway=True):
            from bench.run import run

            return run(
                parts=options.only or (QUICK_PARTS if options.quick else PARTS),
                quick=options.quick,
                json_file=options.json,
            )
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measures the portal against its budgets."
    )
    parser.add_argument("--quick", action="store_true", help="small data and few samples: under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as a list of objects")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, metavar="PART", help=f"some of: {', '.join(PARTS)}"
    )
    return parser.parse_args(arguments)
