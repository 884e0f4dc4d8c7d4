"""What people feel, by touch point, measure and stage, now against the same time before; and one customer's answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from regulars.analyze.affinity.answers import OTHER, SQL
from regulars.analyze.affinity.declared import MEASURES, Surveys, surveys_or_usual
from regulars.analyze.affinity.trend import Sums, Trend, trend
from regulars.app import App
from regulars.kit.clock import day_number

ANSWERS_A_PAGE = 50
# Answers of one customer that a page reads: nobody is asked more than a few times a year.
ANSWERS_OF_ONE = 100
# A point of the chart is this many weeks together.
WEEKS_TOGETHER = 4
LAST_POSITION = 2**63 - 1


class Affinity(msgspec.Struct, frozen=True, kw_only=True):
    """One cell or sum of cells: where, what, and how it moved. Empty texts stand for all."""

    touch_point: str = ""
    place: str = ""
    """What the touch point is called."""
    measure: str = ""
    title: str = ""
    """What the measure is called."""
    stage: str = ""
    trend: Trend


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to one measure in the WEEKS_TOGETHER weeks of which the last begins on this day."""

    day: int
    measure: str
    count: int
    mean: float


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What people wrote. Only English is scored."""

    scored: int
    mean: float | None
    """From -100 to 100."""
    unhappy: int
    """At -20 and below."""
    happy: int
    """At 20 and above."""
    not_english: int
    no_language: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Affinity over the last `days` against as many before."""

    days: int
    today: int
    all: Affinity
    measures: list[Affinity]
    cells: list[Affinity]
    """By touch point and measure, most answers first."""
    stages: list[Affinity]
    """By stage at the time of the answer, in the order of the lifecycle; an empty stage: nobody we knew."""
    weeks: list[Week]
    said: Said
    without_scale: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    seq: int
    at: datetime
    survey: str
    touch_point: str
    measure: str
    score: int
    level: float | None
    stage: str | None
    sentiment: int | None
    words: str
    customer: int | None
    """None: nobody can be named."""
    follow_up: int | None
    follow_up_state: str | None


def affinity(app: App, days: int, stages: list[str]) -> Overview:
    """Everything over the last `days`; `stages` in the order they are shown."""
    today = day_number(app.clock.now(), app.settings.zone)
    given = {"today": today, "since": today - days, "before": today - 2 * days}
    cells: dict[tuple[str, str, str], list[Sums]] = {}
    for touch_point, measure, stage, is_now, *sums in app.db.execute(SQL.cells, given).fetchall():
        cells.setdefault((touch_point, measure, stage), [Sums(), Sums()])[0 if is_now else 1] = Sums(*sums)
    declared = surveys_or_usual(app)
    by_place = _grouped(cells, 0, 1)
    [(without_scale,)] = app.db.execute(SQL.without_scale, given).fetchall()
    return Overview(
        days=days,
        today=today,
        all=Affinity(trend=_trend(list(cells.values()))),
        measures=[_affinity(declared, found, measure=key[0]) for key, found in _ordered(_grouped(cells, 1))],
        cells=[_affinity(declared, found, key[0], key[1]) for key, found in _ordered(by_place)],
        stages=[
            _affinity(declared, found, stage=stage)
            for stage in [*stages, ""]
            for found in [_grouped(cells, 2).get((stage,))]
            if found
        ],
        weeks=_weeks(app, today, today - days),
        said=_said(app.db.execute(SQL.said, given).fetchall()),
        without_scale=without_scale,
    )


def answers(
    app: App,
    touch_point: str | None = None,
    measure: str | None = None,
    stage: str | None = None,
    *,
    bad: bool = False,
    before: int | None = None,
) -> list[Answer]:
    """A page of answers, newest first; None asks for all. `before` is the position of the last row before."""
    given = {
        "touch_point": touch_point,
        "measure": measure,
        "stage": stage,
        "bad": bad,
        "before": LAST_POSITION if before is None else before,
        "limit": ANSWERS_A_PAGE,
    }
    return [_answer(row) for row in app.db.execute(SQL.answers, given).fetchall()]


def affinity_of(app: App, customer: int) -> tuple[list[Affinity], list[Answer]]:
    """One customer's affinity by measure, over all time, and the answers behind it, newest first."""
    rows = app.db.execute(SQL.of_customer, {"customer": customer, "limit": ANSWERS_OF_ONE}).fetchall()
    found = [_answer(row) for row in rows]
    cells: dict[tuple[str, ...], list[Sums]] = {}
    for one in found:
        if one.level is not None:
            pair = cells.setdefault((one.measure,), [Sums(), Sums()])
            pair[0] += Sums(1, one.level, one.level * one.level)
    declared = surveys_or_usual(app)
    return [_affinity(declared, pair, measure=key[0]) for key, pair in _ordered(cells)], found


def _weeks(app: App, today: int, since: int) -> list[Week]:
    """A point for every week that has answers in it or in the weeks just before: single weeks jump for no reason."""
    reach = 7 * (WEEKS_TOGETHER - 1)
    given = {"today": today, "since": since - reach}
    found: dict[str, dict[int, tuple[int, float]]] = {}
    for week, measure, count, total in app.db.execute(SQL.weeks, given).fetchall():
        found.setdefault(measure, {})[week] = (count, total)
    points: list[Week] = []
    last = (today + 3) // 7 * 7 - 3
    for week in range(last, since - 7, -7):
        for measure, sums in found.items():
            near = [sums[past] for past in range(week - reach, week + 7, 7) if past in sums]
            if count := sum(one[0] for one in near):
                points.append(Week(day=week, measure=measure, count=count, mean=sum(one[1] for one in near) / count))
    return points[::-1]


def _grouped(cells: dict[tuple[str, str, str], list[Sums]], *places: int) -> dict[tuple[str, ...], list[Sums]]:
    """Cells added up by these places of their key."""
    found: dict[tuple[str, ...], list[Sums]] = {}
    for key, (now, before) in cells.items():
        pair = found.setdefault(tuple(key[place] for place in places), [Sums(), Sums()])
        pair[0] += now
        pair[1] += before
    return found


def _ordered(groups: dict[tuple[str, ...], list[Sums]]) -> list[tuple[tuple[str, ...], list[Sums]]]:
    return sorted(groups.items(), key=lambda group: (-group[1][0].count, -group[1][1].count, group[0]))


def _trend(pairs: list[list[Sums]]) -> Trend:
    return trend(sum((pair[0] for pair in pairs), Sums()), sum((pair[1] for pair in pairs), Sums()))


def _affinity(
    declared: Surveys, pair: list[Sums], touch_point: str = "", measure: str = "", stage: str = ""
) -> Affinity:
    place = "" if not touch_point else "Not told where" if touch_point == OTHER else declared.place(touch_point)
    title = MEASURES.get(measure, "Other questions") if measure else ""
    return Affinity(
        touch_point=touch_point, place=place, measure=measure, title=title, stage=stage, trend=trend(pair[0], pair[1])
    )


def _said(rows: list[tuple[Any, ...]]) -> Said:
    found = {row[0]: row[1:] for row in rows}
    scored, mean, unhappy, happy = found.get("scored", (0, None, 0, 0))
    return Said(
        scored=scored,
        mean=None if mean is None else float(mean),
        unhappy=unhappy,
        happy=happy,
        not_english=found.get("not_english", (0,))[0],
        no_language=found.get("no_language", (0,))[0],
    )


def _answer(row: tuple[Any, ...]) -> Answer:
    return Answer(**dict(zip(Answer.__struct_fields__, row, strict=True)))
