"""What traits, a day more, a segment and lifetime values of a million customers cost, against their raw limits.

The lake is made (`shoppers`), then read by the product and, in another process with the same memory and threads, by a
query written by hand (`handwritten.sql`); both must give the same value of every trait of every customer. Lifetime
models are fitted to simulated histories by the product and by the `lifetimes` library.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from regulars import analyze
from regulars.bench import shoppers
from regulars.bench.everybody import DAYS
from regulars.bench.link import Measured, measured
from regulars.kit.settings import Settings

EVENTS = 50_000_000
EVENTS_A_CUSTOMER = 50
# Parts of the size at which the cost is told, too.
PARTS = (50, 5, 1)
SEED = 7
# Fractions are sums of whole numbers divided once; engines may still spell a root differently in the last digit.
AGREE = 1e-12


def run(settings: Settings, *, size: int | None = None) -> dict[str, Any]:
    """Ratios `build_of_handwritten`, `refresh_of_build`, `segment_of_scan`, `clv_speedup_over_lifetimes`."""
    events = size or EVENTS
    cost = [_at(max(events // part, shoppers.DAYS)) for part in PARTS]
    whole = cost[-1]
    values = lifetime_values(whole["customers"])
    return {
        "ratios": {
            "build_of_handwritten": round(whole["build_seconds"] / whole["handwritten_seconds"], 3),
            "refresh_of_build": round(whole["refresh_seconds"] / whole["build_seconds"], 3),
            "segment_of_scan": round(whole["segment_seconds"] / whole["scan_seconds"], 4),
            "clv_speedup_over_lifetimes": round(values["lifetimes_seconds"] / values["seconds"], 1),
        },
        "raw": {"cost": cost, "clv": values, "seed": SEED},
    }


def _at(events: int) -> dict[str, Any]:
    """Everything of one size."""
    customers = max(events // EVENTS_A_CUSTOMER, 1)
    with TemporaryDirectory(prefix="regulars-analyze-") as folder:
        root, start = Path(folder), time.perf_counter()
        shoppers.write(root, events, customers, SEED)
        making = time.perf_counter() - start
        given = (str(root), str(customers), str(root))
        kept = measured("regulars.bench.everybody", "kept", *given)
        hand = measured("regulars.bench.everybody", "handwritten", *given)
        return _told(events, customers, making, kept, hand) | compared(root)


def _told(events: int, customers: int, making: float, kept: Measured, hand: Measured) -> dict[str, Any]:
    return {
        "events": events,
        "customers": customers,
        "making_seconds": round(making, 1),
        "build_seconds": round(kept.answer["build"], 2),
        "handwritten_seconds": round(hand.answer["build"], 2),
        "refresh_seconds": round(kept.answer["refresh"], 2),
        "segment_seconds": round(kept.answer["segment"], 4),
        "scan_seconds": round(hand.answer["segment"], 3),
        "segment_is_same": kept.answer["members"] == hand.answer["members"],
        "members": kept.answer["members"],
        "peak_gib": round(kept.peak_gib, 2),
        "handwritten_peak_gib": round(hand.peak_gib, 2),
        "build_microseconds_per_event": round(kept.answer["build"] / events * 1e6, 2),
    }


def compared(folder: Path) -> dict[str, Any]:
    """How many values of traits differ between product and hand, after the build and after the refresh."""
    with duckdb.connect() as connection:
        found = {day: [str(folder / f"{side}-{day}.parquet") for side in ("kept", "handwritten")] for day in DAYS}
        columns = connection.execute(f"select column_name from (describe from '{found[DAYS[0]][1]}')").fetchall()
        written = {name for (name,) in columns}
        shared = [trait.name for trait in analyze.TRAITS if trait.name in written]
        differing = {day: _differing(connection, ours, theirs, shared) for day, (ours, theirs) in found.items()}
    return {
        "traits": len(shared),
        "not_handwritten": [trait.name for trait in analyze.TRAITS if trait.name not in written],
        "differing_after_build": differing[DAYS[0]],
        "differing_after_refresh": differing[DAYS[1]],
    }


def _differing(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str, names: list[str]) -> dict[str, int]:
    """Customers whose values differ, by trait; `customer`: who stands on one side only."""
    claims = [f'count(*) filter ({_differs(name)}) as "{name}"' for name in names]
    alone = "count(*) filter (o.customer is null or t.customer is null) as customer"
    query = f"select {', '.join([*claims, alone])} from '{ours}' o full join '{theirs}' t on o.customer = t.customer"
    [counts] = connection.execute(query).fetchall()
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
    return {
        "customers": customers,
        "seconds": round(seconds, 2),
        "lifetimes_seconds": round(sum(theirs.answer["seconds"].values()), 2),
        "log_likelihood": {"bg_nbd": orders.log_likelihood, "gamma_gamma": money.log_likelihood},
        "lifetimes_log_likelihood": theirs.answer["log_likelihood"],
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
