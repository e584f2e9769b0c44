"""Benchmarks: `script/bench`. Budgets are multiples of floors that are measured in the same run."""
