"""Journeys: the list, the drawn flow with its counts, and whether it worked."""

from __future__ import annotations

import math

import msgspec
from litestar import get
from litestar.params import FromPath

from regulars import design
from regulars.app import App
from regulars.design import Graph, JourneyCounts, JourneyRow
from regulars.store import queries
from regulars.web import access
from regulars.web.api.engage import Tally
from regulars.web.site import House

SQL = queries("regulars.web")
# Two-sided 95 %.
Z = 1.959964
ENDED = ("goal", "completed", "exited")


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the comparison: whose way is over, and how many of them reached the goal."""

    ended: int
    reached: int

    @property
    def rate(self) -> float | None:
        """Share that reached the goal; None while nobody's way is over."""
        return self.reached / self.ended if self.ended else None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Reached the goal among those written to, minus among those held out. Interval: Newcombe (1998), 95 %."""

    written: Arm
    held: Arm
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_proven(self) -> bool:
        """The interval does not contain zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A journey with everything its page shows."""

    row: JourneyRow
    counts: JourneyCounts
    effect: Effect
    wishes: dict[str, list[Tally]]
    """What the arbiter made of each send step's wishes, by node."""

    @property
    def graph(self) -> Graph:
        """The live version."""
        return self.counts.graph


def journeys(app: App) -> list[JourneyRow]:
    """Every journey by name."""
    return design.journeys(app)


def journey(app: App, name: str) -> Journey:
    """One journey. Raises NotFound."""
    counts = design.journey_counts(app, name)
    row = next(each for each in design.journeys(app) if each.name == name)
    arms: dict[bool, dict[str, int]] = {False: {}, True: {}}
    for held, status, count in app.db.execute(SQL.arms, {"journey": name}):
        arms[held][status] = count
    wishes: dict[str, list[Tally]] = {}
    for node, state, reason, why, count in app.db.execute(SQL.wishes, {"origin": f"journey {counts.graph.title}"}):
        wishes.setdefault(node, []).append(Tally(state=state, reason=reason, why=why, count=count))
    return Journey(row=row, counts=counts, effect=effect(arms[False], arms[True]), wishes=wishes)


def effect(written: dict[str, int], held: dict[str, int]) -> Effect:
    """The two arms compared, by how their enrolments ended."""
    one, other = _arm(written), _arm(held)
    p, q = one.rate, other.rate
    if p is None or q is None:
        return Effect(written=one, held=other)
    (p_low, p_high), (q_low, q_high) = _wilson(one), _wilson(other)
    low = p - q - math.hypot(p - p_low, q_high - q)
    high = p - q + math.hypot(p_high - p, q - q_low)
    return Effect(written=one, held=other, difference=p - q, low=low, high=high)


def _arm(statuses: dict[str, int]) -> Arm:
    return Arm(ended=sum(statuses.get(status, 0) for status in ENDED), reached=statuses.get("goal", 0))


def _wilson(arm: Arm) -> tuple[float, float]:
    n, p = arm.ended, arm.reached / arm.ended
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return middle - half, middle + half


@get("/api/journeys", opt=access.office("messages:read"), sync_to_thread=True)
def journeys_json(app: House) -> list[JourneyRow]:
    """Every journey with how many entered, are inside, and reached the goal."""
    with app.transaction() as inside:
        return journeys(inside)


@get("/api/journeys/{name:str}", opt=access.office("messages:read"), sync_to_thread=True)
def journey_json(app: House, name: FromPath[str]) -> Journey:
    """One journey: graph, counts at every node, what became of its wishes, its effect against the holdout."""
    with app.transaction() as inside:
        return journey(inside, name)


routes = [journeys_json, journey_json]
