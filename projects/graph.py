"""Order and circles among things that wait for each other. Plain functions over plain values.

An edge `(before, after)` says that `after` waits for `before`. Nodes are anything hashable; edges may come twice.
Nothing recurses: a chain of thousands is as good as a short one. The cost is that of nodes plus edges.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable
from heapq import heappop, heappush
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def find_cycle(edges: Iterable[tuple[Node, Node]]) -> list[Node] | None:
    """One circle, each node once, in the order of waiting: each is waited for by the next, the last by the first.

    None where there is none. A node that waits for itself is a circle of one.
    """
    after = _followers(edges)
    finished: set[Node] = set()
    for start in list(after):
        if start in finished:
            continue
        path, on_path = [start], {start}
        walks = [iter(after[start])]
        while walks:
            following = next(walks[-1], None)
            if following is None:
                walks.pop()
                done = path.pop()
                on_path.discard(done)
                finished.add(done)
            elif following in on_path:
                return path[path.index(following) :]
            elif following not in finished:
                path.append(following)
                on_path.add(following)
                walks.append(iter(after.get(following, ())))
    return None


def cycle_with(edges: Iterable[tuple[Node, Node]], before: Node, after: Node) -> list[Node] | None:
    """The circle that the new edge `(before, after)` would close, shortest way around, from `after` on.

    None when the edge does no harm. The edges given are taken to be free of circles.
    """
    if before == after:
        return [before]
    followers = _followers(edges)
    came_from: dict[Node, Node] = {}
    waiting = deque([after])
    while waiting:
        node = waiting.popleft()
        for following in followers.get(node, ()):
            if following == after or following in came_from:
                continue
            came_from[following] = node
            if following == before:
                way = [before]
                while way[-1] != after:
                    way.append(came_from[way[-1]])
                return way[::-1]
            waiting.append(following)
    return None


def in_order(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> list[Node]:
    """The nodes so that nothing stands before what it waits for, and else as near to the given order as that allows.

    Edges to nodes that were not given are ignored. Raises ValueError when there is a circle.
    """
    given = list(dict.fromkeys(nodes))
    known = set(given)
    kept = [(before, after) for before, after in dict.fromkeys(edges) if before in known and after in known]
    followers = _followers(kept)
    missing: dict[Node, int] = dict.fromkeys(given, 0)
    for _before, after in kept:
        missing[after] += 1
    place = {node: index for index, node in enumerate(given)}
    ready = [place[node] for node in given if not missing[node]]
    ordered: list[Node] = []
    while ready:
        node = given[heappop(ready)]
        ordered.append(node)
        for following in followers.get(node, ()):
            missing[following] -= 1
            if not missing[following]:
                heappush(ready, place[following])
    if len(ordered) < len(given):
        raise ValueError("There is a circle.")
    return ordered


def all_after(edges: Iterable[tuple[Node, Node]], start: Node) -> set[Node]:
    """Everything that waits for `start`, however far behind; `start` itself only where it is in a circle."""
    followers = _followers(edges)
    found: set[Node] = set()
    waiting = [start]
    while waiting:
        for following in followers.get(waiting.pop(), ()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


def _followers(edges: Iterable[tuple[Node, Node]]) -> dict[Node, list[Node]]:
    followers: dict[Node, list[Node]] = defaultdict(list)
    for before, after in edges:
        followers[before].append(after)
    return dict(followers)
