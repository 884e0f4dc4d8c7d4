"""The accepted scenarios through the whole product: from the front door to customers, in several orders.

All orders of all scenarios share one journal, each with identifiers of its own: at every step each order's next records
come in. So a stream of many small batches costs what one does.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from regulars import analyze, collect, flow, resolve
from regulars.app import App
from regulars.kit.clock import EPOCH, ManualClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.model import Moment, People
from regulars.resolve import Steward, decide
from tests.conftest import START, stored
from tests.databases import Databases
from tests.engage.town import tell
from tests.resolve.likeness_model import BANDS, model
from tests.resolve.notation import BEGIN, Rec, bare, event
from tests.resolve.scenarios import SCENARIOS, Scenario, Stated
from tests.worker.place import drain

ORDERS = 6
STEPS = 8
FIRST_DAY = (BEGIN - EPOCH).days
STEWARD = Steward("ada", "as the scenario says")

# Scores depend on what a model makes of names, which all orders share: they run each in a database of their own, below.
TOGETHER = [scenario for scenario in SCENARIOS if not scenario.scores]
by_name = pytest.mark.parametrize("scenario", TOGETHER, ids=lambda scenario: scenario.name)


class Run(NamedTuple):
    """One scenario in one order; `mark` tells its identifiers from every other run's."""

    mark: str
    scenario: Scenario
    records: list[Rec]
    later: list[Rec]

    def own(self, rec: Rec) -> Rec:
        tokens = " ".join(bare(token) + self.mark + token[len(bare(token)) :] for token in rec.tokens.split())
        street = rec.street and f"{rec.street} {self.mark}"
        return Rec(rec.key, rec.minutes, tokens, rec.name, rec.dob, rec.verified, rec.surname, street)

    @property
    def everything(self) -> list[Rec]:
        return [*self.records, *self.later]


class Town(NamedTuple):
    """Everybody's runs, carried; customer by message."""

    app: App
    runs: list[Run]
    customers: dict[str, int | None]
    before: dict[str, int | None]
    rebuilt: People
    homes: dict[tuple[str, int], str]
    """By run and day the households, each customer by her first record."""


def message(run: Run, rec: Rec) -> dict[str, Any]:
    """A record as it comes in at the door."""
    said = event(1, run.own(rec))
    body = msgspec.to_builtins(said.body)
    return {
        "type": "identify",
        "messageId": f"{run.mark}-{rec.key}",
        "timestamp": said.occurred_at.isoformat(),
        **{name: part for name, part in body.items() if part},
    }


def runs() -> list[Run]:
    told: list[Run] = []
    for number, scenario in enumerate(TOGETHER):
        for order in range(ORDERS):
            dice = random.Random(order)
            some = list(scenario.records) if not order else dice.sample(scenario.records, len(scenario.records))
            later = dice.sample(scenario.later, len(scenario.later))
            told.append(Run(f"x{number}y{order}", scenario, some, later))
    return told


@pytest.fixture(scope="module")
def town(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Generator[Town, None, None]:
    """All of them carried in STEPS stretches; then stewards speak; then the whole is computed again."""
    home = tmp_path_factory.mktemp("town")
    with databases.lent() as url, stored(url) as store:
        settings = Settings(home=str(home), database_url=url, brand_name="Corner Market")
        lake, clock = Lake(home / "lake"), ManualClock(START)
        app = App(settings=settings, store=store, lake=lake, clock=clock, dice=SeededDice(1))
        analyze.ensure_schema(app)
        with app.transaction() as inside:
            collect.register(inside, "crm", "other", None, ["email", "phone"])
        everybody = runs()
        for step in range(STEPS):
            some = [(run, rec) for run in everybody for rec in piece(run, step)]
            for source in ("site", "crm"):
                said = [message(run, rec) for run, rec in some if ("^" in rec.tokens) == (source == "crm")]
                tell(app, source, said, "other")
            drain(app)
        for run in everybody:
            for stated in run.scenario.stated:
                speak(app, run, stated)
        for step in range(max(len(run.later) for run in everybody)):
            tell(app, "site", [message(run, rec) for run in everybody for rec in run.later[step : step + 1]], "other")
            drain(app)
        before = owners(app)
        with app.transaction() as inside:
            rebuilt = resolve.rebuild(inside)
        now = owners(app)
        yield Town(app, everybody, now, before, rebuilt, living(app, everybody, now))


def living(app: App, everybody: list[Run], customers: dict[str, int | None]) -> dict[tuple[str, int], str]:
    """The households that scenarios ask about."""
    found: dict[tuple[str, int], str] = {}
    with app.transaction() as inside:
        for run in everybody:
            keys: dict[int, str] = {}
            for rec in run.scenario.everything:
                if (customer := customers.get(f"{run.mark}-{rec.key}")) is not None:
                    keys.setdefault(customer, rec.key)
            for day, _ in run.scenario.homes:
                homes: dict[int, list[str]] = {}
                for customer, home in resolve.households(inside, sorted(keys), FIRST_DAY + day).items():
                    homes.setdefault(home, []).append(keys[customer])
                found[run.mark, day] = "|".join(sorted(" ".join(sorted(some)) for some in homes.values()))
    return found


def piece(run: Run, step: int) -> list[Rec]:
    """The records of this step: one or none of a short scenario, a stretch of a long one."""
    count = len(run.records)
    size = -(-count // STEPS)
    return run.records[step * size : (step + 1) * size]


def speak(app: App, run: Run, stated: Stated) -> None:
    """A statement through every room, as the page of a customer does it."""
    with app.transaction() as inside:
        if stated.kind == "erase":
            number = run.scenario.stated.index(stated) + 1 + 100 * int(run.mark.rpartition("y")[2])
            customer = owners(inside)[f"{run.mark}-{stated.keys[0]}"]
            assert customer is not None
            erased = resolve.erase(inside, customer, BEGIN + timedelta(days=stated.day or 0), number)
            flow.on_erasure(inside, erased, number)
        else:
            flow.on_decision(inside, decided(inside, run, stated))


def decided(inside: App, run: Run, stated: Stated) -> People:
    seqs = positions(inside)
    keys = [seqs[f"{run.mark}-{key}"] for key in stated.keys]
    leaving = [seqs[f"{run.mark}-{key}"] for key in stated.leaving]
    text = stated.token + run.mark
    match stated.kind:
        case "verify":
            return decide.verify(inside, STEWARD, keys[0], text)
        case "close":
            what = Moment(kind="email", value=f"{text}@shop.example")
            return decide.close(inside, STEWARD, what, FIRST_DAY + (stated.day or 0))
        case "undo":
            [first, *_] = run.scenario.stated
            least = [min(seqs[f"{run.mark}-{key}"] for key in side) for side in (first.leaving, first.keys)]
            return decide.undo(inside, STEWARD, f"split:{least[0]}:{least[1]}")
        case _:
            return decide.split(inside, STEWARD, keys, leaving)


def positions(inside: App) -> dict[str, int]:
    return dict(inside.db.execute("select message_id, seq from journal where message_id like 'x%'").fetchall())


def owners(app: App) -> dict[str, int | None]:
    sql = "select message_id, customer from journal join event_customer using (seq) where message_id like 'x%'"
    with app.transaction() as inside:
        return dict(inside.db.execute(sql).fetchall())


def parts(town: Town, run: Run) -> str:
    """Customers as a scenario writes them."""
    groups: dict[int, list[str]] = {}
    texts: list[str] = []
    for rec in run.everything:
        customer = town.customers.get(f"{run.mark}-{rec.key}")
        if customer is None and rec.key in run.scenario.gone:
            continue
        if customer is None:
            texts.append(f"[{rec.key}]")
        else:
            groups.setdefault(customer, []).append(rec.key)
    return "|".join(sorted([*texts, *(" ".join(sorted(keys)) for keys in groups.values())]))


@by_name
def test_what_comes_in_at_the_door_ends_as_the_people_expected(town: Town, scenario: Scenario) -> None:
    answers = {run.mark: parts(town, run) for run in town.runs if run.scenario is scenario}

    assert answers == dict.fromkeys(answers, scenario.expected)
    for day, expected in scenario.homes:
        assert {town.homes[mark, day] for mark in answers} == {expected}


def test_a_batch_run_over_everything_changes_nobody(town: Town) -> None:
    assert (town.rebuilt.created, town.rebuilt.merged, town.rebuilt.recompute) == ([], [], [])
    assert town.customers == town.before


def said(key: str, tokens: str, first: str, born: int | None = None, last: str = "smyth") -> Rec:
    return Rec(key, len(key), tokens, first, born, surname=last, street="12 Mill Road")


ALONE = (
    Scenario(
        "S9 a fuzzy duplicate",
        (said("till", "c1", "jon", 19840201), said("web", "e1", "john", 19840102, "smith")),
        "till web",
    ),
    Scenario(
        "S9 twins",
        (said("tim", "L1", "tim", 20100504), said("rob", "L2", "rob", 20100504)),
        "rob|tim",
    ),
    Scenario(
        "S12 late contradicting evidence",
        (
            *(said("r1", "pa", "jon"), said("r2", "pb", "jon")),
            Rec("r1b", 2, "pa u1", None, 19510307, verified=True),
            Rec("r2b", 3, "pb u2", None, 19830809, verified=True),
        ),
        "r1 r1b|r2 r2b",
    ),
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 1, 0, 2), (2, 3, 0, 1)])
@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.name)
def test_likeness_gives_the_people_expected_too(app: App, scenario: Scenario, order: tuple[int, ...]) -> None:
    analyze.ensure_schema(app)
    with app.transaction() as inside:
        number = resolve.models.add(inside, STEWARD, *model(), BANDS)
        resolve.models.score(inside, number)
        flow.on_decision(inside, resolve.models.approve(inside, STEWARD, number))
    run = Run("x", scenario, [scenario.records[place] for place in order if place < len(scenario.records)], [])

    for rec in run.records:
        tell(app, "site", [message(run, rec)], "other")
        drain(app)
    before = owners(app)
    with app.transaction() as inside:
        rebuilt = resolve.rebuild(inside)

    assert parts(Town(app, [run], before, before, rebuilt, {}), run) == scenario.expected
    assert (owners(app), rebuilt.recompute) == (before, [])
