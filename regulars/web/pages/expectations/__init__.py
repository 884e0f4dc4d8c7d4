"""Expectations: promised against measured, one with its cases, and what hangs on a practice if it stops."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from regulars.analyze import missed
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.web import access, audit, render, words
from regulars.web.api import expectations as api
from regulars.web.charts import Chart, Series
from regulars.web.site import House

TONES = {"kept": "", "not kept": "bad", "too close to say": "warn", "too early to say": ""}


@get("/expectations", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def expectations_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """All promises and all practices."""
    with app.transaction() as inside:
        found, practices = missed.promises(inside), missed.audits(inside)
    return render.page(
        app,
        "pages/expectations/expectations.html",
        request,
        found=found,
        practices=practices,
        title=title(found),
        tones=TONES,
        shared=shared,
        stops=stops(practices),
    )


@get("/expectations/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def expectation_page(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One promise with the cases that broke it."""
    audit.write(app, request.user, "read the cases", f"expectation:{name[: api.NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        view = api.kept(inside, name)
    return render.page(
        app,
        "pages/expectations/expectation.html",
        request,
        view=view,
        one=view.one,
        title=finding(view.one),
        drawn=drawn(view.one),
        tones=TONES,
        shared=shared,
        dated=day_date,
    )


@get("/practices/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def practice_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], threshold: FromQuery[int | None] = None
) -> Response[str]:
    """What if we stop it."""
    audit.write(app, request.user, "read the members", f"practice:{name[: api.NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        view = api.stopped(inside, name, threshold)
    return render.page(
        app,
        "pages/expectations/practice.html",
        request,
        view=view,
        one=view.one,
        title=stopping(app, view),
        drawn=curve(view.one),
        of=of,
        whole=partial(whole, app),
    )


def title(found: list[missed.Promise]) -> str:
    """How many promises are kept, and which is not."""
    if not found:
        return "Nothing has been measured yet"
    kept = [one for one in found if one.verdict == "kept"]
    broken = [one for one in found if one.verdict == "not kept"]
    said = f"{len(kept)} of {words.plural(len(found), 'expectation')} kept"
    if not broken:
        return said
    listed = " and ".join(f"“{one.title[:1].lower()}{one.title[1:]}”" for one in broken)
    return f"{said}; {listed} {'is' if len(broken) == 1 else 'are'} not"


def finding(one: missed.Promise) -> str:
    """The promise with its verdict, in one sentence."""
    side = "at most" if one.better == "low" else "at least"
    return f"{one.title}: {words.percent(one.year.share)} against {side} {one.promise:.0%} promised, {one.verdict}"


def shared(count: missed.Count) -> str:
    """The interval in words."""
    if not count.trials:
        return "Not known: no case"
    return f"{words.percent(count.low)} to {words.percent(count.high)}, {count.trials:,} cases"


def drawn(one: missed.Promise) -> Chart:
    """The share by four weeks with its interval, and the promise."""
    days = [day_date(period.last_day) for period in one.periods]
    labels = [f"{day.day} {day:%b %Y}" for day in days]

    def line(name: str, values: list[float | None], role: str, color: str) -> Series:
        return Series(
            name=name,
            values=[None if value is None else round(100 * value, 2) for value in values],
            role=role,
            color=color,
        )

    known = [period.count if period.count.trials else None for period in one.periods]
    trends = {"better": "It gets better", "worse": "It gets worse", "no change proven": "No change is proven"}
    return Chart(
        title=f"{trends.get(one.trend, 'It is too early to say whether it changes')} in the last twelve weeks",
        measure=one.measure,
        over="Four weeks to",
        labels=labels,
        series=[
            line("Measured", [count.share if count else None for count in known], "observed", "--chart-1"),
            line("At least (95%)", [count.low if count else None for count in known], "before", "--chart-3"),
            line("At most (95%)", [count.high if count else None for count in known], "before", "--chart-3"),
            line("Promised", [one.promise for _ in known], "before", "--chart-before"),
        ],
        sentence=f"{finding(one)}. {len(labels)} stretches of four weeks; the table has them all.",
        suffix="%",
        decimals=1,
    )


def stops(practices: list[missed.Audit]) -> Chart | None:
    """Shares that hang on each practice, at its own threshold."""
    judged = [(one, one.at(one.threshold)) for one in practices if one.audited.customers]
    if not judged:
        return None
    first, step = judged[0]
    most = part(step.revenue_cents, first.audited.revenue_cents)
    found = f"{words.percent(most)} of revenue comes from customers who depend on {first.title}"
    shares = [
        ("Customers", [part(s.customers, one.audited.customers) for one, s in judged]),
        ("Their revenue", [part(s.revenue_cents, one.audited.revenue_cents) for one, s in judged]),
        ("Best customers", [part(s.best, one.audited.best) for one, s in judged]),
    ]
    return Chart(
        title=found,
        measure="Part that depends on each practice, at the threshold of each; past 365 days",
        over="If we stop",
        labels=[one.title[:1].upper() + one.title[1:] for one, _ in judged],
        series=[
            Series(name=name, values=[round(100 * value, 1) for value in values], color=f"--chart-{at + 1}")
            for at, (name, values) in enumerate(shares)
        ],
        sentence=f"{found}. {len(judged)} practices; the table has them all.",
        kind="bars",
        suffix="%",
        decimals=1,
    )


def curve(one: missed.Audit) -> Chart:
    """How the shares fall as the threshold rises: whether the answer hangs on where it is set."""
    lines = [
        ("Customers", [part(step.customers, one.audited.customers) for step in one.audited.steps]),
        ("Their revenue", [part(step.revenue_cents, one.audited.revenue_cents) for step in one.audited.steps]),
        ("Best customers", [part(step.best, one.audited.best) for step in one.audited.steps]),
    ]
    first, second = (one.at(one.threshold * times) for times in (0.5, 1.0))
    shares = [words.percent(part(step.customers, one.audited.customers)) for step in (first, second)]
    found = f"{shares[0]} of customers depend from {first.threshold:.0%} on, {shares[1]} from {second.threshold:.0%}"
    return Chart(
        title=found,
        measure=f"Part of all from each threshold on: {one.part}",
        over="Threshold",
        labels=[f"{step.threshold:.0%}" for step in one.audited.steps],
        series=[
            Series(name=name, values=[round(100 * value, 1) for value in values], color=f"--chart-{place + 1}")
            for place, (name, values) in enumerate(lines)
        ],
        sentence=f"{found}. {len(one.audited.steps)} thresholds; the table has them all.",
        suffix="%",
        decimals=1,
    )


def stopping(app: App, view: api.Stopped) -> str:
    """What hangs on it, in one sentence."""
    share = words.percent(part(view.step.revenue_cents, view.one.audited.revenue_cents))
    who = words.plural(view.step.customers, "customer depends", "customers depend")
    return f"If we stop {view.one.title}: {who} on it, {whole(app, view.step.revenue_cents)} a year ({share})"


def part(one: int, whole: int) -> float:
    """A share, 0 of nothing."""
    return one / whole if whole else 0.0


def of(one: int, whole: int) -> str:
    """12.0% of 10,033."""
    return f"{words.percent(part(one, whole))} of {whole:,}"


def whole(app: App, cents: float) -> str:
    """$1,791, without cents."""
    sign = words.SYMBOLS.get(app.settings.brand_currency, app.settings.brand_currency + " ")
    return f"{sign}{cents / 100:,.0f}"


routes = [expectations_page, expectation_page, practice_page]
