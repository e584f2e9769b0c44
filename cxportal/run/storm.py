"""`script/storm [options]`: the faults that take minutes, against real processes and servers of its own.

What is done and what it must come to is in docs/reliability.md; the scenarios are in tests/storm/.
"""

from __future__ import annotations

import subprocess
import sys

from cxportal.run.surroundings import ROOT, compile_texts


def main(arguments: list[str]) -> int:
    compile_texts()
    storm = subprocess.Popen([sys.executable, "-m", "tests.storm", *arguments], cwd=ROOT)
    try:
        return storm.wait()
    except BaseException:  # told to end: not before the storm has cleared up
        storm.terminate()
        storm.wait()
        raise
