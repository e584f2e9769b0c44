from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.graph import all_after, cycle_with, find_cycle, in_order

nodes = st.integers(0, 12)
any_edges = st.lists(st.tuples(nodes, nodes), max_size=30)
# Edges from a smaller to a greater number can never close a circle.
edges_without_circle = st.lists(st.tuples(nodes, nodes).filter(lambda edge: edge[0] < edge[1]), max_size=30)


def is_way_around(cycle: list[int], edges: list[tuple[int, int]]) -> bool:
    return all(
        (before, after) in edges for before, after in zip(cycle, cycle[1:] + cycle[:1], strict=True)
    ) and len(set(cycle)) == len(cycle)


def test_a_circle_is_named_in_the_order_of_waiting() -> None:
    assert find_cycle([("roof", "walls"), ("walls", "floor"), ("floor", "roof"), ("a", "roof")]) == [
        "roof",
        "walls",
        "floor",
    ]


def test_waiting_for_itself_is_a_circle() -> None:
    assert find_cycle([("roof", "roof")]) == ["roof"]


@given(any_edges)
def test_a_found_circle_is_one(edges: list[tuple[int, int]]) -> None:
    cycle = find_cycle(edges)
    if cycle is None:
        in_order({node for edge in edges for node in edge}, edges)
    else:
        assert is_way_around(cycle, edges)


@given(edges_without_circle)
def test_no_circle_is_found_where_none_is(edges: list[tuple[int, int]]) -> None:
    assert find_cycle(edges) is None


@given(edges_without_circle, nodes, nodes)
def test_an_edge_is_refused_exactly_when_it_closes_a_circle(
    edges: list[tuple[int, int]], before: int, after: int
) -> None:
    cycle = cycle_with(edges, before, after)
    assert (cycle is None) == (find_cycle([*edges, (before, after)]) is None)
    if cycle is not None:
        assert is_way_around(cycle, [*edges, (before, after)])
        assert cycle[0] == after
        assert cycle[-1] == before


@given(edges_without_circle)
def test_order_keeps_what_waits_behind(edges: list[tuple[int, int]]) -> None:
    ordered = in_order(range(13), edges)
    assert sorted(ordered) == list(range(13))
    assert all(ordered.index(before) < ordered.index(after) for before, after in edges)


def test_order_stays_as_given_where_nothing_waits() -> None:
    assert in_order(["b", "a", "d", "c"], [("c", "a")]) == ["b", "d", "c", "a"]


def test_order_says_when_there_is_none() -> None:
    with pytest.raises(ValueError, match="circle"):
        in_order([1, 2], [(1, 2), (2, 1)])


@given(edges_without_circle, nodes)
def test_all_that_waits_is_found_however_far_behind(edges: list[tuple[int, int]], start: int) -> None:
    found = all_after(edges, start)
    assert found == {node for before, node in edges if before == start or before in found}


def test_a_long_chain_is_no_trouble() -> None:
    chain = [(number, number + 1) for number in range(20_000)]
    assert find_cycle(chain) is None
    assert cycle_with(chain, 20_000, 0) == list(range(20_001))
    assert len(in_order(range(20_001), chain)) == 20_001
    assert len(all_after(chain, 0)) == 20_000
