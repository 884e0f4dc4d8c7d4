"""Opportunities on made-up years: how often something is found where nothing is, and whether what is planted is found.

Every year is drawn anew from its seed. Quiet years hold nothing: any finding in one is a false alarm, and over all
detectors together at most FALSE_ALARMS of them may have one. Then each effect is planted alone, and all together.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from regulars.analyze import missed
from regulars.bench import market
from regulars.kit.settings import Settings
from regulars.lake.duckdb import engine

SEEDS = 100
CUSTOMERS = 3_000
PLANTED_SEEDS = 5
TOP = 5
FIRST_SEED = 1_000


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Share of quiet years with a false alarm; share of planted effects that are found, and found among the TOP."""
    seeds = size or SEEDS
    began = time.monotonic()
    quiet = [judged(settings, FIRST_SEED + at, CUSTOMERS) for at in range(seeds)]
    alarms = [[one.name for one in answers if one.is_found] for answers in quiet]
    quiet_seconds = time.monotonic() - began
    found, in_top, tried = 0, 0, 0
    for effect in market.EFFECTS:
        for at in range(min(PLANTED_SEEDS, seeds)):
            names = [one.name for one in judged(settings, FIRST_SEED + at, CUSTOMERS, [effect]) if one.is_found]
            tried, found, in_top = tried + 1, found + (effect in names), in_top + (effect in names[:TOP])
    together = [one.name for one in judged(settings, FIRST_SEED, CUSTOMERS, market.EFFECTS) if one.is_found]
    return {
        "ratios": {
            "false_alarms": sum(map(bool, alarms)) / seeds,
            "planted_found": found / tried,
            "planted_in_top_5": in_top / tried,
            "planted_together_found": len(set(together) & set(market.EFFECTS)) / len(market.EFFECTS),
        },
        "raw": {
            "stated_level": missed.FALSE_ALARMS,
            "seeds": seeds,
            "first_seed": FIRST_SEED,
            "customers": CUSTOMERS,
            "false_alarms_by_detector": {
                name: sum(name in each for each in alarms) for name in sorted({n for each in alarms for n in each})
            },
            "seconds_a_year": round(quiet_seconds / seeds, 3),
        },
    }


def judged(settings: Settings, seed: int, customers: int, effects: Collection[str] = ()) -> list[missed.Judged]:
    """Every detector's answer about one made-up year."""
    with engine() as lake:
        market.fill(lake, market.made(seed, customers, effects))
        year = missed.read_year(lake, settings.zone, market.LAST_DAY, market.TIERS)
    assert year is not None, "a made-up year has orders"
    return missed.judge(year)
