"""All scenarios, each on tables of its own: what one leaves is none of the next one's business."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from django.core.management import call_command

from tests.storm.beats import beats, friday
from tests.storm.broker import valkey
from tests.storm.counting import Result
from tests.storm.ending import term
from tests.storm.house import House
from tests.storm.kills import kills as killed_at_random
from tests.storm.names import NAMES
from tests.storm.postgres import postgres
from tests.storm.scene import Scenario, Scene
from tests.storm.smtp import smtp

SCENARIOS: dict[str, Scenario] = {
    "kills": killed_at_random,
    "postgres": postgres,
    "valkey": valkey,
    "smtp": smtp,
    "beats": beats,
    "friday": friday,
    "term": term,
}
assert tuple(SCENARIOS) == NAMES


def run(
    only: Sequence[str] | None,
    house: House,
    *,
    mails: int,
    kills: int,
    chance: random.Random,
    say: Callable[[str], None],
) -> list[Result]:
    """Runs the scenarios `only` names, or all, and tells of each as it ends."""
    results = []
    for name, scenario in SCENARIOS.items():
        if only and name not in only:
            continue

        def tell(line: str, name: str = name) -> None:
            say(f"{name}: {line}")

        call_command("flush", verbosity=0, interactive=False)
        result = scenario(Scene(house, mails, kills, chance, tell))
        results.append(result)
        tell("; ".join(result.missed) or f"met, {result.seconds:.0f} s")
    return results
