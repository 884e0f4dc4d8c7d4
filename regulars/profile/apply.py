"""A recognized batch into golden fields and consents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regulars.app import App
from regulars.kit.clock import microseconds
from regulars.kit.collector import without_collector
from regulars.model import Body, Change, Changes, Event, People
from regulars.profile import choice, consent, hand
from regulars.profile.choice import Key, Place, Stated, Values
from regulars.profile.declared import Declared, in_force
from regulars.profile.survivorship import SEARCHED, Fact, facts_of, tokens_of, traits_of
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")


def apply(app: App, people: People) -> Changes:
    """Fold what the batch says about persons into the profiles; at most 23 statements, none if nothing was said.

    Merged customers keep what is known of both; customers to recompute are rebuilt from events.
    """
    with without_collector():
        return _apply(app, people)


def _apply(app: App, people: People) -> Changes:
    moves = final_moves(people)
    changed: list[Change] = []
    concerned: set[int] = set(people.recompute) | set(moves) | set(moves.values())
    events = zip(people.batch.events, people.customers, strict=True)
    telling = [(event, customer) for event, customer in events if traits_of(event)]
    if concerned or telling:
        declared = in_force(app)
        stated = facts_of(telling, app.settings.brand_country, declared)
        concerned |= {fact.customer for fact in stated}
        changed = _bring_up(app, concerned, stated, moves, set(people.recompute), declared) if concerned else []
    agreed = consent.apply(app, people, moves)
    touched = {customer for customer in people.customers if customer is not None}
    touched |= concerned | set(people.created)
    return Changes(people=people, touched=sorted(touched), fields=changed, consents=sorted(agreed))


def final_moves(people: People) -> dict[int, int]:
    """Loser -> the customer that holds her in the end, through chains of merges."""
    moves = {merge.loser: merge.survivor for merge in people.merged}
    for loser in moves:
        end = moves[loser]
        while end in moves and end != loser:
            end = moves[end]
        moves[loser] = end
    return moves


def _bring_up(
    app: App, concerned: set[int], stated: list[Fact], moves: dict[int, int], stale: set[int], declared: Declared
) -> list[Change]:
    """What is known of these customers: read once, thought about here, and only what differs is written."""
    before = load(app, concerned)
    after = dict(before)
    touched: set[Place] = set()
    for loser, survivor in moves.items():
        touched |= choice.move(after, loser, survivor)
    dropped = {place for place in after if place[0] in stale} if stale else set[Place]()
    for place in dropped:
        del after[place]
    touched |= choice.add(after, [fact for fact in stated if fact.customer not in stale])
    touched |= choice.add(after, _rebuild(app, stale, declared))
    choice.settle(after, touched, declared)
    touched |= dropped
    found = choice.difference(before, after, touched)
    _store(app, found)
    changed = [Change(place[0], place[1], old, new) for place, old, new in found.moved]
    _project(app, changed, after)
    return changed


def load(app: App, customers: Iterable[int]) -> Values:
    """All that is kept of these customers."""
    values: Values = {}
    for row in app.db.execute(SQL.values_of_customers, {"customers": array(customers)}):
        values.setdefault(row[:2], {})[row[2:5]] = Stated._make(row[5:])
    return values


def _rebuild(app: App, stale: set[int], declared: Declared) -> list[Fact]:
    if not stale:
        return []
    rows = app.db.execute(SQL.stating_events, {"customers": list(stale)}).fetchall()
    stated = facts_of([(_event(row), row[0]) for row in rows], app.settings.brand_country, declared)
    return [*stated, *hand.facts(app, stale)]


def _event(row: tuple[Any, ...]) -> Event:
    _, seq, source, source_kind, kind, name, occurred_at, traits, context_traits, properties = row
    body = Body(traits=traits or {}, properties=properties or {}, context={"traits": context_traits or {}})
    return Event(
        seq=seq,
        source=source,
        source_kind=source_kind,
        login_space="",
        message_id="",
        kind=kind,
        name=name,
        occurred_at=occurred_at,
        received_at=occurred_at,
        body=body,
    )


def _store(app: App, moved: choice.Difference) -> None:
    if moved.gone:
        app.db.execute(SQL.drop_values, _keys(moved.gone))
    if not moved.written:
        return
    rows = [stated for _, _, stated in moved.written]
    app.db.execute(
        SQL.store_values,
        _keys([(place, key) for place, key, _ in moved.written])
        | {
            "values": quoted(row.value for row in rows),
            "occurred": array(microseconds(row.occurred_at) for row in rows),
            "seqs": array(row.seq for row in rows),
            "rules": _named(row.rule or "" for row in rows),
        },
    )


def _keys(rows: list[tuple[Place, Key]]) -> dict[str, Any]:
    return {
        "customers": array(place[0] for place, _ in rows),
        "fields": _named(place[1] for place, _ in rows),
        "sources": _named(key[0] for _, key in rows),
        "verified": array(key[1] for _, key in rows),
        "digests": array(key[2] for _, key in rows),
    }


def _named(names: Iterable[str]) -> str:
    """Names as an array literal; none of them holds a sign that would need care."""
    return '{"' + '","'.join(names) + '"}'


def _project(app: App, changed: list[Change], values: Values) -> None:
    """The row and the words of those whose golden values moved."""
    if not changed:
        return
    customers = {change.customer for change in changed}
    given: dict[str, Any] = {"customers": array(customers), "now": app.clock.now()}
    app.db.execute(SQL.drop_profiles, given)
    app.db.execute(SQL.project_profiles, given)
    renamed = {change.customer for change in changed if change.field in SEARCHED}
    if not renamed:
        return
    tokens = [(token, customer) for customer in sorted(renamed) for token in tokens_of(_searched(values, customer))]
    app.db.execute(SQL.drop_tokens, {"customers": array(renamed)})
    if tokens:
        words, owners = zip(*tokens, strict=True)
        app.db.execute(SQL.add_tokens, {"tokens": quoted(words), "customers": array(owners)})


def _searched(values: Values, customer: int) -> dict[str, str]:
    found = {field: choice.value_of(values.get((customer, field), choice.NOTHING)) for field in SEARCHED}
    return {field: value for field, value in found.items() if value is not None}
