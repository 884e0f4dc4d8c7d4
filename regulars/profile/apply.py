"""A recognized batch into golden fields and consents."""

from __future__ import annotations

from typing import Any

from regulars.app import App
from regulars.model import Body, Change, Changes, Event, People
from regulars.profile import consent
from regulars.profile.survivorship import Fact, facts_of, fold, tokens_of
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")

Fields = dict[tuple[int, str], str]
"""Values by (customer, field)."""


def apply(app: App, people: People) -> Changes:
    """Fold what the batch says about persons into the profiles; at most 16 statements, none if nothing was said.

    Merged customers take the greater of both values field by field; customers to recompute are rebuilt from events.
    """
    stale = set(people.recompute)
    moves = final_moves(people)
    stated = facts_of(zip(people.batch.events, people.customers, strict=True), app.settings.brand_country)
    facts = [fact for fact in stated if fact.customer not in stale]
    concerned = {fact.customer for fact in facts} | stale | set(moves) | set(moves.values())
    changed: list[Change] = []
    if concerned:
        before = _fields(app, concerned)
        _move(app, moves)
        _store(app, fold([*facts, *_rebuild(app, stale)]))
        changed = differences(before, _fields(app, concerned))
        _project(app, {change.customer for change in changed})
    consent.apply(app, people, moves)
    touched = {customer for customer in people.customers if customer is not None}
    touched |= concerned | set(people.created)
    return Changes(people=people, touched=sorted(touched), fields=changed)


def final_moves(people: People) -> dict[int, int]:
    """Loser -> the customer that holds her in the end, through chains of merges."""
    moves = {merge.loser: merge.survivor for merge in people.merged}
    for loser in moves:
        end = moves[loser]
        while end in moves and end != loser:
            end = moves[end]
        moves[loser] = end
    return moves


def differences(before: Fields, after: Fields) -> list[Change]:
    """What moved, by customer and field."""
    keys = sorted(before.keys() | after.keys())
    return [
        Change(customer=key[0], field=key[1], before=before.get(key), after=after.get(key))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _fields(app: App, customers: set[int]) -> Fields:
    rows = app.db.execute(SQL.fields_of_customers, {"customers": array(customers)}).fetchall()
    return {(customer, field): value for customer, field, value in rows}


def _move(app: App, moves: dict[int, int]) -> None:
    if moves:
        given = {"losers": list(moves), "survivors": list(moves.values())}
        app.db.execute(SQL.merge_fields, given)
        app.db.execute(SQL.drop_fields, {"customers": list(moves)})


def _rebuild(app: App, stale: set[int]) -> list[Fact]:
    if not stale:
        return []
    app.db.execute(SQL.drop_fields, {"customers": list(stale)})
    rows = app.db.execute(SQL.stating_events, {"customers": list(stale)}).fetchall()
    return facts_of([(_event(row), row[0]) for row in rows], app.settings.brand_country)


def _event(row: tuple[Any, ...]) -> Event:
    _, seq, source_kind, kind, name, occurred_at, traits, context_traits, properties = row
    body = Body(traits=traits or {}, properties=properties or {}, context={"traits": context_traits or {}})
    return Event(
        seq=seq,
        source="",
        source_kind=source_kind,
        login_space="",
        message_id="",
        kind=kind,
        name=name,
        occurred_at=occurred_at,
        received_at=occurred_at,
        body=body,
    )


def _store(app: App, facts: list[Fact]) -> None:
    if not facts:
        return
    customers, fields, values, verified, occurred, seqs = zip(*facts, strict=True)
    app.db.execute(
        SQL.store_facts,
        {
            "customers": array(customers),
            "fields": quoted(fields),
            "values": quoted(values),
            "verified": array(verified),
            "occurred": quoted(occurred),
            "seqs": array(seqs),
        },
    )


def _project(app: App, customers: set[int]) -> None:
    if not customers:
        return
    given: dict[str, Any] = {"customers": array(customers), "now": app.clock.now()}
    app.db.execute(SQL.drop_profiles, given)
    app.db.execute(SQL.project_profiles, given)
    by_customer: dict[int, dict[str, str]] = {}
    for (customer, field), value in _fields(app, customers).items():
        by_customer.setdefault(customer, {})[field] = value
    tokens = [(token, customer) for customer, values in by_customer.items() for token in tokens_of(values)]
    app.db.execute(SQL.drop_tokens, given)
    if tokens:
        words, owners = zip(*tokens, strict=True)
        app.db.execute(SQL.add_tokens, {"tokens": quoted(words), "customers": array(owners)})
