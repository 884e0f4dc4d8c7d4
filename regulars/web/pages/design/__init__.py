"""Journeys: the list, and each drawn as a flow with the share of people along every step."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from regulars.design import Branch, Graph, HoldOut, Node, Send, Wait, next_nodes
from regulars.web import access, render, words
from regulars.web.api import design as api
from regulars.web.api.engage import Tally
from regulars.web.charts import Figure
from regulars.web.site import House

KINDS: dict[str, tuple[str, str]] = {
    "Wait": ("Wait", "wait"),
    "HoldOut": ("Split by fixed chance", "split"),
    "Branch": ("Check", "split"),
} | {"Send": ("Send e-mail", "mail"), "End": ("End", "check")}
SIDE_STEPS_MAX = 20
# What is ready, later or on its way may still be sent.
NOT_SENT = ("suppressed", "held", "failed", "unknown")


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the flow; a fork has a side path with its own steps."""

    kind: str
    icon: str
    title: str
    count: int
    small: str
    share: float
    skipped: str = ""
    look: str = ""
    goes_on: str = ""
    """Label of the main way out of a fork, with its number."""
    goes_on_count: int = 0
    aside: str = ""
    aside_count: int = 0
    side: list[Drawn] = []


@get("/journeys", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def journeys_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """All journeys."""
    with app.transaction() as inside:
        rows = api.journeys(inside)
    return render.page(app, "pages/design/journeys.html", request, rows=rows, trigger=entry_words)


@get("/journeys/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def journey_page(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One journey, drawn."""
    with app.transaction() as inside:
        view = api.journey(inside, name)
    return render.page(
        app,
        "pages/design/journey.html",
        request,
        view=view,
        flow=draw(view),
        figures=figures(view),
        verdict=verdict(view.effect),
        scale=scale(view.effect),
        entry=entry_words(view.graph),
        outcomes=outcomes(view),
    )


def outcomes(view: api.Journey) -> list[Tally]:
    """What became of the journey's wishes over all its steps, most first."""
    sums: dict[tuple[str, str], int] = {}
    for tallies in view.wishes.values():
        for tally in tallies:
            key = (tally.state, tally.why or tally.reason or "")
            sums[key] = sums.get(key, 0) + tally.count
    ordered = sorted(sums.items(), key=lambda one: -one[1])
    return [Tally(state=state, reason=None, why=why, count=count) for (state, why), count in ordered]


def entry_words(graph: Graph | None) -> str:
    """What lets people in, as a sentence."""
    if graph is None:
        return "Paused"
    subject = words.sentence(graph.entry.subject)
    starts = {"segment_enter": f"Enters segment “{subject}”", "segment_leave": f"Leaves segment “{subject}”"}
    return starts.get(graph.entry.trigger, f"{words.sentence(graph.entry.trigger)}: {subject}")


def figures(view: api.Journey) -> list[Figure]:
    """Entered, both arms, and the difference with its verdict."""
    written, held, effect = view.effect.written, view.effect.held, view.effect
    difference = "" if effect.difference is None else f"{'+' if effect.difference >= 0 else ''}"
    goal = goal_words(view.graph)
    return [
        Figure(name="Entered", value=words.number(view.row.entered), than=f"{view.row.live:,} in the journey now"),
        Figure(
            name=goal, value=share_words(written.rate), than=f"{written.reached:,} of {written.ended:,} not held out"
        ),
        Figure(
            name="Holdout did",
            value=share_words(held.rate),
            than=f"{held.reached:,} of {held.ended:,}, not contacted",
        ),
        Figure(
            name="Caused by the journey",
            value="Not known" if effect.difference is None else difference + words.number(effect.difference * 100, 1),
            unit="" if effect.difference is None else "points",
            than="proven" if effect.is_proven else "too early to say",
        ),
    ]


def share_words(rate: float | None) -> str:
    """A rate, or that there is none yet."""
    return "Not known" if rate is None else words.percent(rate)


def goal_words(graph: Graph) -> str:
    """The goal in the trade's words."""
    if graph.goal is None:
        return "Reached the goal"
    what = "Bought" if graph.goal.event == "Order Completed" else graph.goal.event
    return f"{what} within {graph.goal.within_days} days"


def verdict(effect: api.Effect) -> str:
    """What the comparison says, in words before figures."""
    if effect.difference is None or effect.low is None or effect.high is None:
        return "Too early to say: nobody’s way is over in both arms"
    points = f"{'+' if effect.difference >= 0 else ''}{words.number(effect.difference * 100, 1)} points"
    if effect.is_proven:
        return f"Effect: {points}, proven" if effect.low > 0 else f"It does harm: {points}, proven"
    return f"Effect: {points}, too early to say"


def scale(effect: api.Effect) -> dict[str, float]:
    """The interval drawn against zero: where zero, its ends and its middle lie, in percent of a symmetric axis."""
    if effect.difference is None or effect.low is None or effect.high is None:
        return {}
    reach = max(abs(effect.low), abs(effect.high), 0.01) * 1.15

    def place(value: float) -> float:
        return round(50 + 50 * value / reach, 1)

    return {
        "zero": 50.0,
        "from": place(effect.low),
        "width": round(place(effect.high) - place(effect.low), 1),
        "mid": place(effect.difference),
        "reach": round(reach * 100, 1),
    }


def draw(view: api.Journey) -> list[Drawn]:
    """The main path from the start to its end; what leaves it stands beside the fork it leaves."""
    drawn: list[Drawn] = []
    at: str | None = view.graph.start
    while at is not None and len(drawn) < len(view.graph.nodes):
        node = view.graph.nodes[at]
        if isinstance(node, Branch):
            step, at = _fork(view, at, node)
        else:
            step = _step(view, at)
            at = next(iter(next_nodes(node)), None)
        drawn.append(step)
    return drawn


def passed(view: api.Journey, name: str) -> int:
    """How many ever came to this node."""
    count = view.counts.nodes[name]
    return count.here + sum(count.outcomes.values())


def _step(view: api.Journey, name: str) -> Drawn:
    node, entered = view.graph.nodes[name], max(1, view.row.entered)
    kind, icon = KINDS[type(node).__name__]
    here, outcomes = view.counts.nodes[name].here, view.counts.nodes[name].outcomes
    count = passed(view, name)
    small, skipped, side = f"{count / entered:.0%}", "", list[Drawn]()
    labels: dict[str, Any] = {}
    reached = sum(n for outcome, n in outcomes.items() if outcome.startswith("goal"))
    if isinstance(node, Wait):
        small = f"{here:,} waiting"
        skipped = f"{reached:,} reached the goal meanwhile" if reached else ""
    elif isinstance(node, Send):
        count, small, skipped = _sent(view, name, count)
    elif isinstance(node, HoldOut):
        held = outcomes.get("held out", 0)
        labels = {
            "goes_on": "Go on",
            "goes_on_count": outcomes.get("goes on", 0),
            "aside": "Held out",
            "aside_count": held,
        }
        side = [
            Drawn(
                kind="Holdout",
                icon="lock",
                title="Walk the same way, nothing is sent",
                count=held,
                small="watched",
                share=0,
                look="held hatch",
            )
        ]
    share = passed(view, name) / entered
    return Drawn(
        kind=kind,
        icon=icon,
        title=node.title,
        count=count,
        small=small,
        share=share,
        skipped=skipped,
        side=side,
        **labels,
    )


def _sent(view: api.Journey, name: str, asked: int) -> tuple[int, str, str]:
    """What became of a send step's wishes: sent of how many, and the noes with their reasons."""
    tallies = view.wishes.get(name, [])
    sent = sum(tally.count for tally in tallies if tally.state == "sent")
    ended = [tally for tally in tallies if tally.state in NOT_SENT]
    noes = [f"{words.inside(tally.why or tally.reason or tally.state)} ({tally.count:,})" for tally in ended]
    total = sum(tally.count for tally in ended)
    return sent, f"of {asked:,} sent", f"Not sent to {total:,}: {'; '.join(noes)}" if noes else ""


def _fork(view: api.Journey, name: str, node: Branch) -> tuple[Drawn, str | None]:
    """A branch: the way more people took goes straight down, the other stands aside until both meet again."""
    outcomes = view.counts.nodes[name].outcomes
    yes, no = outcomes.get("yes", 0), outcomes.get("no", 0)
    main, other = (
        (("Yes", node.yes, yes), ("No", node.no, no)) if yes > no else (("No", node.no, no), ("Yes", node.yes, yes))
    )
    meeting = _reach(view.graph, main[1])
    side: list[Drawn] = []
    at: str | None = other[1]
    while at is not None and at not in meeting and len(side) < SIDE_STEPS_MAX:
        side.append(_step(view, at))
        at = next(iter(next_nodes(view.graph.nodes[at])), None)
    step = _step(view, name)
    fork = msgspec.structs.replace(
        step, goes_on=main[0], goes_on_count=main[2], aside=other[0], aside_count=other[2], side=side
    )
    return fork, main[1]


def _reach(graph: Graph, start: str) -> set[str]:
    seen, fresh = {start}, [start]
    while fresh:
        node: Node = graph.nodes[fresh.pop()]
        for name in next_nodes(node):
            if name not in seen:
                seen.add(name)
                fresh.append(name)
    return seen


routes = [journeys_page, journey_page]
