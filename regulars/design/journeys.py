"""Journeys in the database: published, entered, woken, walked and counted, always for a whole set of people."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from regulars.app import App
from regulars.design.advance import Effects, Enrolment, Facts, advance
from regulars.design.errors import JourneyRefused
from regulars.design.graph import Graph, faults, listens, measures
from regulars.design.triggers import triggers
from regulars.design.win_back import WIN_BACK
from regulars.kit import dice
from regulars.kit.errors import NotFound
from regulars.model import Changes, Intent
from regulars.store import queries
from regulars.store.rows import array

SQL = queries("regulars.design")
# One transaction's worth of walking; the rest is due at the next batch or tick.
DUE_LIMIT = 5_000
GRAPHS_CACHED = 256
SHIPPED = (WIN_BACK,)
SCORE = "score:"


class Version(NamedTuple):
    """A published version; `live`: new people enter it."""

    id: int
    journey: str
    graph: Graph
    live: bool


class JourneyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A journey on the list page."""

    name: str
    title: str
    version: int | None
    published_at: datetime | None
    graph: Graph | None
    entered: int
    live: int
    goals: int


class NodeCount(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the drawn flow: how many passed, with what outcome, and how many wait there."""

    node: str
    here: int
    outcomes: dict[str, int]


class JourneyCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How a journey stands. `by_status` and `held_by_status` are the two arms: written to, and held out."""

    journey: str
    graph: Graph
    by_status: dict[str, int]
    held_by_status: dict[str, int]
    nodes: dict[str, NodeCount]


def publish(app: App, graph: Graph) -> int:
    """Make this graph the journey's live version and give its id; people inside finish in theirs.

    Raises JourneyRefused naming every fault.
    """
    found = faults(graph)
    if found:
        raise JourneyRefused(
            f"'{graph.title}' cannot go live: {'; '.join(found)}", "Mend these nodes and publish again"
        )
    given = {
        "name": graph.name,
        "title": graph.title,
        "graph": msgspec.json.encode(graph).decode(),
        "at": app.clock.now(),
    }
    row = app.db.execute(SQL.publish_journey, given).fetchone()
    assert row is not None
    app.db.execute(SQL.go_live, {"version": row[0], "name": graph.name})
    return row[0]


def versions(app: App) -> list[Version]:
    """Every published version; journeys that ship with the product are published at the first look."""
    found = [Version(id, name, _graph(text), live) for id, name, text, live in app.db.execute(SQL.live_journeys)]
    known = {version.journey for version in found}
    missing = [graph for graph in SHIPPED if graph.name not in known]
    if not missing:
        return found
    return [Version(publish(app, graph), graph.name, graph, True) for graph in missing] + found


@lru_cache(GRAPHS_CACHED)
def _graph(text: str) -> Graph:
    return msgspec.json.decode(text, type=Graph)


def follow(app: App, heirs: dict[int, int], now: datetime) -> None:
    """Let enrolments go with customers that became one, or whose id ceased to exist."""
    if heirs:
        given = {"losers": list(heirs), "survivors": list(heirs.values()), "now": now}
        app.db.execute(SQL.follow_people, given)


def heirs_of(app: App, changes: Changes) -> dict[int, int]:
    """Who holds each id that ceased to exist in this batch, chains of merges followed to their end."""
    people = changes.people
    if people is None:
        return {}
    heirs = {merge.loser: merge.survivor for merge in people.merged}
    if people.recompute:
        heirs |= {
            old: now for old, now in app.db.execute(SQL.redirected, {"customers": people.recompute}) if old != now
        }
    return {loser: _last(loser, heirs) for loser in heirs}


def _last(customer: int, heirs: dict[int, int]) -> int:
    seen = {customer}
    while customer in heirs and heirs[customer] not in seen:
        customer = heirs[customer]
        seen.add(customer)
    return customer


def enrol(app: App, known: list[Version], changes: Changes, now: datetime) -> int:
    """Let in whom the live journeys' triggers name; gives how many came in."""
    entered = 0
    for version in known:
        if not version.live:
            continue
        entry = version.graph.entry
        who = triggers[entry.trigger](entry, changes)
        if who:
            given = {
                "version": version.id,
                "journey": version.journey,
                "start": version.graph.start,
                "customers": [one.customer for one in who],
                "entry_keys": [one.entry_key for one in who],
                "seeds": [dice.hash64(version.journey, one.customer, one.entry_key) for one in who],
                "again_after": now - timedelta(days=entry.again_days),
                "now": now,
            }
            entered += app.db.execute(SQL.enrol, given).rowcount
    return entered


def wake(app: App, known: list[Version], changes: Changes, now: datetime) -> None:
    """Make everybody due whom an event of this batch may concern."""
    people = changes.people
    if people is None:
        return
    names = set[str]().union(*(listens(version.graph) for version in known))
    pairs = zip(people.batch.events, people.customers, strict=True)
    customers = {customer for event, customer in pairs if customer is not None and event.name in names}
    # Who gained another's records, or had hers sorted anew, may have her event among them.
    customers.update(merge.survivor for merge in people.merged)
    customers.update(people.recompute)
    if customers:
        journeys = sorted({version.journey for version in known})
        app.db.execute(SQL.wake, {"customers": array(customers), "journeys": journeys, "now": now})


def walk(app: App, known: list[Version], now: datetime) -> list[Intent]:
    """Advance whoever is due, up to DUE_LIMIT, and give what they wish for."""
    rows = app.db.execute(SQL.claim_due, {"now": now, "limit": DUE_LIMIT}).fetchall()
    if not rows:
        return []
    graphs = {version.id: version.graph for version in known}
    claimed = [(graphs[row[1]], _enrolment(row)) for row in rows]
    facts = _facts(app, claimed)
    walked = [advance(graph, one, facts[one.id], now) for graph, one in claimed]
    _store(app, walked, now)
    return [intent for _, effects in walked for intent in effects.intents]


def _enrolment(row: tuple[object, ...]) -> Enrolment:
    id, _version, *rest = row
    names = ("journey", "customer", "seed", "node", "visit", "arrived_at", "status", "reason", "held")
    names += ("entered_at", "due_at", "ended_at")
    return msgspec.convert({"id": id, **dict(zip(names, rest, strict=True))}, Enrolment)


def _facts(app: App, claimed: list[tuple[Graph, Enrolment]]) -> dict[int, Facts]:
    happened: dict[int, dict[str, list[datetime]]] = {one.id: defaultdict(list) for _, one in claimed}
    customers = [one.customer for _, one in claimed]
    given = {
        "ids": [one.id for _, one in claimed],
        "customers": customers,
        "since": [one.entered_at for _, one in claimed],
        "names": sorted(set[str]().union(*(listens(graph) for graph, _ in claimed))),
    }
    for id, name, at in app.db.execute(SQL.happened, given):
        happened[id][name].append(at)
    values = _measures(app, customers, set[str]().union(*(measures(graph) for graph, _ in claimed)))
    return {one.id: Facts(happened=happened[one.id], measures=values.get(one.customer, {})) for _, one in claimed}


def _measures(app: App, customers: list[int], names: set[str]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = defaultdict(dict)
    scores = sorted(name.removeprefix(SCORE) for name in names if name.startswith(SCORE))
    traits = sorted(name for name in names if not name.startswith(SCORE))
    given: dict[str, object] = {"customers": customers}
    rows = app.db.execute(SQL.trait_measures, given | {"names": traits}).fetchall() if traits else []
    rows += app.db.execute(SQL.score_measures, given | {"names": scores}).fetchall() if scores else []
    for customer, name, value in rows:
        found[customer][name] = value
    return found


def _store(app: App, walked: list[tuple[Enrolment, Effects]], now: datetime) -> None:
    ends = [one for one, _ in walked]
    enrolments = {
        "ids": [one.id for one in ends],
        "nodes": [one.node for one in ends],
        "visits": [one.visit for one in ends],
        "arrived": [one.arrived_at for one in ends],
        "statuses": [one.status for one in ends],
        "reasons": [one.reason for one in ends],
        "held": [one.held for one in ends],
        "due": [one.due_at for one in ends],
        "ended": [one.ended_at for one in ends],
    }
    app.db.execute(SQL.store_enrolments, enrolments)
    steps = [(one.id, step) for one, effects in walked for step in effects.steps]
    if steps:
        log = {
            "enrolments": [id for id, _ in steps],
            "visits": [step.visit for _, step in steps],
            "nodes": [step.node for _, step in steps],
            "outcomes": [step.outcome for _, step in steps],
            "now": now,
        }
        app.db.execute(SQL.store_steps, log)


def journeys(app: App) -> list[JourneyRow]:
    """Every journey with its live version and how many entered, are inside, and reached the goal; by name."""
    versions(app)
    return [
        JourneyRow(
            name=name,
            title=title,
            version=number,
            published_at=at,
            graph=_graph(text) if text else None,
            entered=entered,
            live=live,
            goals=goals,
        )
        for name, title, number, at, text, entered, live, goals in app.db.execute(SQL.all_journeys)
    ]


def journey_counts(app: App, journey: str) -> JourneyCounts:
    """The drawn flow of a journey's live version with counts over all its enrolments. Raises NotFound."""
    found = next((v for v in versions(app) if v.journey == journey and v.live), None)
    if found is None:
        raise NotFound(f"There is no live journey named '{journey}'", "Choose one from the list of journeys")
    arms: dict[bool, dict[str, int]] = {False: {}, True: {}}
    for held, status, n in app.db.execute(SQL.count_ends, {"journey": journey}):
        arms[held][status] = n
    here = dict(app.db.execute(SQL.count_here, {"journey": journey}).fetchall())
    outcomes: dict[str, dict[str, int]] = defaultdict(dict)
    for node, outcome, n in app.db.execute(SQL.count_outcomes, {"journey": journey}):
        outcomes[node][outcome] = n
    nodes = {n: NodeCount(node=n, here=here.get(n, 0), outcomes=outcomes[n]) for n in found.graph.nodes}
    return JourneyCounts(
        journey=journey, graph=found.graph, by_status=arms[False], held_by_status=arms[True], nodes=nodes
    )
