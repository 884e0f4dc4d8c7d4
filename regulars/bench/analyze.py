"""What traits, a day more, a segment and lifetime values of a million customers cost, against their raw limits.

The lake is made (`shoppers`), then read by the product and, in another process with the same memory and threads, by a
query written by hand (`handwritten.sql`); both must give the same value of every trait of every customer. Lifetime
models are fitted to simulated histories by the product and by the `lifetimes` library. What is going on is told on
stderr, with how long it may take.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import numpy as np

from regulars import analyze
from regulars.bench import shoppers
from regulars.bench.everybody import DAYS
from regulars.bench.link import Measured, measured
from regulars.kit.errors import InputRefused
from regulars.kit.settings import Settings
from regulars.lake import duckdb

EVENTS = 50_000_000
EVENTS_A_CUSTOMER = 50
# Parts of the size at which the cost is told, too.
PARTS = (50, 5, 1)
SEED = 7
# Fractions are sums of whole numbers divided once; engines may still spell a root differently in the last digit.
AGREE = 1e-12
# Of a log-likelihood: both optimizers stop near the same maximum, which is flat.
SAME_LIKELIHOOD = 1e-7


# What an event takes on two quiet cores, in microseconds, and on disk with what does not fit into memory, in bytes.
MAKING, BUILDING, BY_HAND, COMPARING = 1.5, 1.5, 2.6, 0.2
FITTING_SECONDS_A_MILLION = 60
DISK_BYTES_AN_EVENT = 160
GIB = 2**30


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `build_of_handwritten`, `refresh_of_build`, `segment_of_scan`, `clv_speedup_over_lifetimes`.

    Raises InputRefused where the disk for temporary files is too small, before any work.
    """
    sizes = [max((size or EVENTS) // part, shoppers.DAYS) for part in PARTS]
    whole_size, customers = sizes[-1], _customers(sizes[-1])
    _refuse_small_disk(whole_size)
    told = Told(sum(map(_expected, sizes)) + customers / 1e6 * FITTING_SECONDS_A_MILLION)
    cost = [_at(events, told) for events in sizes]
    told.say(f"lifetime values of {customers:,} customers, fitted by both")
    values = lifetime_values(customers)
    whole = cost[-1]
    return {
        "ratios": {
            "build_of_handwritten": round(whole["build_seconds"] / whole["handwritten_seconds"], 3),
            "refresh_of_build": round(whole["refresh_seconds"] / whole["build_seconds"], 3),
            "segment_of_scan": round(whole["segment_seconds"] / whole["scan_seconds"], 4),
            "clv_speedup_over_lifetimes": round(values["lifetimes_seconds"] / values["seconds"], 1),
        },
        "raw": {
            "cost": cost,
            "peak_gib": max(each["peak_gib"] for each in cost),
            "clv": values,
            "seconds": round(told.passed()),
            "seed": SEED,
        },
    }


class Told:
    """Lines for who waits: how long it has been, what comes next."""

    def __init__(self, expected_seconds: float) -> None:
        self._start = time.perf_counter()
        self.say(f"about {max(expected_seconds / 60, 1):.0f} minutes on two quiet cores")

    def say(self, what: str) -> None:
        """One line on stderr."""
        sys.stderr.write(f"{self.passed():5.0f} s  {what}\n")
        sys.stderr.flush()

    def passed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._start


def _customers(events: int) -> int:
    return max(events // EVENTS_A_CUSTOMER, 1)


def _expected(events: int) -> float:
    """Seconds of one size."""
    return events * (MAKING + BUILDING + BY_HAND + COMPARING) / 1e6


def _refuse_small_disk(events: int) -> None:
    needed, free = events * DISK_BYTES_AN_EVENT, shutil.disk_usage(gettempdir()).free
    if free < needed:
        raise InputRefused(
            f"{events:,} events need {needed / GIB:.1f} GiB in {gettempdir()}, which has {free / GIB:.1f}",
            "Set TMPDIR to a folder on a larger disk, or give a smaller --size",
        )


def _at(events: int, told: Told) -> dict[str, Any]:
    """Everything of one size."""
    customers = _customers(events)
    with TemporaryDirectory(prefix="regulars-analyze-") as folder:
        root, start = Path(folder), time.perf_counter()
        told.say(f"{events:,} events of {customers:,} customers: the lake is written")
        shoppers.write(root, events, customers, SEED)
        making = time.perf_counter() - start
        given = (str(root), str(customers), str(root))
        told.say("... everybody is built, refreshed by a day and counted")
        kept = measured("regulars.bench.everybody", "kept", *given)
        told.say("... the same by hand, as of both days")
        hand = measured("regulars.bench.everybody", "handwritten", *given)
        told.say("... every value is compared")
        return _told(events, customers, making, kept, hand) | compared(root)


def _told(events: int, customers: int, making: float, kept: Measured, hand: Measured) -> dict[str, Any]:
    ours, theirs = kept.answer, hand.answer
    return {
        "events": events,
        "customers": customers,
        "making_seconds": round(making, 1),
        "build_seconds": round(ours["build"]["seconds"], 2),
        "handwritten_seconds": round(theirs["build"]["seconds"], 2),
        "refresh_seconds": round(ours["refresh"]["seconds"], 2),
        "segment_seconds": round(ours["segment"], 4),
        "scan_seconds": round(theirs["segment"], 3),
        # What other work on the machine leaves alone: processor seconds of the same steps.
        "build_processor_seconds": round(ours["build"]["processor"], 2),
        "handwritten_processor_seconds": round(theirs["build"]["processor"], 2),
        "refresh_processor_seconds": round(ours["refresh"]["processor"], 2),
        "segment_is_same": ours["members"] == theirs["members"],
        "members": ours["members"],
        "peak_gib": round(kept.peak_gib, 2),
        "handwritten_peak_gib": round(hand.peak_gib, 2),
        "build_microseconds_per_event": round(ours["build"]["seconds"] / events * 1e6, 2),
        "build_processor_microseconds_per_event": round(ours["build"]["processor"] / events * 1e6, 2),
    }


def compared(folder: Path) -> dict[str, Any]:
    """How many values of traits differ between product and hand, after the build and after the refresh."""
    with duckdb.engine() as lake:
        found = {day: [str(folder / f"{side}-{day}.parquet") for side in ("kept", "handwritten")] for day in DAYS}
        columns = lake.rows(f"select column_name from (describe from '{found[DAYS[0]][1]}')")
        written = {name for (name,) in columns}
        shared = [trait.name for trait in analyze.FOLDED if trait.name in written]
        differing = {day: _differing(lake, ours, theirs, shared) for day, (ours, theirs) in found.items()}
    return {
        "traits": len(shared),
        "not_handwritten": [trait.name for trait in analyze.FOLDED if trait.name not in written],
        "differing_after_build": differing[DAYS[0]],
        "differing_after_refresh": differing[DAYS[1]],
    }


def _differing(lake: duckdb.Engine, ours: str, theirs: str, names: list[str]) -> dict[str, int]:
    """Customers whose values differ, by trait; `customer`: who stands on one side only."""
    claims = [f'count(*) filter ({_differs(name)}) as "{name}"' for name in names]
    alone = "count(*) filter (o.customer is null or t.customer is null) as customer"
    query = f"select {', '.join([*claims, alone])} from '{ours}' o full join '{theirs}' t on o.customer = t.customer"
    [counts] = lake.rows(query)
    return {name: count for name, count in zip([*names, "customer"], counts, strict=True) if count}


def _differs(name: str) -> str:
    o, t = f'o."{name}"', f't."{name}"'
    near = f"coalesce(try_cast({o} as double) - try_cast({t} as double) between -{AGREE} and {AGREE}, false)"
    return f"{o} is distinct from {t} and not {near}"


def lifetime_values(customers: int) -> dict[str, Any]:
    """Both models fitted to the same histories by the product and by `lifetimes`."""
    columns = histories(customers)
    start = time.perf_counter()
    history = analyze.purchases.History(x=columns["x"], t_x=columns["t_x"], t=columns["t"])
    orders = analyze.purchases.purchase_models["bg-nbd"].fit(history)
    back = columns["x"] > 0
    money = analyze.gamma_gamma.fit(columns["x"][back], columns["mean"][back])
    seconds = time.perf_counter() - start
    with TemporaryDirectory(prefix="regulars-lifetimes-") as folder:
        for name, column in columns.items():
            np.save(Path(folder) / f"{name}.npy", column)
        theirs = measured("regulars.bench.bare_lifetimes", folder)
    ours = {"bg_nbd": orders.log_likelihood, "gamma_gamma": money.log_likelihood}
    found = theirs.answer["log_likelihood"]
    return {
        "customers": customers,
        "seconds": round(seconds, 2),
        "lifetimes_seconds": round(sum(theirs.answer["seconds"].values()), 2),
        "log_likelihood": ours,
        "lifetimes_log_likelihood": found,
        "log_likelihood_is_equal": all(
            abs(ours[model] - found[model]) <= SAME_LIKELIHOOD * abs(found[model]) for model in ours
        ),
        "lifetimes_peak_gib": round(theirs.peak_gib, 2),
    }


def histories(customers: int) -> dict[str, Any]:
    """Customers of a year as BG/NBD and Gamma-Gamma have them, by whole days as real ones are; ages in weeks."""
    dice = np.random.default_rng(SEED)
    age = dice.integers(7, 366, customers)
    rate, leave = dice.gamma(0.8, 1 / 40, customers), dice.beta(0.8, 2.5, customers)
    x, last, now = (np.zeros(customers) for _ in range(3))
    alive = np.arange(customers)
    while len(alive):
        now[alive] += dice.exponential(1 / rate[alive])
        alive = alive[now[alive] <= age[alive]]
        day = np.ceil(now[alive])
        # Two purchases of a day are one.
        x[alive] += day > last[alive]
        last[alive] = day
        alive = alive[dice.random(len(alive)) >= leave[alive]]
    last = np.minimum(last, age)
    bought = np.maximum(x, 1)
    mean = dice.gamma(6.25 * bought) / (dice.gamma(3.74, 1 / 15_000, customers) * bought)
    return {"x": x, "t_x": last / 7, "t": age / 7, "mean": mean}
