"""`script/bench` runs and says what it measured. How fast anything is no test asserts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.measure import Result
from tests.portal_process import ROOT, environment


def test_bench_writes_its_results_as_json(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    result = subprocess.run(
        [str(ROOT / "script/bench"), "--quick", "--only", "pages", "--json", str(file)],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode in {0, 1}, result.stderr  # 1: a budget is missed
    rows = json.loads(file.read_text())
    assert len(rows) >= 10
    for row in rows:
        assert list(row) == ["name", "value", "unit", "floor", "ratio", "budget", "met"]
        assert row["value"] > 0
        assert row["name"] in result.stdout
    assert "Small data" in result.stdout


def test_a_budget_with_a_floor_is_a_multiple_of_it() -> None:
    assert Result("page", 15, "ms", 1.6, 10).met is True
    assert Result("page", 17, "ms", 1.6, 10).met is False
    assert Result("mails", 50, "mails/s", 0.4, 100, at_least=True).met is True
    assert Result("mails", 30, "mails/s", 0.4, 100, at_least=True).met is False


def test_a_budget_without_a_floor_is_a_limit() -> None:
    assert Result("queries", 10, "queries", 10).met is True
    assert Result("queries", 11, "queries", 10).met is False
    assert Result("size", 11, "kB").met is None
