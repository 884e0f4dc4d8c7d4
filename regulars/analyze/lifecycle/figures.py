"""What each stage brings, who went further and from where to where: counted once a day beside the flow.

It asks everybody, seconds of a million customers; a page reads a few hundred rows of it, and how many stand where as
of now. Where nobody has counted yet it is counted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from regulars import collect
from regulars.analyze.lifecycle.judge import SQL
from regulars.analyze.stages import RANK_BY_STAGE, STAGES
from regulars.app import App
from regulars.kit.clock import day_number

# How long somebody has to reach a higher stage for it to count, and over how long a time that is watched.
CONVERSION_DAYS = 90
WATCHED_DAYS = 180
# Moves of the last so many days are counted beforehand; of other stretches when they are asked for.
USUAL_DAYS = (30, 90, 365)

FlowRow = tuple[str, str, int]
"""Stage before and after, empty for none, and customers."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the customers of one stage, as of a day. Money in cents."""

    day: int
    """Days since 1970-01-01."""
    stage: str
    customers: int
    spend_365_cents: int
    orders_90: int
    answered: int
    """Who answered a survey."""
    answers: float
    """Sum of their mean answers."""
    watched: int
    """Came into it 90 to 270 days ago and did not end within 90 days."""
    further: int
    """Of these, reached a higher stage within 90 days."""


def is_due(app: App) -> bool:
    """Was nothing counted today?"""
    return min((figure.day for figure in _kept(app).values()), default=0) < _today(app)


def keep(app: App, breathe: Callable[[], object] = lambda: None) -> int:
    """Count now and keep it; how many stages. For a thread beside the flow."""
    today = _today(app)
    with app.transaction() as inside:
        # Moves are numbered before they are committed: while the flow rests, none below the newest is on its way.
        collect.checkpoint_of(inside, collect.FLOW)
        inside.db.execute(SQL.keep_net)
    breathe()
    with app.transaction() as inside:
        counted = _counted(inside)
    breathe()
    moved: dict[int, list[FlowRow]] = {}
    for days in USUAL_DAYS:
        with app.transaction() as inside:
            moved[days] = _moved(inside, compared_since(inside, today, days))
        breathe()
    with app.transaction() as inside:
        for figure in counted.values():
            inside.db.execute(SQL.keep_figures, msgspec.structs.asdict(figure))
        inside.db.execute(SQL.drop_flows)
        for days, rows in moved.items():
            before, after, customers = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
            given = {"days": days, "before": before, "after": after, "customers": customers}
            inside.db.execute(SQL.keep_flows, given)
    return len(counted)


def figures(app: App) -> Mapping[str, Figure]:
    """By stage, as counted last."""
    return _kept(app) or _counted(app)


def flows(app: App, days: int) -> list[FlowRow]:
    """Who got from where to where in the last days; of USUAL_DAYS as counted last."""
    if days in USUAL_DAYS and _kept(app):
        return [(before, after, count) for before, after, count in app.db.execute(SQL.kept_flows, {"days": days})]
    return _moved(app, compared_since(app, _today(app), days))


def compared_since(app: App, today: int, days: int) -> int:
    """The day whose end is compared with now."""
    [(first,)] = app.db.execute(SQL.first_day).fetchall()
    # Before the first move nobody was anywhere: that is no time one could compare with.
    return today - days if first is None else max(today - days, first)


def _moved(app: App, since: int) -> list[FlowRow]:
    rows = app.db.execute(SQL.flows, {"since": since}).fetchall()
    return [(before, after, count) for before, after, count in rows if before != after]


def _today(app: App) -> int:
    return day_number(app.clock.now(), app.settings.zone)


def _kept(app: App) -> dict[str, Figure]:
    rows = app.db.execute(SQL.kept_figures).fetchall()
    found = {row[1]: msgspec.convert(dict(zip(Figure.__struct_fields__, row, strict=True)), Figure) for row in rows}
    # Stages that were declared since are not counted yet.
    return found if found.keys() == RANK_BY_STAGE.keys() else {}


def _counted(app: App) -> dict[str, Figure]:
    today = _today(app)
    given = {
        "days": CONVERSION_DAYS,
        "since": today - CONVERSION_DAYS - WATCHED_DAYS,
        "until": today - CONVERSION_DAYS,
        "order": list(RANK_BY_STAGE),
    }
    sums = {stage: rest for stage, *rest in app.db.execute(SQL.figures).fetchall()}
    went = {stage: rest for stage, *rest in app.db.execute(SQL.conversion, given).fetchall()}
    found: dict[str, Figure] = {}
    for stage in STAGES:
        customers, spend, orders, answered, answers = sums.get(stage.name, (0, 0, 0, 0, 0.0))
        watched, further = went.get(stage.name, (0, 0))
        found[stage.name] = Figure(
            day=today,
            stage=stage.name,
            customers=customers,
            spend_365_cents=spend,
            orders_90=orders,
            answered=answered,
            answers=answers,
            watched=watched,
            further=further,
        )
    return found
