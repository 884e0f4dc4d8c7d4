"""The published vocabulary, the brand's plan, and how what arrives compares with both."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from litestar import get

from regulars import collect
from regulars.app import App
from regulars.collect import EventSchema, EventUse
from regulars.kit.errors import NotFound
from regulars.web import access
from regulars.web.site import House

TITLE = "Regulars: the published vocabulary of events"
PLAN_GROUP = "Tracking plan"
OWN_GROUP = "Sent and not declared"
CALLS_GROUP = "Calls"
IDENTIFY = "identify"
CALLS = {
    IDENTIFY: "Somebody says who they are, or a system says what it knows of them",
    collect.EVENT_BY_KIND["page"]: "A page was opened: every page call, whatever the page is called",
    collect.EVENT_BY_KIND["screen"]: "A screen of an app was opened: every screen call",
}


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
    broken: int
    """Events of it that break the plan, as far as their violations are kept."""

    @property
    def events(self) -> int:
        """How often it came."""
        return sum(use.events for use in self.uses)


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """All events, by group; `plan` is the version that is checked, None where none was loaded."""

    plan: collect.PlanVersion | None
    known: list[Known]
    is_compared: bool = False
    """Whether anything that came was compared with this plan."""


def vocabulary(app: App) -> Vocabulary:
    """Every published, planned or received event."""
    current = collect.current_plan(app)
    planned = current[1].events if current else {}
    uses, broken = _uses(app), collect.violating_events(app)
    known = [_calls(name, meaning, current[1] if current else None, uses, broken) for name, meaning in CALLS.items()]
    published = set(CALLS)
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
                    broken=broken.get(event.name, 0),
                )
            )
    for name in sorted((set(planned) | set(uses) | set(broken)) - published):
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
                broken=broken.get(name, 0),
            )
        )
    plan = current[0] if current else None
    return Vocabulary(plan=plan, known=known, is_compared=plan is not None and collect.has_judged(app, plan))


def _uses(app: App) -> dict[str, list[EventUse]]:
    """Who sends what, by the name it is planned under; pages of a source are one, whatever each is called."""
    found: dict[str, dict[str, EventUse]] = defaultdict(dict)
    for use in collect.event_uses(app):
        name = use.name if use.kind == "track" else collect.EVENT_BY_KIND.get(use.kind, use.kind)
        if use.kind != "track" and name not in CALLS:
            continue
        before = found[name].get(use.source)
        found[name][use.source] = use if before is None else _both(before, use)
    return {name: list(by_source.values()) for name, by_source in found.items()}


def _both(one: EventUse, other: EventUse) -> EventUse:
    last = max(one.last_received_at, other.last_received_at)
    return msgspec.structs.replace(one, events=one.events + other.events, last_received_at=last)


def _calls(
    name: str, meaning: str, plan: collect.Plan | None, uses: dict[str, list[EventUse]], broken: dict[str, int]
) -> Known:
    """A call that is no track event, as one line beside them."""
    planned = plan.events.get(name) if plan else None
    if plan and plan.traits and name == IDENTIFY:
        planned = EventSchema(name=name, meaning=meaning, properties=plan.traits)
    return Known(
        name=name,
        group=CALLS_GROUP,
        origin="the wire format",
        meaning=meaning,
        is_planned=planned is not None,
        declared=planned or EventSchema(name=name, meaning=meaning, properties=()),
        uses=uses.get(name, []),
        broken=broken.get(name, 0),
    )


def known_event(app: App, name: str) -> Known:
    """One event by its name. Raises NotFound."""
    for each in vocabulary(app).known:
        if each.name == name:
            return each
    raise NotFound(f"No event named '{name}' is published, planned or was received", "Look at the list of events")


@get("/api/vocabulary", opt=access.office("events:read"), sync_to_thread=True)
def vocabulary_json() -> dict[str, Any]:
    """The published vocabulary as one JSON Schema of a message."""
    return collect.message_schema(TITLE, collect.vocabulary_events().values())


@get("/api/plan", opt=access.office("events:read"), sync_to_thread=True)
def plan_json(app: House) -> dict[str, Any]:
    """The brand's tracking plan: its version, its JSON Schema, how many events of each name break it, and how."""
    with app.transaction() as inside:
        current = collect.current_plan(inside)
        violations, violating = collect.violation_counts(inside), collect.violating_events(inside)
    if current is None:
        return {"version": None, "schema": None, "violations": [], "violating": {}}
    version, plan = current
    return {"version": version, "schema": plan.schema(), "violations": violations, "violating": violating}


routes = [vocabulary_json, plan_json]
