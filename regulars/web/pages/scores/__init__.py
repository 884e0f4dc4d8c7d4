"""Scores: the shelf with its back-tests, one score, why somebody has it, and the best customers."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars import analyze, profile
from regulars.analyze import standings
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.web import access, audit, render, words
from regulars.web.api import scores as api
from regulars.web.charts import COLORS, Chart, Series
from regulars.web.site import House

SHORT_PARAMS_MAX = 12
DECIMALS_MAX = 6
EDGE = "--chart-before"
BARS = (120, 32)
TONES = {"better": "good", "no better": "", "worse": "warn", "too early": ""}
VERDICTS = {
    "better": "Better than the plain rule",
    "no better": "No better than the plain rule",
    "worse": "Worse than the plain rule",
    "too early": "Too early to say",
}


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the little picture of a spread, in units of BARS."""

    x: float
    width: float
    height: float


@get("/scores", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def scores_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """Every score with its question, a picture of its values and what its back-test says."""
    with app.transaction() as inside:
        listed = standings.listed(inside)
    return render.page(
        app,
        "pages/scores/scores.html",
        request,
        listed=listed,
        title=shelf_title(listed),
        bars=bars,
        spread_words=partial(spread_words, app),
        tones=TONES,
        verdicts=VERDICTS,
    )


@get("/scores/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def score_page(
    app: House,
    request: Request[Any, Any, Any],
    name: FromPath[str],
    grade: FromQuery[str] = "",
    label: FromQuery[str] = "",
) -> Response[str]:
    """One score: its values, what it foretold and what came, its model, and who stands where."""
    audit.write(app, request.user, "read a ranking", f"score:{name[: api.NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        shown = api.page(inside, name, grade or None, label or None)
        faces = api.faces(inside, [*shown.best, *shown.worst])
    charts = [one for one in (spread_chart(app, shown.view), tenths_chart(app, shown)) if one is not None]
    return render.page(
        app,
        "pages/scores/score.html",
        request,
        shown=shown,
        view=shown.view,
        faces=faces,
        charts=charts,
        grade=grade,
        label=label,
        say=partial(say, app),
        params=params(shown),
        tones=TONES,
        verdicts=VERDICTS,
        date_of=day_date,
    )


@get("/scores/{name:str}/why/{customer:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def why_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], customer: FromPath[int]
) -> Response[str]:
    """Why somebody has this score, down to the events."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", name[: api.NAME_MAX_CHARS])
    with app.transaction() as inside:
        found, person = api.why(inside, name, customer), profile.read(inside, customer)
        held = {trait.name: trait for trait in analyze.traits_of(inside, person.customer)}
    return render.page(
        app,
        "pages/scores/why.html",
        request,
        found=found,
        standing=found.standing,
        person=person,
        traits=[held[name] for name in found.standing.traits if name in held],
        say=partial(say, app),
        date_of=day_date,
    )


@get("/best-customers", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def best_page(
    app: House,
    request: Request[Any, Any, Any],
    spend: FromQuery[float] = standings.WEIGHTS["spend"],
    frequency: FromQuery[float] = standings.WEIGHTS["frequency"],
    evangelism: FromQuery[float] = standings.WEIGHTS["evangelism"],
) -> Response[str]:
    """Who makes the money, and the best customers under weights that stand in the address."""
    audit.write(app, request.user, "read a ranking", "best customers")
    with app.transaction() as inside:
        shown = api.best(inside, {"spend": spend, "frequency": frequency, "evangelism": evangelism})
    return render.page(
        app,
        "pages/scores/best.html",
        request,
        shown=shown,
        title=best_title(app, shown),
        charts=[fifths_chart(app, shown), curve_chart(shown)] if shown.buyers else [],
        declared=standings.WEIGHTS,
        is_declared=shown.weights == {name: float(weight) for name, weight in standings.WEIGHTS.items()},
    )


def shelf_title(listed: list[standings.ScoreView]) -> str:
    """How many scores foretell more than a plain rule."""
    better = sum(one.verdict == "better" for one in listed)
    judged = sum(one.verdict != "too early" for one in listed)
    if not judged:
        return f"{len(listed)} scores, none of them judged yet"
    return f"{better} of {words.plural(judged, 'judged score')} knew more than a plain rule"


def best_title(app: App, shown: api.BestPage) -> str:
    """The concentration in a sentence."""
    if not shown.buyers:
        return "Nobody we know bought in the last 365 days"
    first = words.percent(shown.fifths[0].share, 0)
    return f"The best fifth of {words.plural(shown.buyers, 'buyer')} brings {first} of the money"


def say(app: App, value: float | None, unit: str) -> str:
    """A value of a score as pages say it."""
    if value is None:
        return "Not known"
    spoken = {
        "cents": lambda: words.money(round(value), app.settings.brand_currency),
        "share": lambda: words.percent(value),
        "date": lambda: f"{day_date(int(value)).day} {day_date(int(value)):%b %Y}",
        "days": lambda: words.plural(round(value), "day"),
        "times": lambda: f"{words.number(value, 1)} times",
        "points": lambda: words.number(value, 0 if value == int(value) else 1),
        "fifth": lambda: f"{words.number(value)} of 5",
        "digits": lambda: f"{value:.0f}",
    }
    return spoken[unit]() if unit in spoken else words.number(value, 0 if value == int(value) else 2)


def spread_words(app: App, view: standings.ScoreView) -> str:
    """Where the middle half of everybody lies."""
    spread = view.spread
    if spread is None or not spread.quantiles:
        return "Nobody is scored yet: there is too little to learn from."
    _, low, middle, high, _ = spread.quantiles
    if view.unit == "digits" or low == high:
        most, people = max(spread.grades, key=lambda one: one[1])
        part = words.percent(people / spread.customers, 0)
        return f"{words.plural(spread.customers, 'customer')}; most are “{most}” ({part})"
    inside = f"half of them between {say(app, low, view.unit)} and {say(app, high, view.unit)}"
    return f"{words.plural(spread.customers, 'customer')}, {inside}, the middle one {say(app, middle, view.unit)}"


def bars(spread: standings.Spread) -> list[Bar]:
    """The spread as a little picture."""
    width, height = BARS
    step, most = width / max(len(spread.counts), 1), max(spread.counts, default=1) or 1
    return [
        Bar(x=place * step, width=max(step - 1, 0.5), height=max(height * count / most, 0.5 if count else 0))
        for place, count in enumerate(spread.counts)
    ]


def spread_chart(app: App, view: standings.ScoreView) -> Chart | None:
    """Customers by value; of three digits by group."""
    spread = view.spread
    if spread is None or not spread.counts:
        return None
    by_grade = view.unit == "digits"
    labels = [name for name, _ in spread.grades] if by_grade else [say(app, at, view.unit) for at in spread.starts]
    counts = [people for _, people in spread.grades] if by_grade else spread.counts
    said = spread_words(app, view)
    return Chart(
        title=said,
        measure="Customers by group"
        if by_grade
        else f"Customers by {view.title.lower()}; the last step holds all above",
        over="Group" if by_grade else "From",
        labels=[words.opened(label) for label in labels] if by_grade else labels,
        series=[Series(name="Customers", values=[float(count) for count in counts])],
        sentence=f"{view.title}: {said}.",
        kind="columns",
    )


def tenths_chart(app: App, shown: standings.ScorePage) -> Chart | None:
    """What was foretold and what came, by groups of customers."""
    judgement = shown.view.judgement
    if judgement is None or judgement.found is None or not judgement.found.tenths:
        return None
    found, score = judgement.found, analyze.scores[shown.view.name]
    unit = score.foresight.unit
    scale = {"cents": 0.01, "share": 100.0}.get(unit, 1.0)
    days = judgement.until_day - judgement.as_of_day
    series = [
        Series(name="Came", values=[round(one.actual * scale, 2) for one in found.tenths]),
        Series(
            name="Came, at least", values=[round(one.low * scale, 2) for one in found.tenths], color=EDGE, role="before"
        ),
        Series(
            name="Came, at most", values=[round(one.high * scale, 2) for one in found.tenths], color=EDGE, role="before"
        ),
    ]
    if found.foretold is not None:
        told = [None if one.foretold is None else round(one.foretold * scale, 2) for one in found.tenths]
        series.insert(1, Series(name="Foretold", values=told, color=COLORS[1], role="predicted"))
        title = f"It foretold {say(app, found.foretold, unit)} a customer, and {say(app, found.actual, unit)} came"
    else:
        title = f"The tenth it ranks highest made {words.percent(found.top_share, 0)} of what came"
    said_unit = unit if found.foretold is not None else shown.view.unit
    return Chart(
        title=title,
        measure=f"{words.opened(score.foresight.outcome)} in {days} days, mean of a customer; 19 of 20 cases",
        over="Score then, from",
        labels=[say(app, one.from_value, said_unit) for one in found.tenths],
        series=series,
        sentence=f"{title}. Customers in groups from the lowest score to the highest.",
        kind="line",
        decimals=0 if unit == "cents" else 1,
        prefix=words.SYMBOLS.get(app.settings.brand_currency, "") if unit == "cents" else "",
        suffix="%" if unit == "share" else "",
    )


def fifths_chart(app: App, shown: api.BestPage) -> Chart:
    """What each fifth of the buyers brings."""
    first, last = shown.fifths[0], shown.fifths[-1]
    said = ", ".join(words.percent(one.share) for one in shown.fifths)
    return Chart(
        title=f"The lowest fifth brings {words.percent(last.share, 1)}, the best {words.percent(first.share, 1)}",
        measure="Part of the spend of the last 365 days by fifths of the known buyers, most first",
        over="Fifth",
        labels=["Best fifth", "Second", "Third", "Fourth", "Lowest fifth"],
        series=[Series(name="Part of spend", values=[round(one.share * 100, 2) for one in shown.fifths])],
        sentence=f"Part of the spend by fifths of buyers: {said}.",
        kind="bars",
        decimals=1,
        suffix="%",
    )


def curve_chart(shown: api.BestPage) -> Chart:
    """Spend so far by customers so far."""
    steps = shown.curve
    title = f"Half of the money comes from {words.percent(shown.half, 0)} of the buyers"
    return Chart(
        title=title,
        measure="Part of the spend that the best so many of the buyers bring",
        over="Best of the buyers",
        labels=[words.percent(step.customers, 0) for step in steps],
        series=[
            Series(name="Part of spend", values=[round(step.spend * 100, 1) for step in steps]),
            Series(
                name="If all spent the same",
                values=[round(step.customers * 100, 1) for step in steps],
                color=EDGE,
                role="before",
            ),
        ],
        sentence=f"{title}.",
        decimals=1,
        suffix="%",
    )


def params(shown: standings.ScorePage) -> list[tuple[str, str]]:
    """The numbers of the model; long tables are told by their length."""
    if shown.model is None:
        return []
    return _flat("", msgspec.to_builtins(shown.model.params))


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        held: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        if len(held) > SHORT_PARAMS_MAX:
            return [(words.sentence(name), f"{len(held)} numbers")]
        return [line for key, one in held.items() for line in _flat(f"{name} {key}".strip(), one)]
    if isinstance(value, list | tuple):
        numbers: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        if len(numbers) > SHORT_PARAMS_MAX:
            return [(words.sentence(name), f"{len(numbers)} numbers")]
        return [(words.sentence(name), ", ".join(_number(one) for one in numbers))]
    return [(words.sentence(name), _number(value))]


def _digits(value: float) -> str:
    """Four digits that count, as people write a number; DECIMALS_MAX behind the point at most."""
    places = 3 - math.floor(math.log10(abs(value))) if value else 0
    return words.number(value, min(max(places, 0), DECIMALS_MAX))


def _number(value: Any) -> str:
    return _digits(value) if isinstance(value, float) else "Not learned yet" if value is None else str(value)


routes = [scores_page, score_page, why_page, best_page]
