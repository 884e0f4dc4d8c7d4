"""Acts for the shelf of scores: fits what is due, applies every model, writes what changed. Called by the day tick.

Few statements read and five write for each model that is due, whatever the number of customers; of a score that reads
cells, for each PIECE_CUSTOMERS of them. One customer's scores are computed whenever somebody looks, by the newest
version from today's traits, so what a page says of her is never behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isnan
from typing import Any
from zlib import crc32

import msgspec
import numpy as np

from regulars.analyze.scores import Fit, Floats, Row, Score, Scored, TraitTable, Tried, Unit, scores
from regulars.analyze.scoring.trait_tables import read_table
from regulars.app import App
from regulars.kit.clock import day_number
from regulars.kit.money import SYMBOLS
from regulars.store import queries

SQL = queries("regulars.analyze.scores")

# Customers whose cells are held in memory at once: some 70 MB.
PIECE_CUSTOMERS = 100_000
# Two must not fit or score at once; the number is ours alone ("SCOR").
SCORE_LOCK = 0x53434F52
# While history is replayed every score is fitted and applied once in so many days of it.
HISTORY_DAYS = 28
CHANGES_SHOWN = 20
BINS = 20
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
WORDS_KEPT = 20


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model as it is stored."""

    model: str
    version: int
    as_of_day: int
    window_days: int | None
    customers: int
    error: float
    params: Any
    """Of the score's own `params_type`."""
    tried: tuple[Tried, ...]
    fitted_at: datetime


class PartValue(msgspec.Struct, frozen=True, kw_only=True):
    """One number behind a score; None: nobody can tell."""

    name: str
    title: str
    unit: Unit
    value: float | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score for people: the number, its parts and the sentence that explains it."""

    model: str
    title: str
    question: str
    unit: Unit
    version: int
    as_of_day: int
    value: float
    label: str | None
    """The answer where it is a word."""
    parts: list[PartValue]
    grade: str
    why: str
    traits: tuple[str, ...]
    """What it was computed from."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of everybody are spread."""

    customers: int
    starts: list[float]
    """From where each step of the histogram goes on; the last one holds all that is above."""
    counts: list[int]
    quantiles: list[float]
    """At QUANTILES; none where nobody is scored."""
    mean: float | None
    grades: list[tuple[str, int]]
    """Customers by grade, lowest first."""
    words: list[tuple[str, int]]
    """Customers by the word that is their answer, the most frequent first."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A day from which on she had another grade; None: no longer scored."""

    as_of_day: int
    value: float | None
    grade: str | None


def score_all(app: App, now: datetime, until: datetime) -> list[int]:
    """Fit and score what is due, keep history; gives the customers with a new grade, each once, in order.

    `until`: where history that is replayed ends, else `now`.
    """
    as_of_day = day_number(now, app.settings.zone)
    # A score of a past day is read by nobody but its own history: close to the end each is applied as often as it is.
    rest_days = HISTORY_DAYS if until - now >= timedelta(days=HISTORY_DAYS) else 1
    app.db.execute(SQL.one_at_a_time, {"lock": SCORE_LOCK})
    due = [score for _, score in scores.items() if _is_due(app, score, as_of_day, rest_days)]
    resting = [name for name in scores if name not in {score.name for score in due}]
    gone = app.db.execute(SQL.drop_gone, {"models": resting, "as_of_day": as_of_day}).fetchall()
    moved = {customer for (customer,) in gone}
    for score in due:
        version = _current(app, score, as_of_day, now)
        if version is not None:
            moved.update(score_everybody(app, score, version, as_of_day))
    return sorted(moved)


def score_everybody(app: App, score: Score, version: Version, as_of_day: int) -> list[int]:
    """Apply a version to all known customers and write what differs; gives those with a new grade."""
    db = app.db
    db.execute(SQL.make_room)
    values: list[Floats] = []
    grades = np.zeros(len(score.grades), dtype=np.int64)
    words: Counter[str] = Counter()
    for table in _tables(app, score, as_of_day):
        scored = score.apply(version.params, table)
        with db.cursor().copy(SQL.load) as stream:
            stream.write(_lines(score, scored))
        values.append(scored.values)
        grades += np.bincount(scored.grades, minlength=len(grades))
        if scored.label_of is not None:
            places, counts = np.unique(scored.label_of, return_counts=True)
            words.update({scored.labels[place]: int(n) for place, n in zip(places, counts, strict=True) if place >= 0})
    spread = spread_of(np.concatenate(values), list(zip(score.grades, grades.tolist(), strict=True)), words)
    common = {"model": score.name, "version": version.version, "as_of_day": as_of_day}
    moved = [customer for (customer,) in db.execute(SQL.keep_changes, common).fetchall()]
    db.execute(SQL.drop_unscored, common)
    db.execute(SQL.store_scores, common)
    given = {"customers": spread.customers, "spread": msgspec.json.encode(spread).decode()}
    db.execute(SQL.note_run, common | given)
    db.execute(SQL.clear_room)
    return moved


def spread_of(values: Floats, grades: list[tuple[str, int]], words: Counter[str]) -> Spread:
    """A picture of the values: each of them where there are few, else some BINS round steps to the 99th hundredth."""
    single, counts = np.unique(values, return_counts=True)
    if len(single) > BINS:
        low, top = float(values.min()), float(np.quantile(values, 0.99))
        step = round_step((top - low) / BINS)
        first = int(np.floor(low / step))
        single = np.arange(first, max(int(np.ceil(top / step)), first + 1), dtype=np.float64) * step
        counts = np.bincount(np.searchsorted(single, values, side="right") - 1, minlength=len(single))
    quantiles: list[float] = np.quantile(values, QUANTILES).tolist() if len(values) else []
    return Spread(
        customers=len(values),
        starts=single.tolist(),
        counts=counts.tolist(),
        quantiles=quantiles,
        mean=float(values.mean()) if len(values) else None,
        grades=grades,
        words=words.most_common(WORDS_KEPT),
    )


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is at least so large."""
    if least <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= least * (1 - 1e-9)))


def add_version(app: App, score: Score, fitted: Fit, as_of_day: int, now: datetime) -> Version:
    """Keep what was fitted, as the version that scores from now on."""
    newest = version_of(app, score)
    app.db.execute(
        SQL.add_version,
        {
            "model": score.name,
            "version": newest.version + 1 if newest else 1,
            "as_of_day": as_of_day,
            "window_days": score.window_days,
            "customers": fitted.customers,
            "params": msgspec.json.encode(fitted.params).decode(),
            "error": fitted.error,
            # A fit without a lesson keeps the choice, and what it was made by.
            "tried": msgspec.json.encode(fitted.tried or (newest.tried if newest else ())).decode(),
            "fitted_at": now,
        },
    )
    version = version_of(app, score)
    assert version is not None, "it was just written"
    return version


def version_of(app: App, score: Score) -> Version | None:
    """The newest fitted version, None before the first."""
    row = app.db.execute(SQL.newest_version, {"model": score.name}).fetchone()
    return None if row is None else _version(score, row)


def table_to_fit(app: App, score: Score, as_of_day: int) -> TraitTable:
    """What a fit sees: everybody, or of a score that reads cells the first PIECE_CUSTOMERS."""
    return next(_tables(app, score, as_of_day))


def scores_of(app: App, customer: int) -> list[Standing]:
    """Every score of one customer as of today, by name, with why; scores that cannot judge her are left out."""
    today = day_number(app.clock.now(), app.settings.zone)
    rows = app.db.execute(SQL.newest_versions, {"models": list(scores)}).fetchall()
    found = [_standing(app, scores[row[0]], _version(scores[row[0]], row[1:]), customer, today) for row in rows]
    return [standing for standing in found if standing is not None]


def changes_of(app: App, model: str, customer: int) -> list[Change]:
    """How her grade changed, newest first, at most CHANGES_SHOWN."""
    given = {"model": model, "customer": customer, "limit": CHANGES_SHOWN}
    rows = app.db.execute(SQL.grades_of, given).fetchall()
    return [Change(as_of_day=day, value=value, grade=grade) for day, value, grade in rows]


def _standing(app: App, score: Score, version: Version, customer: int, today: int) -> Standing | None:
    table = read_table(app, score, today, customer)
    scored = score.apply(version.params, table)
    if not len(scored.customers):
        return None
    label = None if scored.label_of is None else scored.labels[int(scored.label_of[0])]
    parts = dict(zip((part.name for part in score.parts), scored.parts[0].tolist(), strict=True))
    value, grade = float(scored.values[0]), score.grades[int(scored.grades[0])]
    traits = {name: float(column[0]) for name, column in table.columns.items()}
    currency = app.settings.brand_currency
    sign = SYMBOLS.get(currency, f"{currency} ")
    row = Row(as_of_day=today, value=value, parts=parts, grade=grade, traits=traits, label=label)
    return Standing(
        model=score.name,
        title=score.title,
        question=score.question,
        unit=score.unit,
        version=version.version,
        as_of_day=today,
        value=value,
        label=label,
        parts=[
            PartValue(name=part.name, title=part.title, unit=part.unit, value=_known(parts[part.name]))
            for part in score.parts
        ],
        grade=grade,
        why=score.explain(version.params, row).replace("$", sign),
        traits=score.needs,
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _is_due(app: App, score: Score, as_of_day: int, rest_days: int) -> bool:
    """Scores of several days are spread over them by their names, so that no tick scores everybody by all."""
    every_days = max(score.every_days, rest_days)
    row = app.db.execute(SQL.last_run, {"model": score.name}).fetchone()
    if row is None or every_days == 1:
        return True
    turn = crc32(score.name.encode())
    return (as_of_day + turn) // every_days != (row[0] + turn) // every_days


def _current(app: App, score: Score, as_of_day: int, now: datetime) -> Version | None:
    newest = version_of(app, score)
    if newest is not None and 0 <= as_of_day - newest.as_of_day < score.refit_days:
        return newest
    fitted = score.fit(table_to_fit(app, score, as_of_day), None, newest.params if newest else None)
    return newest if fitted is None else add_version(app, score, fitted, as_of_day, now)


def _tables(app: App, score: Score, as_of_day: int) -> Iterator[TraitTable]:
    """Everybody, in one table or in pieces."""
    if score.cells is None:
        yield read_table(app, score, as_of_day)
        return
    firsts: list[int] = [row[0] for row in app.db.execute(SQL.first_of_pieces, {"piece": PIECE_CUSTOMERS}).fetchall()]
    ends: list[int | None] = [*firsts[1:], None]
    for span in zip(firsts or [0], ends, strict=True):
        yield read_table(app, score, as_of_day, span=span)


def _version(score: Score, row: tuple[Any, ...]) -> Version:
    version, as_of_day, window_days, customers, error, params, tried, fitted_at = row
    return Version(
        model=score.name,
        version=version,
        as_of_day=as_of_day,
        window_days=window_days,
        customers=customers,
        error=error,
        params=msgspec.convert(params, score.params_type),
        tried=msgspec.convert(tried, tuple[Tried, ...]),
        fitted_at=fitted_at,
    )


def _lines(score: Score, scored: Scored) -> bytes:
    labels = [_escaped(label) for label in scored.labels]
    places = [-1] * len(scored.customers) if scored.label_of is None else scored.label_of.tolist()
    rows = zip(
        scored.customers.tolist(),
        scored.values.tolist(),
        scored.parts.tolist(),
        scored.grades.tolist(),
        places,
        strict=True,
    )
    return "".join(
        f"{customer}\t{value!r}\t{{{','.join(map(repr, parts))}}}\t{score.grades[grade]}\t"
        f"{labels[place] if place >= 0 else chr(92) + 'N'}\n"
        for customer, value, parts, grade, place in rows
    ).encode()


def _escaped(label: str) -> str:
    """As COPY reads text."""
    for sign, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        label = label.replace(sign, written)
    return label
