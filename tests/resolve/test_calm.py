"""Who joins a calm reach by numbers is whom the general rule would let in; and the controls that must be caught."""

import random
from collections import defaultdict
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.app import App
from regulars.model import Moment, People
from regulars.resolve import Steward, calm, decide
from regulars.resolve.calm import Calm, Quiet, by_reach, stays_calm
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.facts import Held, Settled, Signature
from regulars.resolve.judge import CONTACTS, ValueState
from regulars.resolve.partition import Partition, partition
from regulars.resolve.policy import CARD, CARRIERS, EDGE, LOGIN, VOID
from tests.resolve.notation import Rec, event, signatures
from tests.resolve.test_stream import batches, carry, forget_all

NAMES = [None, None, "anna", "anna", "annie", "ben"]
BIRTHS = [None, None, 19800102, 19800102, 19800201, 19900708]
LONG_AGO, FAR_AHEAD = -(10**6), 10**6
SEEDS_OF_CONTROLS = 3_000
# What a summary may forget, one at a time: each must let somebody in who does not belong.
FORGOTTEN: list[dict[str, object]] = [
    {"customer": 0},
    {"dobs": ()},
    {"first_names": ()},
    {"spaces": ()},
    {"cards": 0},
    {"contacts": 0},
    {"carriers": 0},
]


def people(dice: random.Random, count: int) -> list[Rec]:
    """Records of one or two people, most of them in peace, who have much of one thing: mailboxes, devices, names."""
    much = dice.choice(["", "", "contacts", "devices", "names", "cards", "years"])
    width = dice.choice([1, 1, 1, 2])
    records: list[Rec] = []
    for number in range(count):
        who = dice.randrange(width)
        tokens = {dice.choice(["u{}", "u{}", "u{}", "L{}", "e{}!", "p{}", "t{}", "c{}", "o{}"]).format(who)}
        if dice.random() < 0.5:
            tokens.add(dice.choice(["u{}", "e{}", "p{}", "d{}", "c{}"]).format(who))
        if much == "contacts":
            tokens |= {dice.choice("ep") + f"{who}{dice.randrange(5)}" for _ in range(dice.randrange(4))}
        if much == "devices":
            tokens |= {f"d{who}{dice.randrange(30)}" for _ in range(dice.randrange(12))}
        if much == "cards":
            tokens |= {dice.choice(["L1", "L2", "L0?", "u1"]) for _ in range(dice.randrange(2))}
        at = dice.randrange((1500 if much == "years" else 40) * 1440)
        some = much == "names"
        records.append(
            Rec(
                f"r{number:02}",
                at,
                " ".join(sorted(tokens)),
                dice.choice(NAMES) if some else None,
                dice.choice(BIRTHS) if some else None,
            )
        )
    return records


def summary(answer: Partition, settled: Settled, by_id: Mapping[int, Signature]) -> Calm | None:
    """What PostgreSQL says of a reach, from the facts in memory."""
    if settled.delicate or len(settled.groups) != 1 or not settled.groups[0].known:
        return None
    group = settled.groups[0]
    held = {
        (value, one.level, one.space)
        for (s, value, _), one in answer.links.items()
        if s in group.signatures and one.state != VOID
    }
    members = [by_id[s] for s in group.signatures]
    return Calm(
        customer=group.id,
        size=len(members),
        dobs=[s.dob for s in members if s.dob is not None],
        first_names=[s.first_name for s in members if s.first_name],
        spaces=[space for _, level, space in held if level == LOGIN],
        cards=sum(level == CARD for _, level, _ in held),
        contacts=sum(level in CONTACTS for _, level, _ in held),
        carriers=sum(level in CARRIERS for _, level, _ in held),
    )


def quiet_values(answer: Partition, by_id: Mapping[int, Signature]) -> dict[int, Quiet]:
    """What PostgreSQL says of values, from the facts in memory."""
    reaches = {s: one.reach for one in answer.settled for group in one.groups for s in group.signatures}
    held: dict[int, list[tuple[int, Held]]] = defaultdict(list)
    for (s, value, _), one in answer.links.items():
        held[value].append((s, one))
    found: dict[int, Quiet] = {}
    for value, state in answer.values.items():
        plain = state == (0, 0, 1) and all(
            one == (value, one.cls, one.cls, one.space, 0, EDGE) for _, one in held[value]
        )
        where = {reaches.get(s) for s, _ in held[value]}
        days = [day for s, _ in held[value] for day in (by_id[s].first_day, by_id[s].last_day)]
        found[value] = Quiet(where.pop() if plain and len(where) == 1 else None, min(days), max(days))
    return found


def newcomers_let_in(
    old: list[Signature], new: list[Signature], before: Partition, forgotten: Mapping[str, object]
) -> dict[int, int | None]:
    """Customer by signature of those whom numbers let in."""
    by_id = {one.id: one for one in old}
    quiet = quiet_values(before, by_id)
    if "days" in forgotten:
        quiet = {value: Quiet(one.reach, LONG_AGO, FAR_AHEAD) for value, one in quiet.items()}
    newcomers = by_reach(new, quiet)
    joined: dict[int, int | None] = {}
    for settled in before.settled:
        told, some = summary(before, settled, by_id), newcomers.get(settled.reach, [])
        if told is None or not some:
            continue
        told = told._replace(**{name: value for name, value in forgotten.items() if name != "days"})
        if stays_calm(told, some, quiet):
            joined |= {one.id: settled.groups[0].id for one in some}
    return joined


def judge(seed: int, forgotten: Mapping[str, object]) -> tuple[int, bool]:
    """How many joined, and whether the rule on everybody says the same and nothing else."""
    dice = random.Random(seed)
    records = people(dice, dice.randrange(3, 14))
    seqs = range(1, len(records) + 1)
    seqs = dice.sample(seqs, len(seqs)) if dice.random() < 0.5 else seqs
    some = signatures(records, {rec.key: seq for rec, seq in zip(records, seqs, strict=True)})
    old, new = some[: 2 * len(some) // 3], some[2 * len(some) // 3 :]
    before = partition(old)

    joined = newcomers_let_in(old, new, before, forgotten)
    after = partition([*old, *(one for one in new if one.id in joined)])

    edges = {
        (one.id, v, cls): Held(v, cls, cls, space, 0, EDGE)
        for one in new
        if one.id in joined
        for v, cls, space in one.links
    }
    unheard = after.values.keys() - before.values.keys()
    delicate = {s for one in after.settled if one.delicate for group in one.groups for s in group.signatures}
    return len(joined), (
        after.customers() == before.customers() | joined
        and after.links == before.links | edges
        and after.values == before.values | dict.fromkeys(unheard, ValueState(0, 0, 1))
        and delicate.isdisjoint(joined)
    )


@given(st.integers(0, 10**9))
@settings(max_examples=600, deadline=None)
def test_who_joins_by_numbers_joins_by_the_rule_and_changes_nothing_else(seed: int) -> None:
    assert judge(seed, {})[1]


def test_the_law_speaks_of_many() -> None:
    assert sum(judge(seed, {})[0] for seed in range(500)) > 150


@pytest.mark.parametrize("forgotten", [*FORGOTTEN, {"days": None}], ids=lambda one: next(iter(one)))
def test_a_summary_that_forgets_anything_is_caught(forgotten: Mapping[str, object]) -> None:
    assert any(not judge(seed, forgotten)[1] for seed in range(SEEDS_OF_CONTROLS))


REACH = "min(id) over (partition by reach) as reach"
TABLES = [
    f"(select id, customer, {REACH}, known, delicate, gapped, sessions from signature)",
    "link",
    "value",
    "customer",
    "redirect",
    "carrier_span",
    "(select level, value, reason, one_signature, other_signature from cut)",
    "(select kind, customer, other, greatest(seq, 0) from identity_event)",
]
STEWARD = Steward("ada", "to see that numbers listen to stewards")


def decided(app: App, dice: random.Random, last: int) -> People | None:
    """Now and then a steward speaks."""
    one, other = dice.randrange(1, last + 1), dice.randrange(1, last + 1)
    what = Moment(kind="email", value=f"e0{dice.randrange(3)}@shop.example")
    try:
        match dice.randrange(12):
            case 0:
                return decide.merge(app, STEWARD, [one, other])
            case 1:
                return decide.split(app, STEWARD, staying=[one], leaving=[other])
            case 2:
                return decide.block(app, STEWARD, what)
            case 3:
                return decide.close(app, STEWARD, what, 19723 + dice.randrange(20))
            case _:
                return None
    except DecisionRefused:
        return None


def published(app: App, seed: int) -> list[object]:
    """All that a stream says and leaves behind; a reach may be named by any of its members."""
    forget_all(app)
    dice = random.Random(seed)
    told: list[object] = []
    for some in batches(dice, [event(n + 1, rec) for n, rec in enumerate(people(dice, 40))]):
        people_now = carry(app, some)
        with app.transaction() as inside:
            later = decided(inside, dice, some[-1].seq)
        told += [(one.customers, one.created, one.merged, one.recompute) for one in (people_now, later) if one]
    with app.transaction() as inside:
        return told + [inside.db.execute(f"select s::text from {table} s order by 1").fetchall() for table in TABLES]


def differing(app: App, monkeypatch: pytest.MonkeyPatch, seeds: range) -> list[int]:
    """Seeds whose stream ends otherwise, or tells otherwise, when nobody joins by numbers."""
    by_numbers = [published(app, seed) for seed in seeds]
    monkeypatch.setattr(calm, "join", lambda *_: {})
    return [seed for seed, told in zip(seeds, by_numbers, strict=True) if published(app, seed) != told]


def test_a_stream_says_the_same_whether_or_not_numbers_are_asked_first(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert differing(app, monkeypatch, range(30)) == []


def test_numbers_that_let_everybody_in_are_caught(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm, "stays_calm", lambda *_: True)

    assert differing(app, monkeypatch, range(30))
