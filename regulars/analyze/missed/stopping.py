"""What if we stop: how many customers and how much revenue hang on a practice, from each threshold on."""

from __future__ import annotations

import msgspec
from psycopg import sql

from regulars.analyze.missed.errors import UnknownPractice
from regulars.analyze.missed.telling import SQL
from regulars.analyze.practices import Practice, practices
from regulars.app import App

# Thresholds are steps of a twentieth: 0.05, 0.10 ... 1.
STEPS = 20
BEST_PART = 0.2
PAGE_PEOPLE = 50


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody of whose buying the practice is at least `threshold`."""

    threshold: float
    customers: int
    revenue_cents: int
    best: int
    """Of the best fifth by spend of the last 365 days."""
    with_it_cents: int
    """Of their revenue, the part that was bought with it."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One practice over everybody who bought in the last 365 days."""

    name: str
    customers: int
    revenue_cents: int
    best: int
    with_it_cents: int
    steps: list[Step]
    """Rising thresholds."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """A practice with its declaration and its numbers."""

    name: str
    title: str
    part: str
    trait: str
    threshold: float
    because: str
    audited: Audited

    def at(self, threshold: float) -> Step:
        """The numbers from this threshold on; the nearest step there is."""
        return min(self.audited.steps, key=lambda step: abs(step.threshold - threshold))


class Dependent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who depends on a practice."""

    customer: int
    part: float
    spend_cents: int
    orders: int


def audit(app: App) -> list[Audited]:
    """Every practice of the shelf, each in one pass over the trait table."""
    return [_audited(app, one) for _, one in practices.items()]


def keep(app: App, version: int, audited: list[Audited]) -> None:
    """Under the search's number."""
    told = [msgspec.json.encode(one).decode() for one in audited]
    app.db.execute(SQL.add_practices, {"version": version, "names": [one.name for one in audited], "told": told})


def audits(app: App) -> list[Audit]:
    """Every practice as the newest search saw it, the one with most revenue from its threshold on first."""
    row = app.db.execute(SQL.newest_run).fetchone()
    if row is None:
        return []
    shelf = dict(practices.items())
    told = app.db.execute(SQL.practices_told, {"version": row[0]}).fetchall()
    found = [_audit(shelf[name], msgspec.convert(each, Audited)) for name, each in told if name in shelf]
    return sorted(found, key=lambda one: (-one.at(one.threshold).revenue_cents, one.name))


def audit_of(app: App, name: str) -> Audit:
    """One of them. Raises UnknownPractice."""
    found = {one.name: one for one in audits(app)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none yet: the first search has not run"
        raise UnknownPractice(f"There is no practice named '{name}'", f"Choose one of: {known}")
    return found[name]


def dependents(app: App, name: str, threshold: float, limit: int = PAGE_PEOPLE) -> list[Dependent]:
    """Who depends on it now, highest spend first: live, unlike the counts of the search."""
    statement = sql.SQL(
        "select customer, {trait}::float8, coalesce(spend_365_cents, 0)::bigint, coalesce(orders_365, 0)::bigint"
        " from trait_state where known and orders_365 > 0 and {trait} >= {threshold}"
        " order by coalesce(spend_365_cents, 0) desc, customer limit {limit}"
    ).format(
        trait=sql.Identifier(practices[name].trait), threshold=sql.Literal(threshold - 1e-9), limit=sql.Literal(limit)
    )
    return [Dependent(customer=c, part=p, spend_cents=s, orders=o) for c, p, s, o in app.db.execute(statement)]


def _audited(app: App, one: Practice) -> Audited:
    # One pass: steps are buckets of the part, and thresholds are sums of buckets.
    statement = sql.SQL(
        "with buyer as (select greatest(coalesce({trait}::float8, 0), 0) as part,"
        " coalesce(spend_365_cents, 0)::bigint as cents,"
        " percent_rank() over (order by coalesce(spend_365_cents, 0) desc) < {best} as is_best"
        " from trait_state where known and orders_365 > 0)"
        " select least(floor(part * {steps} + 1e-6), {steps})::int as step, count(*), sum(cents)::bigint,"
        " count(*) filter (where is_best), round(sum(cents * least(part, 1)))::bigint from buyer group by 1"
    ).format(trait=sql.Identifier(one.trait), best=sql.Literal(BEST_PART), steps=sql.Literal(STEPS))
    rows = {step: rest for step, *rest in app.db.execute(statement).fetchall()}
    steps: list[Step] = []
    for first in range(1, STEPS + 1):
        within = [rest for step, rest in rows.items() if step >= first]
        sums = [int(sum(each[at] for each in within)) for at in range(4)]
        steps.append(
            Step(threshold=first / STEPS, customers=sums[0], revenue_cents=sums[1], best=sums[2], with_it_cents=sums[3])
        )
    whole = [int(sum(rest[at] for rest in rows.values())) for at in range(4)]
    return Audited(
        name=one.name,
        customers=whole[0],
        revenue_cents=whole[1],
        best=whole[2],
        with_it_cents=whole[3],
        steps=steps,
    )


def _audit(one: Practice, audited: Audited) -> Audit:
    return Audit(
        name=one.name,
        title=one.title,
        part=one.part,
        trait=one.trait,
        threshold=one.threshold,
        because=one.because,
        audited=audited,
    )
