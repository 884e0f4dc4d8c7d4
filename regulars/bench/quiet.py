"""How often detectors cry wolf: on data without planted effects, over many seeds, against the rates they state.

Brands are drawn in memory: no database is touched. Levels and slacks were chosen on seeds below FIRST_SEED, so that
what is told here was not fitted to. Two processes share the seeds; progress goes to stderr.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import msgspec

from regulars.analyze import missed, personas, shifts
from regulars.bench import opportunities
from regulars.kit.settings import Settings

SEEDS = 100
FIRST_SEED = 20_000
CUSTOMERS = 2_000
PROCESSES = 2
EVERY = 10


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one seed's data, which hold nothing: (alarms, trials) of each kind."""

    opportunities: list[str]
    counts: dict[str, tuple[int, int]]
    seconds: dict[str, float]


STATED = {
    "opportunities": missed.FALSE_ALARMS,
    "personas": personas.FALSE_ALARM_RATE,
    "shifts_of_everybody": shifts.FALSE_ALARM_RATE,
    "shifts_of_segments": shifts.FALSE_ALARM_RATE,
    "silences": shifts.QUIET_RATE,
    "bursts": shifts.BUSY_RATE,
}


def run(settings: Settings, size: int | None = None) -> dict[str, Any]:
    """False alarms of `size` seeds (SEEDS) with 95 % intervals (Wilson), beside the rates that are stated."""
    seeds = range(FIRST_SEED, FIRST_SEED + (size or SEEDS))
    began = time.monotonic()
    seen: list[Seen] = []
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        for one in pool.map(looked_at, repeat(settings), seeds):
            seen.append(one)
            if not len(seen) % EVERY:
                sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {len(seen)} of {len(seeds)} seeds\n")
    told = {kind: _told(kind, seen) for kind in STATED}
    return {
        "bench": "quiet",
        "ratios": {f"{kind}_false_alarms": one["share"] for kind, one in told.items()},
        "raw": {
            "seeds": len(seeds),
            "first_seed": FIRST_SEED,
            "customers_a_year": CUSTOMERS,
            **told,
            "opportunities_found": sorted(name for one in seen for name in one.opportunities),
            "seconds": round(time.monotonic() - began, 1),
        },
    }


def looked_at(settings: Settings, seed: int) -> Seen:
    """One seed's data of every kind, judged."""
    counts: dict[str, tuple[int, int]] = {}
    seconds: dict[str, float] = {}
    began = time.process_time()
    found = [one.name for one in opportunities.judged(settings, seed, CUSTOMERS) if one.is_found]
    counts["opportunities"], seconds["opportunities"] = (int(bool(found)), 1), time.process_time() - began
    looks = {
        "personas": personas.false_alarm,
        "shifts_of_everybody": shifts.false_alarm,
        "shifts_of_segments": shifts.segment_false_alarm,
    }
    for kind, look in looks.items():
        began = time.process_time()
        counts[kind], seconds[kind] = (int(look(seed)), 1), time.process_time() - began
    counts["silences"], counts["bursts"] = shifts.silences(seed), shifts.bursts(seed)
    return Seen(opportunities=found, counts=counts, seconds=seconds)


def _told(kind: str, seen: list[Seen]) -> dict[str, float]:
    alarms, of = (sum(one.counts[kind][at] for one in seen) for at in (0, 1))
    counted = missed.counted(alarms, of)
    return {
        "stated": STATED[kind],
        "alarms": alarms,
        "of": of,
        "share": round(counted.share or 0.0, 5),
        "low": round(counted.low, 5),
        "high": round(counted.high, 5),
        "seconds_a_seed": round(sum(one.seconds.get(kind, 0.0) for one in seen) / len(seen), 2),
    }
