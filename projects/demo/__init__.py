"""The plan behind the demonstration's house: `house.csv`, see the README beside it."""

from pathlib import Path

HOUSE = Path(__file__).with_name("house.csv")
