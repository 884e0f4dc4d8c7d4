"""What there is to say of a finished run: the figures of its report, which `page` draws."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# (PyArrow has no types; nothing of it leaves this module.)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regulars.resolve.linkage import columns, quality
from regulars.resolve.linkage.bands import AUTOMATIC_BITS, MISSING_BITS, REVIEW_BITS
from regulars.resolve.linkage.clusters import Weights
from regulars.resolve.linkage.comparisons import RELATIVES
from regulars.resolve.linkage.conditions import Column, Rows
from regulars.resolve.linkage.weigh import Scorer

EXAMPLES_PER_BAND = 2
SUSPICIOUS_SHOWN = 10
SUSPICIOUS_SIZE = 10
UNLINKABLE_RECORDS_MAX = 20_000
CURVE_BITS = tuple(range(-2, 31))
CUT_PAIRS = 50_000
SHOWN = (
    *("national_id", "first_name", "last_name", "birth_date", "street", "number", "unit", "city", "postcode"),
    *("email", "phone", "landline"),
)


class Bar(NamedTuple):
    """One part of a weight."""

    words: str
    detail: str
    bits: float


class Example(NamedTuple):
    """Two records side by side, and why they weigh what they weigh."""

    verdict: str
    left: str
    right: str
    fields: tuple[tuple[str, str, str], ...]
    """Field, left, right."""
    bars: tuple[Bar, ...]
    bits: float


class Suspect(NamedTuple):
    """A cluster that a person should look at."""

    cluster_id: str
    records: int
    first_names: str
    births: str
    mean_bits: float


class CurvePoint(NamedTuple):
    """What would be if pairs from so many bits on were automatic."""

    bits: int
    pairs: int
    precision: float | None
    recall: float | None


class Findings(NamedTuple):
    """All that the page says."""

    metrics: dict[str, Any]
    weights: tuple[tuple[str, tuple[Bar, ...]], ...]
    prior_bits: float
    curve: tuple[CurvePoint, ...]
    examples: tuple[Example, ...]
    unlinkable_share: float
    unlinkable_bars: tuple[tuple[str, float], ...]
    """What unlinkable records lack, with the share of them."""
    suspects: tuple[Suspect, ...]


class Linked(NamedTuple):
    """A finished run."""

    connection: duckdb.DuckDBPyConnection
    scorer: Scorer
    weights: Weights
    labels: NDArray[np.int64]
    person: NDArray[np.int64] | None
    """Number of each record's person, -1 where it is not known; None: there is no truth."""
    metrics: dict[str, Any]


def findings(linked: Linked) -> Findings:
    """What there is to say of a finished run."""
    share, lacks = _unlinkable(linked)
    return Findings(
        metrics=linked.metrics,
        weights=_model(linked.scorer),
        prior_bits=linked.scorer.model.prior_bits,
        curve=_curve(linked),
        examples=_examples(linked),
        unlinkable_share=share,
        unlinkable_bars=lacks,
        suspects=_suspects(linked),
    )


def _model(scorer: Scorer) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
    return tuple(
        (
            comparison.name,
            tuple(Bar(level.words or "different", "", level.weight_bits) for level in comparison.levels[1:]),
        )
        for comparison in scorer.model.comparisons
        if comparison.name != RELATIVES
    )


def _curve(linked: Linked) -> tuple[CurvePoint, ...]:
    whole = _whole(linked.weights.bits)
    counts = _from_each(whole)
    if linked.person is None:
        return tuple(CurvePoint(at, count, None, None) for at, count in zip(CURVE_BITS, counts, strict=True))
    left, right = linked.person[linked.weights.left], linked.person[linked.weights.right]
    known = (left >= 0) & (right >= 0)
    found, both = _from_each(whole[known]), _from_each(whole[known & (left == right)])
    true = quality.pairs(linked.person[linked.person >= 0])
    told = [quality.counted(*numbers, true) for numbers in zip(both, found, strict=True)]
    points = zip(CURVE_BITS, counts, told, strict=True)
    return tuple(CurvePoint(at, count, point.precision, point.recall) for at, count, point in points)


def _whole(bits: NDArray[np.float64]) -> NDArray[np.int8]:
    """Bits cut to whole ones, within what the curve shows; so many at a time as the processor holds beside itself."""
    found = np.empty(len(bits), np.int8)
    for begin in range(0, len(bits), CUT_PAIRS):
        some = np.clip(bits[begin : begin + CUT_PAIRS], CURVE_BITS[0] - 1, CURVE_BITS[-1])
        found[begin : begin + CUT_PAIRS] = np.floor(some, out=some)
    return found


def _from_each(whole: NDArray[np.int8]) -> list[int]:
    """How many of these bits, cut to whole ones, are at least each of CURVE_BITS."""
    at = np.bincount(whole - CURVE_BITS[0] + 1, minlength=len(CURVE_BITS) + 1)
    return np.cumsum(at[::-1])[::-1][1:].tolist()


def _examples(linked: Linked) -> tuple[Example, ...]:
    """The pairs nearest to the bars of the bands, from both sides, and relatives who were told apart."""
    left, right, bits, apart = linked.weights
    bands = (
        ("joined", np.flatnonzero((bits >= AUTOMATIC_BITS) & ~apart), 1),
        ("for a person to decide", np.flatnonzero((bits >= REVIEW_BITS) & (bits < AUTOMATIC_BITS)), -1),
        ("kept apart as relatives", np.flatnonzero(apart), -1),
    )
    chosen: list[tuple[str, int]] = []
    for verdict, places, direction in bands:
        distance = direction * bits[places]
        if len(places) > EXAMPLES_PER_BAND:
            near = distance <= np.partition(distance, EXAMPLES_PER_BAND - 1)[EXAMPLES_PER_BAND - 1]
            places, distance = places[near], distance[near]
        nearest = places[np.lexsort((right[places], left[places], distance))][:EXAMPLES_PER_BAND]
        chosen += [(verdict, int(place)) for place in nearest]
    return _told(linked, chosen) if chosen else ()


def _told(linked: Linked, chosen: Sequence[tuple[str, int]]) -> tuple[Example, ...]:
    """Verdicts on pairs, by their places, all weighed at once."""
    places = [place for _, place in chosen]
    pairs = np.stack((linked.weights.left[places], linked.weights.right[places])).astype(np.int64)
    numbers = np.unique(pairs)
    weighed = linked.scorer.weigh_pairs(_ready(linked, numbers), *np.searchsorted(numbers, pairs))
    rows = _rows(linked.connection, numbers.tolist())
    told: list[Example] = []
    for at, (verdict, _) in enumerate(chosen):
        left, right = (rows[number] for number in pairs[:, at].tolist())
        bars = [Bar("before anything is compared", "", linked.scorer.model.prior_bits)]
        for comparison, level, bits in zip(
            linked.scorer.model.comparisons, weighed.levels[at], weighed.parts[at], strict=True
        ):
            if bits:
                bars.append(Bar(comparison.name, comparison.levels[int(level)].words or "different", float(bits)))
        fields = tuple((name, left[name], right[name]) for name in SHOWN if left[name] or right[name])
        told.append(
            Example(verdict, left["record_id"], right["record_id"], fields, tuple(bars), float(weighed.bits[at]))
        )
    return tuple(told)


def _rows(connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    """Records by their numbers, what they do not say as an empty text."""
    names = ("record_id", *SHOWN)
    found = connection.execute(
        f"from record select number_, {', '.join(names)} where number_ in (from unnest(?))", [list(numbers)]
    ).fetchall()
    return {number: dict(zip(names, (cell or "" for cell in row), strict=True)) for number, *row in found}


def _ready(linked: Linked, numbers: NDArray[np.int64]) -> dict[str, Column]:
    """A few records, to be weighed: record i is the one of `numbers[i]`."""
    return linked.scorer.numbered(columns.some(linked.connection, linked.scorer.model.columns, numbers))


def _unlinkable(linked: Linked) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Share of records that would not even be joined with themselves, and what they lack."""
    count = len(linked.labels)
    numbers = np.arange(0, count, max(1, count // UNLINKABLE_RECORDS_MAX), dtype=np.int64)
    rows: Rows = np.arange(len(numbers), dtype=np.int64)
    too_little = linked.scorer.weigh_pairs(_ready(linked, numbers), rows, rows).bits < AUTOMATIC_BITS
    if not too_little.any():
        return 0.0, ()
    linked.connection.register("unlinkable", pa.table({"number_": numbers[too_little]}))
    shown = ", ".join(f"avg(cast({name} is null as int))" for name in SHOWN)
    [shares] = linked.connection.execute(f"from record semi join unlinkable using (number_) select {shown}").fetchall()
    linked.connection.unregister("unlinkable")
    lacks = sorted(zip(SHOWN, shares, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return float(too_little.mean()), tuple((name, float(share)) for name, share in lacks if share < 1.0)


def _suspects(linked: Linked) -> tuple[Suspect, ...]:
    """Clusters that are large, or whose records disagree most on who they are about."""
    linked.connection.register("label", pa.table({"number_": np.arange(len(linked.labels)), "label": linked.labels}))
    rows = linked.connection.execute(
        "with joined as (from record join label using (number_) select label, first_name, root_1, birth_date),"
        " disputed as (from joined select label group by label having count(*) > 1"
        f" and (count(*) >= {SUSPICIOUS_SIZE} or min(birth_date) <> max(birth_date) or min(root_1) <> max(root_1)))"
        " from (from joined semi join disputed using (label) select label, count(*) as size"
        ", count(distinct birth_date) as births, count(distinct root_1) as names"
        ", list(distinct first_name order by first_name) as all_names"
        ", list(distinct birth_date order by birth_date) as all_births group by label)"
        " select label, size, all_names, all_births"
        f" order by births + names + size / {SUSPICIOUS_SIZE} desc, label limit {SUSPICIOUS_SHOWN}"
    ).fetchall()
    linked.connection.unregister("label")
    labels = [label for label, *_ in rows]
    means, first = _means(linked, labels), _rows(linked.connection, labels)
    return tuple(
        Suspect(first[label]["record_id"], size, _listed(names), _listed(births), mean)
        for (label, size, names, births), mean in zip(rows, means, strict=True)
    )


def _listed(values: Sequence[str | None]) -> str:
    return ", ".join(value for value in values if value) or "not known"


def _means(linked: Linked, clusters: Sequence[int]) -> list[float]:
    """For each of these clusters the mean weight of all pairs of its records."""
    member = np.isin(linked.labels, clusters)
    chosen = linked.weights.at(np.flatnonzero(member[linked.weights.left] & member[linked.weights.right]))
    left, right = linked.labels[chosen.left], linked.labels[chosen.right]
    means: list[float] = []
    for label in clusters:
        bits = chosen.bits[(left == label) & (right == label)]
        pairs = quality.pairs(linked.labels[linked.labels == label])
        means.append(float(bits.sum() + MISSING_BITS * (pairs - len(bits))) / pairs)
    return means
