"""The law of segments: members and moves that the stream holds are those of one full query over everything.

A history is events of a dozen people in batches of any border, late, to come, sent again; people who turn out to be
one, or two; a clock that passes midnights; rules that are made and changed on the way. After every step two answers are
compared with the stream's: that of DuckDB over the lake, and one in plain Python over the journal, with days by the
brand's own calendar.
"""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars import analyze, collect
from regulars.analyze import live
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.plan import Trait
from regulars.analyze.questions import SIGNS
from regulars.analyze.segments import mirror, tree
from regulars.analyze.traits import bought
from regulars.model import Batch, Change, Changes, People
from tests.analyze.test_fields import say
from tests.analyze.town import EPOCH, Town, order, track

# The clock stands still, goes an hour back or half an hour forth within the year, or is a fraction of an hour off.
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York")
STARTS = (datetime(2025, 10, 26, 1, 30, tzinfo=UTC), datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
          datetime(2026, 4, 4, 14, 45, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, tzinfo=UTC))  # fmt: skip
KEPT = ("orders", "days_since_order", "first_order_day", "gap_mean_days", "orders_30", "spend_90_cents", "top_category",
        "channels", "survey_mean", "page_views_30", "week_streak", "home_country", "email_opens_90", "coupon_share",
        "spend_365_cents", "orders_90")  # fmt: skip
BAND = Trait("age_band", "age band, bought", bought("panel", "age_band"))
DECLARED = [trait for trait in TRAITS if trait.name in KEPT]
LOOKED_AT = [segment for segment in SEGMENTS if segment.name in ("at_risk", "browsing_only")]
PEOPLE = 12
NAMES = ("Order Completed", "Email Opened", "Page Viewed", "Survey Answered")
CATEGORIES = ("BREAD", "CAT FOOD")
TITLES = ("First", "Second", "Third", "Fourth")
law = settings(
    max_examples=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)

signs = st.sampled_from([">=", "<=", ">", "<", "="])
few = st.integers(0, 3)
selections = st.one_of(
    st.builds(lambda name: {"event": name}, st.sampled_from(NAMES)),
    st.builds(
        lambda category: {"event": "Order Line", "where": [{"column": "category", "value": category}]},
        st.sampled_from(CATEGORIES),
    ),
    st.just({"event": "Order Completed", "where": [{"column": "revenue_cents", "is": ">", "value": 900}]}),
)
leaves = st.one_of(
    st.builds(lambda s, i, v: {"kind": "did"} | s | {"is": i, "value": v}, selections, signs, few),
    st.builds(lambda s, i, v, d: {"kind": "did"} | s | {"is": i, "value": v, "days": d},
              selections, signs, few, st.sampled_from([1, 2, 7, 30, 31, 400])),
    st.builds(lambda i, v, d: {"kind": "did", "event": "Order Completed", "measure": "revenue_cents", "is": i,
                               "value": v, "days": d}, signs, st.sampled_from([0, 999]), st.sampled_from([1, 30])),
    st.builds(lambda s, i, d: {"kind": "last"} | s | {"is": i, "days": d},
              selections, signs, st.sampled_from([0, 1, 30])),
    st.builds(lambda t, i, v: {"kind": "trait", "trait": t, "is": i, "value": v},
              st.sampled_from(["orders", "days_since_order", "gap_mean_days", "orders_30", "survey_mean", "channels",
                               "week_streak"]), signs, st.sampled_from([0, 1, 2, 3.5, 30])),
    st.builds(lambda i: {"kind": "trait", "trait": "orders_30", "is": i, "than": "page_views_30"}, signs),
    st.builds(lambda t, v: {"kind": "trait", "trait": t, "is": "=", "value": v},
              st.sampled_from(["top_category", "home_country", "age_band"]), st.sampled_from(["BREAD", "FR", "18-24"])),
    st.builds(lambda s: {"kind": "segment", "segment": s}, st.sampled_from([one.name for one in LOOKED_AT])),
)  # fmt: skip
rules = st.recursive(
    leaves,
    lambda inner: st.builds(lambda kind, of: {"kind": kind, "of": of},
                            st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)  # fmt: skip
# A later one may look at an earlier one.
nested = st.builds(lambda kind, rule, name: {"kind": kind, "of": [rule, {"kind": "segment", "segment": name}]},
                   st.sampled_from(["all", "any", "none"]), rules, st.sampled_from(["first", "second"]))  # fmt: skip
chances = st.integers(0, 10**9)
persons = st.integers(1, PEOPLE)
steps = st.one_of(
    st.tuples(st.just("batch"), chances, st.integers(1, 40)),
    st.tuples(st.just("batch"), chances, st.integers(1, 40)),
    st.tuples(st.just("again"), chances, st.integers(1, 10)),
    st.tuples(st.just("clock"), st.sampled_from([30, 90, 24 * 60, 29 * 1440, 47 * 60])),
    st.tuples(st.just("clock"), st.sampled_from([30, 90, 24 * 60, 29 * 1440, 47 * 60])),
    st.tuples(st.just("merge"), persons, persons),
    st.tuples(st.just("split"), persons),
    st.tuples(st.just("lend"), persons, persons),
    st.tuples(st.just("say"), persons, st.sampled_from(["FR", "US"])),
    st.tuples(st.just("buy"), persons),
    st.tuples(st.just("change"), st.integers(0, 1), rules),
)
histories = st.tuples(
    st.sampled_from(ZONES), st.sampled_from(STARTS), st.tuples(rules, rules, nested, nested),
    st.lists(steps, min_size=3, max_size=7),
)  # fmt: skip


class World:
    """A town with a clock, and everything that was ever sent to it by the id of its message."""

    def __init__(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        self.town = town
        self.told: dict[str, dict[str, Any]] = {}
        self.usable: dict[int, str] = {}
        monkeypatch.setattr("regulars.profile.overlays.bought_of_each", self._bought)
        # Few traits are declared, so that everybody is rebuilt after every step: scores and breaks would ask for all.
        monkeypatch.setattr(mirror, "AGE_SECONDS", 0.0)
        monkeypatch.setattr(live, "score_all", lambda *_: [])
        monkeypatch.setattr(live, "find_breaks", lambda *_: [])
        analyze.ensure_schema(town.app, [*DECLARED, BAND], LOOKED_AT)

    def _bought(self, app: Any, customers: list[int] | None, names: list[str]) -> list[tuple[int, str, str]]:
        everybody = {row[0] for row in app.db.execute("select id from customer")}
        whom = everybody if customers is None else everybody & set(customers)
        return [(who, "panel", self.usable[who]) for who in whom if who in self.usable]

    def begin(self, zone: str, start: datetime, rules_told: tuple[Any, ...]) -> None:
        """Nobody lives here, and these rules are in force."""
        town = self.town
        town.clear()
        town.app = replace(town.app, settings=msgspec.structs.replace(town.app.settings, brand_zone=zone))
        town.app.clock.move_to(start)
        self.told, self.usable = {}, {}
        with town.app.transaction() as app:
            app.db.execute("delete from profile")
        for title, rule in zip(TITLES, rules_told, strict=True):
            self.save(title, rule)
        self.settle()

    def save(self, title: str, rule: Any) -> None:
        with self.town.app.transaction() as app:
            there = {one.name for one in analyze.segments(app) if one.made}
            draft = analyze.Draft(title=title, rule=tree.read(rule))
            if title.lower() in there:
                analyze.edit(app, title.lower(), draft, "ada")
            else:
                analyze.create(app, draft, "ada")

    def settle(self) -> None:
        """The flow has taken over what was saved."""
        for _ in range(30):
            if not analyze.adopt(self.town.app):
                return
        raise AssertionError("the flow never takes it over")

    def take(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])

    def batch(self, chance: int, count: int, *, retrying: bool = False) -> None:
        dice, town, now = random.Random(chance), self.town, self.town.app.clock.now()
        some: list[tuple[int, dict[str, Any]]] = []
        for _ in range(count):
            far = dice.choice([0, 0, 0, 1, 2, 6, 7, 29, 30, 31, 89, 399, 400, -1])
            at = now - timedelta(days=far, minutes=dice.choice([0, 0, 15, 30, 45, 60, 90, 600, 1439]))
            event = _event(dice, (at - EPOCH) / timedelta(days=1))
            some.append((dice.randrange(PEOPLE) + 1, event))
        before = town.number
        town.batch(some, retrying=retrying)
        self.told |= {f"m{before + place + 1}": event for place, (_, event) in enumerate(some)}

    def again(self, chance: int, count: int) -> None:
        self.batch(chance, count, retrying=True)

    def clock(self, minutes: int) -> None:
        app = self.town.app
        app.clock.move_to(app.clock.now() + timedelta(minutes=minutes))
        with app.transaction() as inside:
            analyze.tick(inside, app.clock.now())

    def merge(self, loser: int, survivor: int) -> None:
        if loser != survivor and {loser, survivor} <= self.town.customers():
            with self.town.app.transaction() as app:
                app.db.execute("delete from profile where customer = %s", [loser])
            self.town.merge(loser, survivor)

    def split(self, signature: int) -> None:
        owner = self.town.signatures().get(signature)
        if owner is not None and owner != signature:
            self.town.split(signature, signature)

    def lend(self, signature: int, holder: int) -> None:
        if signature in self.town.signatures() and holder in self.town.customers():
            day = int((self.town.app.clock.now() - EPOCH) / timedelta(days=1))
            self.town.lend(signature, day - 30, day, holder)

    def say(self, customer: int, country: str) -> None:
        if customer in self.town.customers():
            say(self.town, customer, "country", country)
            self._restated(customer)

    def buy(self, customer: int) -> None:
        if customer in self.town.customers():
            self.usable[customer] = '{"age_band": "18-24"}'
            self._restated(customer)

    def _restated(self, customer: int) -> None:
        """The batch in which her profile changed comes through; the journal stands where it stood."""
        with self.town.app.transaction() as app:
            row = app.db.execute("select coalesce(max(seq), 0) from record").fetchone()
            batch = Batch(events=[], last_seq=row[0] if row else 0)
            people = People(batch=batch, customers=[], created=[], merged=[], recompute=[], touched=[customer])
            changed = [Change(customer, "address", None, "x")]
            analyze.update(app, Changes(people=people, touched=[customer], fields=changed))

    def change(self, which: int, rule: Any) -> None:
        self.save(TITLES[which], rule)
        self.settle()


def _event(dice: random.Random, day: float) -> dict[str, Any]:
    name = dice.choice(NAMES)
    if name == "Order Completed":
        cents = dice.choice([0, 900, 901, 2500])
        lines = [{"category": dice.choice(CATEGORIES), "quantity": 1, "revenue": cents / 100, "product_id": "p"}]
        return order(day, cents, products=lines, channel=dice.choice(["web", "store"]))  # pyright: ignore[reportArgumentType]
    if name == "Page Viewed":
        return {"type": "page", "day": day, "properties": {"path": "/"}}
    return track(name, day, **({"score": dice.choice([1, 5])} if name == "Survey Answered" else {}))  # pyright: ignore[reportArgumentType]


Members = dict[str, set[int]]


def by_stream(world: World) -> Members:
    """Who is in which segment, as the stream holds it."""
    with world.town.app.transaction() as app:
        found: Members = {one.name: set() for one in analyze.segments(app)}
        for segment, customer in app.db.execute("select segment, customer from segment_member"):
            found[segment].add(customer)
        return found


def by_lake(world: World) -> tuple[Members, dict[int, dict[str, Any]]]:
    """The same of a rebuild in DuckDB, and everybody's traits."""
    collect.flush(world.town.app)
    with world.town.app.transaction() as app:
        built = analyze.rebuild(app)
    rows = {row[0]: dict(zip(built.columns, row, strict=True)) for row in built.rows}
    segments = built.columns[1 + len(DECLARED) + 1 :]
    return {name: {who for who, row in rows.items() if row[name]} for name in segments}, rows


def by_hand(world: World, rows: dict[int, dict[str, Any]]) -> Members:
    """The same of rules read part by part over the journal; traits are those of the lake."""
    with world.town.app.transaction() as app:
        owned = app.db.execute("select e.customer, j.message_id from event_customer e join journal j using (seq)")
        events = [(customer, world.told[message]) for customer, message in owned]
        today = app.db.execute("select day from as_of").fetchone()
        rules_made = {one.name: one.made.rule for one in analyze.segments(app) if one.made}
    zone, day = world.town.app.settings.zone, today[0] if today else 0
    past: dict[int, list[tuple[int, str, dict[str, Any]]]] = {who: [] for who in rows}
    for customer, event in events:
        at = EPOCH + timedelta(days=event["day"])
        past[customer] += [(_number(at.astimezone(zone).date()), *fact) for fact in _facts(event)]
    found: Members = {name: {who for who, row in rows.items() if row[name]} for name in (one.name for one in LOOKED_AT)}

    def holds(rule: Any, who: int) -> bool:
        if isinstance(rule, tree.Group):
            each = [holds(part, who) for part in rule.of]
            return {"all": all(each), "any": any(each), "none": not any(each)}[rule.__struct_config__.tag]
        if isinstance(rule, tree.InSegment):
            return holds(rules_made[rule.segment], who) if rule.segment in rules_made else who in found[rule.segment]
        if isinstance(rule, tree.TraitIs):
            right = rule.value if rule.than is None else rows[who][rule.than]
            return _compared(rows[who][rule.trait], rule.sign, right)
        chosen = [(on, fact) for on, name, fact in past[who] if name == rule.event and _fits(rule.where, fact)]
        if isinstance(rule, tree.LastDid):
            return bool(chosen) and _compared(day - max(on for on, _ in chosen), rule.sign, rule.days)
        inside = [fact for on, fact in chosen if rule.days is None or day - rule.days < on <= day]
        return _compared(sum(fact[rule.measure] if rule.measure else 1 for fact in inside), rule.sign, rule.value)

    return found | {name: {who for who in rows if holds(rule, who)} for name, rule in rules_made.items()}


def _facts(event: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if event["type"] == "page":
        return [("Page Viewed", {})]
    if event["event"] != "Order Completed":
        return [(event["event"], {})]
    lines = event["properties"]["products"]
    revenue = {"revenue_cents": round(event["properties"]["revenue"] * 100)}
    return [("Order Completed", revenue), *(("Order Line", {"category": line["category"]}) for line in lines)]


def _fits(where: tuple[tree.Condition, ...], fact: dict[str, Any]) -> bool:
    return all(_compared(fact.get(one.column), one.sign, one.value) for one in where)


def _compared(left: Any, sign: str, right: Any) -> bool:
    return left is not None and right is not None and SIGNS[sign](left, right)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def counted(world: World) -> dict[str, int]:
    """How many fit each rule that was made: by the plain statement over rows, and by the copy for drafts alike."""
    with world.town.app.transaction() as app:
        rules_made = {one.name: one.made.rule for one in analyze.segments(app) if one.made}
        plain = {name: analyze.count(app, rule) for name, rule in rules_made.items()}
        assert {name: analyze.draft(app, rule).people for name, rule in rules_made.items()} == plain
    return plain


def news(world: World, after: int) -> tuple[int, set[tuple[str, int, bool]]]:
    """Moves written since, of those who are customers now; nobody moves twice at once."""
    with world.town.app.transaction() as app:
        rows = app.db.execute(
            "select m.id, segment, customer, entered from segment_move m join customer c on c.id = m.customer"
            " where m.id > %s order by m.id",
            [after],
        ).fetchall()
    told = [(segment, customer, entered) for _, segment, customer, entered in rows]
    assert len({one[:2] for one in told}) == len(told), told
    return max([after, *(row[0] for row in rows)]), set(told)


@pytest.fixture
def world(town: Town, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(town, monkeypatch)


@law
@given(history=histories)
def test_members_and_moves_of_the_stream_are_those_of_one_full_query(world: World, history: Any) -> None:
    zone, start, rules_told, steps_told = history
    world.begin(zone, start, rules_told)
    before, seen = {name: set[int]() for name in by_stream(world)}, 0

    for step in [("batch", 1, 60), *steps_told]:
        world.take(step)

        lake, rows = by_lake(world)
        now, alive = by_stream(world), world.town.customers()
        assert now == lake == by_hand(world, rows), (zone, step)
        seen, moves = news(world, seen)
        came = {(name, who, True) for name in now for who in now[name] - before[name]}
        left = {(name, who, False) for name in now for who in (before[name] - now[name]) & alive}
        assert moves == came | left, (zone, step)
        before = now
    assert counted(world) == {name: len(before[name]) for name in counted(world)}


def test_a_stream_whose_windows_never_end_is_flagged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lately = {"kind": "did", "event": "Email Opened", "value": 1, "days": 1}
    world.begin("Australia/Lord_Howe", STARTS[2], (lately, lately, lately, lately))
    world.take(("batch", 1, 60))
    rows = by_lake(world)[1]
    assert by_stream(world) == by_hand(world, rows)

    monkeypatch.setattr(live, "_expire", lambda *_: (set(), []))
    world.take(("clock", 24 * 60))

    assert by_stream(world) != by_lake(world)[0]
    assert by_stream(world) != by_hand(world, by_lake(world)[1])
