"""Laws of the rule on dense random graphs, in memory; and the control that must be caught."""

import itertools
import os
import random
from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.resolve.explain import Tie, path
from regulars.resolve.facts import Decision, Doubt, Held, Signature
from regulars.resolve.judge import NO_RULINGS
from regulars.resolve.likeness import Pair, likeness
from regulars.resolve.meet import components
from regulars.resolve.partition import Partition, partition, reaches
from regulars.resolve.policy import EDGE, LOGIN
from tests.resolve.graphs import random_decisions, random_pairs, random_records, random_tellings
from tests.resolve.memory import Memory
from tests.resolve.notation import BANDS, in_force, signatures

# Versions of one subject: the first is in force.
MODEL = (in_force(1, 2), in_force(2, 1))
SEEDS = st.integers(0, 10**9)
# Raise it for a thorough run.
DENSE_GRAPHS = int(os.environ.get("REGULARS_TEST_GRAPHS", "400"))
QUICK = settings(max_examples=150, deadline=None)


def facts_of(seed: int, most: int = 40) -> list[Signature]:
    dice = random.Random(seed)
    return signatures(random_records(dice, dice.randrange(4, most)))


@given(SEEDS)
@QUICK
def test_order_and_duplication_never_matter(seed: int) -> None:
    some = facts_of(seed)
    shuffled = random.Random(seed + 1).sample(some, len(some))

    assert partition([*shuffled, *some[:3]]).customers() == partition(some).customers()


@given(SEEDS)
@QUICK
def test_order_never_matters_to_scores_either(seed: int) -> None:
    some = facts_of(seed)
    pairs, dice = scored(seed, some), random.Random(seed + 1)
    alike = likeness(pairs, MODEL, BANDS)

    again = likeness(dice.sample([*pairs, *pairs[:2]], len(pairs) + len(pairs[:2])), MODEL[::-1], BANDS)

    whole, shuffled = partition(some, MODEL, alike), partition(dice.sample(some, len(some)), MODEL, again)
    assert shuffled.customers() == whole.customers()
    assert doubts(shuffled) == doubts(whole)


@given(SEEDS)
@QUICK
def test_no_customer_has_two_logins(seed: int) -> None:
    some = facts_of(seed)
    answer = partition(some, MODEL, likeness(scored(seed, some), MODEL, BANDS))
    customers = answer.customers()

    logins: dict[int, set[int]] = defaultdict(set)
    for (signature, value, _), one in answer.links.items():
        customer = customers[signature]
        if one.level == LOGIN and one.state in (EDGE, 1) and customer is not None:
            logins[customer].add(value)
    assert all(len(values) == 1 for values in logins.values())


@given(SEEDS)
@QUICK
def test_a_stewards_split_is_never_inside_one_customer(seed: int) -> None:
    some = facts_of(seed)
    dice = random.Random(seed)
    one, other = dice.sample([s.id for s in some], 2) if len(some) > 1 else (1, 2)
    split = Decision(subject="s", version=1, kind="split", signatures=(one,), leaving=(other,))

    customers = partition(some, [split, *MODEL], likeness(scored(seed, some), MODEL, BANDS)).customers()

    assert customers.get(one) is None or customers.get(one) != customers.get(other)


@given(SEEDS)
@QUICK
def test_every_customer_hangs_together_by_links_that_count(seed: int) -> None:
    answer = partition(facts_of(seed))
    customers = answer.customers()

    near: dict[int, list[int]] = {s: [] for s, customer in customers.items() if customer is not None}
    heads: dict[tuple[int | None, int, int], int] = {}
    for (signature, value, _), one in answer.links.items():
        if signature in near and one.state == EDGE:
            head = heads.setdefault((customers[signature], value, one.epoch), signature)
            near[head].append(signature)
            near[signature].append(head)
    assert len(components(near)) == len(set(customers.values()) - {None})


def told_in_full(seed: int, with_scores: bool = True) -> bool:
    """Does a path of links and scores lead from the founder to every record of every customer?"""
    some = facts_of(seed)
    alike = likeness(scored(seed, some), MODEL, BANDS)
    answer = partition(some, MODEL, alike)
    seq_of = {one.id: one.first_seq for one in some}
    for group in (group for settled in answer.settled for group in settled.groups):
        links = [
            Tie(seq_of[s], value, "", "", one.level, one.epoch)
            for (s, value, _), one in answer.links.items()
            if s in group.signatures and one.state == EDGE
        ]
        bits = sorted(alike.among(set(group.signatures)).items(), key=lambda pair: (-pair[1], pair[0]))
        scores = [(seq_of[one], seq_of[other], told, list[Any]()) for (one, other), told in bits]
        hops = path(group.id, links, scores if with_scores else ())
        reached = {group.id}
        for hop in hops:
            if hop.from_record not in reached:
                return False
            reached.add(hop.to_record)
        if reached != {seq_of[s] for s in group.signatures}:
            return False
    return True


def test_every_record_of_a_customer_is_explained_by_a_path_from_her_founder() -> None:
    assert [seed for seed in range(DENSE_GRAPHS) if not told_in_full(seed)] == []


def test_an_explanation_without_scores_is_caught() -> None:
    assert [seed for seed in range(100) if not told_in_full(seed, with_scores=False)]


def scored(seed: int, some: list[Signature]) -> list[Pair]:
    """Every other graph has scores, too."""
    return random_pairs(random.Random(seed), [s.id for s in some]) if seed % 2 and len(some) > 1 else []


def doubts(answer: Partition) -> list[Doubt]:
    return sorted(doubt for settled in answer.settled for doubt in settled.doubts)


def differs(seed: int, former_holders: bool = True, told_beside: bool = True, names_speak: bool = True) -> bool:
    """Newcomers, scores, models, erasures and all that stewards may state, in random batches, against all at once."""
    dice = random.Random(seed)
    some = facts_of(seed, most=30) if seed % 4 else signatures(random_tellings(dice))
    memory = Memory(former_holders, told_beside)
    stated = random_decisions(random.Random(-seed), some) if seed % 3 else []
    waiting, pairs, models = list(some), scored(seed, some), list(MODEL)
    unsaid = list(stated)
    numbers = itertools.count(1)
    while waiting:
        size = dice.randrange(1, 4)
        memory.take(waiting[:size])
        waiting = waiting[size:]
        # Scores come with the later of two; a decision on models at any time.
        met = [pair for pair in pairs if pair.one in memory.signatures and pair.other in memory.signatures]
        memory.score(met)
        pairs = [pair for pair in pairs if pair not in met]
        if models and dice.random() < 0.3:
            memory.decide(models.pop())
        # Stewards speak of records that are there; of which version they speak when is nobody's rule.
        for one in [one for one in unsaid if {*one.signatures, *one.leaving} <= memory.signatures.keys()]:
            if dice.random() < 0.4:
                unsaid.remove(one)
                # Of splits that pin one id the later is taken back first, so here they are never taken back.
                is_final = not any(other.subject == one.subject for other in unsaid) and one.version == 1
                memory.decide(memory.pinned(one, 1000 + next(numbers)) if one.kind == "split" and is_final else one)
        before = memory.living()
        if seed % 5 == 2 and dice.random() < 0.2 and (people := sorted(x for x in {*before.values()} if x is not None)):
            erased = dice.choice(people)
            memory.erase(erased, next(numbers), names_speak)
            if memory.living() != {s: whose for s, whose in before.items() if whose != erased}:
                return True
    for one in [*models, *unsaid]:
        memory.decide(one)
    answer = partition(memory.signatures.values(), memory.decisions, likeness(memory.pairs, memory.decisions, BANDS))
    ids = [group.id for settled in answer.settled for group in settled.groups]
    assert len(ids) == len(set(ids)), f"seed {seed}: two customers have one id"
    whole = {s: whose for s, whose in answer.customers().items() if not memory.signatures[s].ghost}
    return memory.living() != whole


def test_what_a_stream_ends_with_is_what_the_whole_gives() -> None:
    assert not [seed for seed in range(DENSE_GRAPHS) if differs(seed)]


def test_the_control_where_the_last_of_two_scores_counts_is_caught() -> None:
    """Without the rule that the lower one does, what comes later would decide."""

    def people(some: list[Signature], pairs: list[Pair]) -> dict[int, int | None]:
        last = {(pair.one, pair.other): pair for pair in pairs if pair.model == 1}
        return partition(some, MODEL, likeness(last.values(), MODEL, BANDS)).customers()

    graphs = [facts_of(seed) for seed in range(1, DENSE_GRAPHS, 2)]
    told = [(some, scored(seed, some)) for seed, some in zip(range(1, DENSE_GRAPHS, 2), graphs, strict=True)]

    assert [some for some, pairs in told if people(some, pairs) != people(some, pairs[::-1])]
    assert len({len(doubts(partition(some, MODEL, likeness(pairs, MODEL, BANDS)))) for some, pairs in told}) > 2


def test_the_control_that_forgets_former_holders_is_caught() -> None:
    assert any(differs(seed, former_holders=False) for seed in range(DENSE_GRAPHS))


def test_the_control_that_forgets_what_else_a_source_said_of_a_login_is_caught() -> None:
    assert any(differs(seed, told_beside=False) for seed in range(DENSE_GRAPHS))


def test_the_control_whose_ghosts_forget_what_names_told_apart_is_caught() -> None:
    assert any(differs(seed, names_speak=False) for seed in range(2, DENSE_GRAPHS, 5))


def test_a_reach_over_its_limit_drops_its_weakest_links_until_the_parts_fit() -> None:
    some = facts_of(7)
    answer = partition(some)
    held: dict[int, list[Held]] = {signature.id: [] for signature in some}
    for (signature, _, _), one in answer.links.items():
        held[signature].append(one)

    parts = reaches({signature.id: signature for signature in some}, held, NO_RULINGS, limit=5)

    assert sum(len(part) for part, _ in parts) == len(some)
    for part, dropped in parts:
        levels = {one.level for s in part for one in held[s.id] if one.state == EDGE} - dropped
        assert len(part) <= 5 or levels == {LOGIN}


def greedy(some: list[Signature]) -> set[frozenset[int]]:
    """The control: whoever comes joins all who share a value with her, unless two logins would meet."""
    people: list[tuple[set[int], set[int], set[int]]] = []
    for one in some:
        members, values, logins = (
            {one.id},
            {link.value for link in one.links},
            {v for v, cls, _ in one.links if cls == LOGIN},
        )
        apart = []
        for other in people:
            if values & other[1] and len(logins | other[2]) < 2:
                members, values, logins = members | other[0], values | other[1], logins | other[2]
            else:
                apart.append(other)
        people = [*apart, (members, values, logins)]
    return {frozenset(members) for members, _, _ in people}


def test_the_control_that_joins_in_order_of_arrival_is_caught() -> None:
    graphs = [facts_of(seed) for seed in range(DENSE_GRAPHS // 4)]

    assert [some for some in graphs if greedy(some) != greedy(some[::-1])]
