"""How an enrolment walks: pure and deterministic, so that it can be replayed, dry-run and explained.

Theory of operation. `advance` is called whenever something may have changed: the enrolment's time has come, or an event
it listens for happened. It is told the facts as they are, never what woke it, so a lost or doubled wake does no harm.
It walks until it must wait or has ended, and returns the enrolment as it is then, the steps it took, and its wishes.
Whoever calls it stores all three in one transaction. Time is `now`, chance is a hash of the entry and the node.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from regulars.design.graph import Branch, End, Graph, HoldOut, Node, Send, Wait
from regulars.kit import dice
from regulars.model import Intent


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """One person on her way through one version of a journey."""

    id: int
    journey: str
    customer: int
    seed: int
    node: str
    visit: int
    arrived_at: datetime
    status: str
    reason: str | None
    held: bool
    entered_at: datetime
    due_at: datetime
    ended_at: datetime | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of her now: when listened-for events happened since she entered, and her measures."""

    happened: dict[str, list[datetime]] = {}
    measures: dict[str, float] = {}


class Step(msgspec.Struct, frozen=True):
    """One node left, with what it decided."""

    visit: int
    node: str
    outcome: str


class Effects(msgspec.Struct, frozen=True):
    """What the walk wants written besides the enrolment."""

    steps: list[Step]
    intents: list[Intent]


def advance(graph: Graph, enrolment: Enrolment, facts: Facts, now: datetime) -> tuple[Enrolment, Effects]:
    """The enrolment after walking as far as it can at `now`, with its steps and wishes."""
    steps: list[Step] = []
    intents: list[Intent] = []
    here = enrolment
    while here.status == "live":
        node = graph.nodes[here.node]
        reached = _goal_reached(graph, here, facts)
        if reached:
            steps.append(Step(here.visit, here.node, f"goal: {reached}"))
            here = _ended(here, "goal", reached, now)
        elif isinstance(node, End):
            steps.append(Step(here.visit, here.node, "end"))
            here = _ended(here, "completed", node.title, now)
        elif (wake_at := _waits_until(node, here, facts, now)) is not None:
            return msgspec.structs.replace(here, due_at=wake_at), Effects(steps, intents)
        else:
            outcome, then, held = _decide(node, here, facts, now)
            steps.append(Step(here.visit, here.node, outcome))
            if isinstance(node, Send):
                intents.append(_intent(graph, node, here, now))
            here = msgspec.structs.replace(here, node=then, visit=here.visit + 1, arrived_at=now, held=held)
    return here, Effects(steps, intents)


def _goal_reached(graph: Graph, here: Enrolment, facts: Facts) -> str | None:
    goal = graph.goal
    if goal is None:
        return None
    last = here.entered_at + timedelta(days=goal.within_days)
    hit = any(here.entered_at <= at <= last for at in facts.happened.get(goal.event, []))
    return goal.event if hit else None


def _ended(here: Enrolment, status: str, reason: str, now: datetime) -> Enrolment:
    return msgspec.structs.replace(here, status=status, reason=reason, ended_at=now, visit=here.visit + 1)


def _waits_until(node: Node, here: Enrolment, facts: Facts, now: datetime) -> datetime | None:
    if not isinstance(node, Wait) or _passed_early(node, here, facts):
        return None
    assert node.seconds is not None, "a wait without a limit cannot be published"
    until = here.arrived_at + timedelta(seconds=node.seconds)
    return until if now < until else None


def _passed_early(node: Wait, here: Enrolment, facts: Facts) -> str | None:
    return next((e for e in node.until if any(at >= here.arrived_at for at in facts.happened.get(e, []))), None)


def _decide(node: Node, here: Enrolment, facts: Facts, now: datetime) -> tuple[str, str, bool]:
    """Outcome, next node, held or not."""
    match node:
        case Wait():
            early = _passed_early(node, here, facts)
            return (f"passed early: {early}" if early else "waited"), node.then, here.held
        case HoldOut():
            held = here.held or dice.share(here.seed, here.node) < node.share
            return ("held out" if held else "goes on"), node.then, held
        case Branch():
            value = facts.measures.get(node.measure)
            yes = value is not None and value >= node.at_least
            return ("yes" if yes else "no"), (node.yes if yes else node.no), here.held
        case Send():
            return ("would write" if here.held else "asked to write"), node.then, here.held
        case End():
            raise AssertionError("an end is never left")


def _intent(graph: Graph, node: Send, here: Enrolment, now: datetime) -> Intent:
    return Intent(
        key=f"journey:{here.id}:{here.node}:{here.visit}",
        customer=here.customer,
        channel=node.channel,
        purpose=node.purpose,
        template=node.template,
        origin=f"journey {graph.title}",
        priority=node.priority,
        valid_until=now + timedelta(seconds=node.valid_seconds),
        held=here.held,
        payload=dict(node.payload),
    )
