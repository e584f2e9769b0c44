"""Small inputs that ask for much: read within a limit of memory and processor time, by a process that has no more.

The limits are the test: beyond them the process is killed by the system. Nothing here is timed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "cxportal.settings"
import django
django.setup()
from cxportal.lib import markdown
from projects.importing import CannotRead, read_plan

MORE_MEMORY = 400 * 1024 * 1024  # bytes above what the program itself needs
SECONDS = 60  # of the processor, for all of them
pages = int(open("/proc/self/statm").read().split()[0]) if os.path.exists("/proc/self/statm") else 0
limit = pages * resource.getpagesize() + MORE_MEMORY
if pages:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

TEXTS = {
    "nested quotes": "> " * 25_000 + "x",
    "nested lists": "\\n".join("  " * n + "- x" for n in range(250)),
    "lists in one line": "- " * 25_000,
    "numbered": "1. " * 16_000,
    "emphasis": "*a **b " * 7_000,
    "underscores": "_" * 50_000,
    "brackets": "[" * 50_000,
    "closing brackets": "[" * 25_000 + "](x)" * 6_000,
    "links in links": "[a](" * 12_000,
    "references": "[a]: x\\n" * 7_000 + "[a]" * 300,
    "pictures": "![" * 25_000,
    "backticks": "".join("`" * n + " " for n in range(300)),
    "addresses": "https://" * 6_000,
    "one address": "https://" + "a" * 49_000,
    "tables": "|a" * 200 + "\\n" + "|-" * 200 + "\\n" + ("|x" * 200 + "\\n") * 100,
    "wide table": "|a" * 12_000 + "\\n" + "|-" * 12_000 + "\\n",
    "entities": "&#x41;" * 8_000,
    "strikes": "~~a" * 16_000,
    "fences": "```\\n" * 12_000,
    "escapes": "\\\\" * 50_000,
    "angles": "<a " * 16_000,
    "ten megabytes": "* x\\n" * 2_500_000,
    "one long word": "a" * 10_000_000,
    "combining": "e" + "\\u0301" * 49_000,
}
for name, text in TEXTS.items():
    html, plain = markdown.render(text), markdown.to_text(text)
    assert len(html) < 5_000_000 and len(plain) < 5_000_000, name
    print("ok", name, flush=True)

FILES = {
    "columns": b"id,title," + b"," * 1_000_000 + b"\\n1,x\\n",
    "named columns": b",".join(b"c%d" % n for n in range(500_000)) + b"\\n",
    "same columns": b"id,title" + b",id" * 1_000_000 + b"\\n",
    "cells": b"id,title\\n" + b"1,x," + b"," * 2_000_000 + b"\\n",
    "a cell of 25 MB": b'id,title\\n1,"' + b"x" * 25_000_000 + b'"\\n',
    "a cell of 4 MB": b'id,title\\n1,"' + b"x" * 4_000_000 + b'"\\n',
    "quotation marks": b'id,title\\n1,"' + b'""' * 2_000_000,
    "lines": b"id,title\\n" + b"".join(b"%d,x\\n" % n for n in range(10_000)),
    "blank lines": b"id,title\\n" + b"\\n" * 4_900_000,
    "predecessors": b"id,title,predecessors\\n"
    + b"".join(b"%d,x,%s\\n" % (n, b";".join(b"%d" % m for m in range(1, n))) for n in range(1, 1_500)),
    "people": b"id,title,assignees\\n1,x," + b";".join(b"p%d" % n for n in range(500_000)) + b"\\n",
    "a long chain": b"id,title,predecessors\\n0,x,\\n"
    + b"".join(b"%d,x,%d\\n" % (n, n - 1) for n in range(1, 5_000)),
    "a large circle": b"id,title,predecessors\\n"
    + b"".join(b"%d,x,%d\\n" % (n, (n + 1) % 5_000) for n in range(5_000)),
    "NUL": b"id,title\\n1,\\x00\\n" * 100_000,
    "UTF-16": "id,title\\n1,x\\n".encode("utf-16") * 100_000,
    "binary": bytes(range(256)) * 16_000,
    "one line": b"x" * 5_000_000,
}
for name, data in FILES.items():
    try:
        plan = read_plan(data)
        edges = len(plan.edges)
        people = sum(len(row.assignees) for row in plan.rows)
        assert edges <= 500_000 and people <= 500_000 , (name, edges, people)
        problems = [problem for line in plan.lines for problem in line.problems] + plan.problems
        told = problems[0] if problems else "read"
    except CannotRead as error:
        told = str(error)
    assert len(told) < 2_000, name
    print("ok", name, told[:100], flush=True)
"""


def test_bombs_are_read_within_the_limits() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
