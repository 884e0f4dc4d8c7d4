"""Drawn customers with and without planted groups, to see what finding does where the answer is known. Pure; seeded."""

from __future__ import annotations

import numpy as np

from regulars.analyze.personas import mixture
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.scores import Ints, TraitTable

VISITORS = 1_500
# What a planted group does more in 90 days.
HABITS = (("searches_90", 12.0), ("list_adds_90", 10.0), ("promotion_clicks_90", 9.0))


def false_alarm(seed: int) -> bool:
    """Are groups found in a base that has none?"""
    return mixture.find(visitors(seed, VISITORS, 0)[0], lenses["web"].features, seed)[1] is not None


def visitors(seed: int, count: int, planted: int) -> tuple[TraitTable, Ints]:
    """Visitors of a web store, and the habit of each: 0 none. `planted`: people with each of HABITS.

    Without habits they differ in how much they do, as people do everywhere: a hump with a long tail, and no groups.
    """
    draw = np.random.default_rng(seed)
    activity = draw.gamma(2, 1, count)
    rates = {"page_views_90": 4.0, "searches_90": 0.4, "list_adds_90": 0.15, "promotion_clicks_90": 0.2}
    columns = {trait: draw.poisson(rate * activity).astype(np.float64) for trait, rate in rates.items()}
    truth = np.zeros(count, dtype=np.int64)
    for place, (trait, more) in enumerate(HABITS, 1):
        who = slice((place - 1) * planted, place * planted)
        columns[trait][who] += draw.poisson(more, planted)
        truth[who] = place
    table = TraitTable(as_of_day=0, customers=np.arange(count), columns=columns)
    keep = lenses["web"].can_judge(table)
    return table.where(keep), truth[keep]
