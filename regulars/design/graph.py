"""A journey as data: nodes that name the next one. Typed, checked before it is published, never code from outside."""

from __future__ import annotations

import msgspec

# A journey longer than this is not understood by anybody who has to answer for it.
NODES_MAX = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes in, and when the same person may come in again. `trigger` is a plug-in of the shelf `triggers`."""

    trigger: str
    subject: str
    again_days: int


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Reaching it ends the enrolment at once, wherever it is; days count from the entry."""

    event: str
    within_days: int


class Wait(msgspec.Struct, frozen=True, kw_only=True, tag="wait"):
    """At most `seconds`; shorter if one of the events `until` happens after she came here."""

    title: str
    seconds: int | None
    then: str
    until: list[str] = []


class HoldOut(msgspec.Struct, frozen=True, kw_only=True, tag="hold_out"):
    """A fixed share walks on like everybody and is written to by nobody, so that the effect can be measured."""

    title: str
    share: float
    then: str


class Branch(msgspec.Struct, frozen=True, kw_only=True, tag="branch"):
    """By one measure: `at_least` or more goes to `yes`; less, or not known, to `no`."""

    title: str
    measure: str
    """A trait ("spend_cents") or a score ("score:lifetime_value")."""
    at_least: float
    yes: str
    no: str


class Send(msgspec.Struct, frozen=True, kw_only=True, tag="send"):
    """A wish to reach her; the arbiter decides."""

    title: str
    channel: str
    purpose: str
    template: str
    then: str
    priority: int = 50
    valid_seconds: int
    payload: dict[str, str | int] = {}


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The way is walked to its end without the goal."""

    title: str


Node = Wait | HoldOut | Branch | Send | End


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a journey."""

    name: str
    title: str
    entry: Entry
    goal: Goal | None
    start: str
    nodes: dict[str, Node]


def next_nodes(node: Node) -> list[str]:
    """Where one can go from here."""
    if isinstance(node, Branch):
        return [node.yes, node.no]
    return [] if isinstance(node, End) else [node.then]


def listens(graph: Graph) -> set[str]:
    """Names of events that must wake an enrolment."""
    goal = {graph.goal.event} if graph.goal else set[str]()
    return goal.union(*(node.until for node in graph.nodes.values() if isinstance(node, Wait)))


def measures(graph: Graph) -> set[str]:
    """Measures its branches read."""
    return {node.measure for node in graph.nodes.values() if isinstance(node, Branch)}


def faults(graph: Graph) -> list[str]:
    """Everything that forbids publishing, as sentences; empty: it may go live.

    Every path ends, every wait has a limit, and no circle can be walked without waiting.
    """
    found = _missing(graph)
    if found:
        return found
    found += [
        f"'{name}' waits without a limit: say how long at most"
        for name, node in graph.nodes.items()
        if isinstance(node, Wait) and (node.seconds is None or node.seconds <= 0)
    ]
    found += [
        f"'{name}' holds out {node.share:.0%}: take more than 0 and less than 100 %"
        for name, node in graph.nodes.items()
        if isinstance(node, HoldOut) and not 0 < node.share < 1
    ]
    ending = _closure({n for n, node in graph.nodes.items() if isinstance(node, End)}, _reversed(graph))
    reached = _closure({graph.start}, {name: next_nodes(node) for name, node in graph.nodes.items()})
    found += [f"No path leads to '{name}'" for name in graph.nodes if name not in reached]
    found += [f"No path from '{name}' ever ends" for name in graph.nodes if name not in ending]
    return found + [f"One could walk in a circle through '{name}' without waiting" for name in _restless(graph)]


def _missing(graph: Graph) -> list[str]:
    targets = [(graph.start, "The start")]
    targets += [(then, f"'{name}'") for name, node in graph.nodes.items() for then in next_nodes(node)]
    found = [
        f"{where} leads to '{target}', which is not there" for target, where in targets if target not in graph.nodes
    ]
    if len(graph.nodes) > NODES_MAX:
        found.append(f"It has {len(graph.nodes)} nodes; {NODES_MAX} is the most")
    return found


def _reversed(graph: Graph) -> dict[str, list[str]]:
    back: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for name, node in graph.nodes.items():
        for then in next_nodes(node):
            back[then].append(name)
    return back


def _closure(start: set[str], edges: dict[str, list[str]]) -> set[str]:
    seen, fresh = set(start), list(start)
    while fresh:
        for name in edges[fresh.pop()]:
            if name not in seen:
                seen.add(name)
                fresh.append(name)
    return seen


def _restless(graph: Graph) -> list[str]:
    """Nodes that come back to themselves without a wait between."""
    edges = {n: [] if isinstance(node, Wait) else next_nodes(node) for n, node in graph.nodes.items()}
    return [name for name in graph.nodes if name in _closure(set(edges[name]), edges)]
