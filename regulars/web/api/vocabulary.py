"""The published vocabulary, the brand's plan, and how what arrives compares with both."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from litestar import get

from regulars import collect
from regulars.app import App
from regulars.collect import EventSchema, EventUse, ViolationCount
from regulars.kit.errors import NotFound
from regulars.web import access
from regulars.web.site import House

TITLE = "Regulars: the published vocabulary of events"
PLAN_GROUP = "Tracking plan"
OWN_GROUP = "Sent and not declared"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One event: what is declared of it, who sends it, and what is wrong with what they send."""

    name: str
    group: str
    origin: str
    meaning: str
    is_planned: bool
    declared: EventSchema | None
    """By the plan where it names it, else by the vocabulary; None: nobody declared it."""
    uses: list[EventUse]
    violations: list[ViolationCount]

    @property
    def events(self) -> int:
        """How often it came."""
        return sum(use.events for use in self.uses)

    @property
    def broken(self) -> int:
        """How many violations of the plan are kept."""
        return sum(each.events for each in self.violations)


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """All events, by group; `plan` is the version that is checked, None where none was loaded."""

    plan: collect.PlanVersion | None
    known: list[Known]


def vocabulary(app: App) -> Vocabulary:
    """Every published, planned or received event."""
    current = collect.current_plan(app)
    planned = current[1].events if current else {}
    uses: dict[str, list[EventUse]] = defaultdict(list)
    for use in collect.event_uses(app):
        if use.kind == "track":
            uses[use.name].append(use)
    broken: dict[str, list[ViolationCount]] = defaultdict(list)
    for each in collect.violation_counts(app):
        broken[each.event].append(each)
    known: list[Known] = []
    published: set[str] = set()
    for _, group in collect.vocabulary_groups.items():
        for event in group.events:
            published.add(event.name)
            known.append(
                Known(
                    name=event.name,
                    group=group.title,
                    origin=group.origin,
                    meaning=event.meaning,
                    is_planned=event.name in planned,
                    declared=planned.get(event.name, event),
                    uses=uses.get(event.name, []),
                    violations=broken.get(event.name, []),
                )
            )
    for name in sorted((set(planned) | set(uses)) - published):
        declared = planned.get(name)
        known.append(
            Known(
                name=name,
                group=PLAN_GROUP if declared else OWN_GROUP,
                origin="Your plan" if declared else "Nobody",
                meaning=declared.meaning if declared else "",
                is_planned=declared is not None,
                declared=declared,
                uses=uses.get(name, []),
                violations=broken.get(name, []),
            )
        )
    return Vocabulary(plan=current[0] if current else None, known=known)


def known_event(app: App, name: str) -> Known:
    """One event by its name. Raises NotFound."""
    for each in vocabulary(app).known:
        if each.name == name:
            return each
    raise NotFound(f"No event named '{name}' is published, planned or was received", "Look at the list of events")


@get("/api/vocabulary", opt=access.OFFICE, sync_to_thread=True)
def vocabulary_json() -> dict[str, Any]:
    """The published vocabulary as one JSON Schema of a message."""
    return collect.message_schema(TITLE, collect.vocabulary_events().values())


@get("/api/plan", opt=access.OFFICE, sync_to_thread=True)
def plan_json(app: House) -> dict[str, Any]:
    """The brand's tracking plan: its version, its JSON Schema, and how what arrives breaks it."""
    with app.transaction() as inside:
        current = collect.current_plan(inside)
        violations = collect.violation_counts(inside)
    if current is None:
        return {"version": None, "schema": None, "violations": []}
    version, plan = current
    return {"version": version, "schema": plan.schema(), "violations": violations}


routes = [vocabulary_json, plan_json]
