"""The reader that watches the journal: counts who sends which event, and judges events by the plan that is loaded.

It stands behind the journal with a checkpoint of its own, so nothing waits for it and nothing that a plan says can stop
the flow. Without a plan no body is read. What it writes is bounded, per event and in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from regulars.app import App
from regulars.collect.errors import PlanRefused
from regulars.collect.journal import checkpoint_of
from regulars.collect.keys import SQL as JOURNAL
from regulars.collect.plan.check import Checker, Told, Violation
from regulars.collect.plan.declare import Plan, declare
from regulars.store import queries

SQL = queries("regulars.collect.plan")

READER = "vocabulary"
STEP_EVENTS = 5_000
VERSIONS_SHOWN = 50
VIOLATIONS_KEPT = 200_000
DUPLICATES_KEPT = 200_000
# Kinds and names of one source that are counted one by one.
NAMES_COUNTED_MAX = 1_000
OTHER_NAMES = "(other names)"
PRUNE_EVERY = timedelta(minutes=10)
PRUNED_AT_ONCE = 50_000
TRIED_EVENTS_MAX = 10_000
FAULTS_LISTED_MAX = 200

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class PlanVersion(msgspec.Struct, frozen=True):
    """A plan as it was loaded."""

    version: int
    name: str
    content: str
    loaded_at: datetime
    loaded_by: str
    from_seq: int


class EventUse(msgspec.Struct, frozen=True):
    """How often one source sends one event."""

    source: str
    source_kind: str
    kind: str
    name: str
    events: int
    last_received_at: datetime


class ViolationCount(msgspec.Struct, frozen=True):
    """How many events break the plan in one way, with the latest of them."""

    event: str
    path: str
    rule: str
    events: int
    latest_seq: int
    what: str
    fix: str


class Watch:
    """Reads on from its checkpoint, a step at a time; holds the compiled plan."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._version = 0
        self._checker: Checker | None = None
        self._pruned_at: datetime | None = None

    def step(self) -> int:
        """Watch the next STEP_EVENTS events, in one transaction; how many positions it went on."""
        with self._app.transaction() as app:
            after = checkpoint_of(app, READER)
            to = self._ahead(app, after)
            if to is not None:
                span = {"after": after, "to": to}
                app.db.execute(SQL.count_uses, span | {"most": NAMES_COUNTED_MAX, "others": OTHER_NAMES})
                if self._checker is not None:
                    self._judge(app, self._checker, span)
                app.db.execute(JOURNAL.advance, {"reader": READER, "seq": to})
            self._prune(app)
        return 0 if to is None else to - after

    def _ahead(self, app: App, after: int) -> int | None:
        """How far this step goes under one version of the plan, which is made ready; None: nothing is new."""
        row = app.db.execute(SQL.ahead_of, {"after": after, "limit": STEP_EVENTS}).fetchone()
        if row is None or row[0] is None:
            return None
        version, next_from = app.db.execute(SQL.plan_at, {"seq": after + 1}).fetchall()[0]
        if version is not None and version != self._version:
            (content,) = app.db.execute(SQL.plan_text, {"version": version}).fetchall()[0]
            self._checker, self._version = Checker(declare(content)), version
        return row[0] if next_from is None else min(row[0], next_from - 1)

    def _judge(self, app: App, checker: Checker, span: dict[str, int]) -> None:
        found = judged(checker, app.db.execute(SQL.to_judge, span).fetchall())
        if found:
            app.db.execute(SQL.add_violations, _columns(found) | {"version": self._version})

    def _prune(self, app: App) -> None:
        now = app.clock.now()
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return
        self._pruned_at = now
        app.db.execute(SQL.drop_old_violations, {"kept": VIOLATIONS_KEPT, "most": PRUNED_AT_ONCE})
        app.db.execute(SQL.drop_old_duplicates, {"kept": DUPLICATES_KEPT, "most": PRUNED_AT_ONCE})


def judged(checker: Checker, rows: Sequence[tuple[Any, ...]]) -> list[Violation]:
    """The violations of these rows of the journal (seq, source, its kind, kind, name, body as text)."""
    return [
        each
        for seq, source, source_kind, kind, name, body in rows
        for each in checker.violations(Told(seq, source, source_kind, kind, name, _decode(body)))
    ]


def _columns(found: Sequence[Violation]) -> dict[str, list[Any]]:
    columns = dict(zip(Violation._fields, map(list, zip(*found, strict=True)), strict=True))
    numbers: list[int] = []
    for place, each in enumerate(found):
        numbers.append(numbers[-1] + 1 if place and found[place - 1].seq == each.seq else 1)
    return columns | {"number": numbers}


def load_plan(app: App, content: str, by: str) -> PlanVersion:
    """Make this the plan that events are judged by from now on; the same text again is no new version.

    Raises PlanRefused.
    """
    plan = declare(content)
    known = plan_versions(app, 1)
    if known and known[0].content == content:
        return known[0]
    now = app.clock.now()
    given = {"name": plan.name, "content": content, "now": now, "by": by}
    version, from_seq = app.db.execute(SQL.add_plan, given).fetchall()[0]
    return PlanVersion(version, plan.name, content, now, by, from_seq)


def plan_versions(app: App, limit: int = VERSIONS_SHOWN) -> list[PlanVersion]:
    """Loaded plans, newest first."""
    return [PlanVersion(*row) for row in app.db.execute(SQL.plans, {"limit": limit}).fetchall()]


def current_plan(app: App) -> tuple[PlanVersion, Plan] | None:
    """The plan that events are judged by; None: none was loaded."""
    known = plan_versions(app, 1)
    return (known[0], declare(known[0].content)) if known else None


def has_judged(app: App, plan: PlanVersion) -> bool:
    """Whether any event was compared with this plan; what came before it was loaded never is."""
    given = {"reader": READER, "from_seq": plan.from_seq}
    return app.db.execute(SQL.has_judged, given).fetchone() == (True,)


def try_plan(app: App, content: str, latest: int) -> tuple[int, list[Violation]]:
    """How the latest events fare under this plan: how many were looked at, and what is wrong. Stores nothing."""
    if not 0 < latest <= TRIED_EVENTS_MAX:
        raise PlanRefused(f"{latest} is no number of events to try", f"Use 1 to {TRIED_EVENTS_MAX}")
    rows = app.db.execute(SQL.latest_to_judge, {"limit": latest}).fetchall()
    return len(rows), judged(Checker(declare(content)), rows)


def event_uses(app: App) -> list[EventUse]:
    """Who sent which event how often, as far as the watch has read."""
    return [EventUse(*row) for row in app.db.execute(SQL.event_uses).fetchall()]


def forget_violations(app: App, ranges: Sequence[tuple[int, int]]) -> None:
    """Drop what is noted of events at these positions (from, to; both included): they are withdrawn."""
    # Whoever judges right now ends first; then nothing of them is noted any more.
    checkpoint_of(app, READER)
    given = {"from": [first for first, _ in ranges], "to": [last for _, last in ranges]}
    app.db.execute(SQL.drop_withdrawn_violations, given)


def violating_events(app: App) -> dict[str, int]:
    """By name, how many events break the plan, of those whose violations are kept; most frequent first."""
    return dict(app.db.execute(SQL.violating_events).fetchall())


def violation_counts(app: App, event: str | None = None) -> list[ViolationCount]:
    """In which ways events break the plan, most frequent first, FAULTS_LISTED_MAX at most."""
    rows = app.db.execute(SQL.violations_by_event, {"event": event, "limit": FAULTS_LISTED_MAX}).fetchall()
    return [ViolationCount(*row) for row in rows]
