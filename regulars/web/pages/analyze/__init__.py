"""Segments: the list, one with its people, and why somebody is in it."""

from __future__ import annotations

import tempfile
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Stream

from regulars import analyze, engage, profile
from regulars.app import App
from regulars.kit.clock import day_date
from regulars.kit.errors import RegularsError
from regulars.kit.money import SYMBOLS, money
from regulars.web import access, audit, clear, render, words
from regulars.web.api import analyze as api
from regulars.web.api.privacy import IN_MEMORY_BYTES, pieces
from regulars.web.charts import COLORS, Chart, Series
from regulars.web.errors import RuleNotRun
from regulars.web.site import House

HISTORY_DAYS = 400
RULE_ROWS = 3
NUMBER_MAX = Decimal(10) ** 15
SIGNS = ((">=", "at least"), ("<=", "at most"), (">", "more than"), ("<", "less than"), ("=", "exactly"))


class Wanted(clear.Reason, frozen=True, kw_only=True):
    """Which mailing file, and why."""

    channel: engage.MailingChannel = "post"
    one_per_household: str = ""
    """Not empty: one line for people who live together."""


@get("/segments", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def segments_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """All segments."""
    with app.transaction() as inside:
        listed = api.segments(inside)
        known = api.known_customers(inside)
        archived = [one for one in analyze.segments(inside, archived=True) if one.made and one.made.state == "archived"]
    return render.page(app, "pages/analyze/segments.html", request, listed=listed, known=known, archived=archived)


@get("/segments/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def segment_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], after: FromQuery[int | None] = None
) -> Response[str]:
    """One segment: rule, size over time, members, overlap, reach."""
    audit.write(app, request.user, "read the members", f"segment:{name[: api.NAME_MAX_CHARS]}")
    with app.transaction() as inside:
        view = api.segment(inside, name, after)
        versions = analyze.versions(inside, name)
    part = request.headers.get("hx-target") == "more"
    template = "pages/analyze/members.html" if part else "pages/analyze/segment.html"
    return render.page(app, template, request, view=view, charts=charts(app, view), versions=versions)


@post("/segments/{name:str}/mailing", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def mailing_file(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[Wanted]
) -> Stream:
    """Those of a segment who may be written to, with name and address, as CSV."""
    clear.note(app, request, f"segment:{name[: api.NAME_MAX_CHARS]}", data)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 (closed by `pieces`)
    try:
        with app.transaction() as inside:
            found = engage.mailing(inside, name, data.channel, bool(data.one_per_household))
            for piece in engage.as_csv(inside, found):
                file.write(piece.encode())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"content-disposition": f'attachment; filename="{name}-{data.channel}.csv"'}
    return Stream(pieces(file), media_type="text/csv; charset=utf-8", headers=headers)


@get("/segments/{name:str}/why/{customer:int}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def why_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], customer: FromPath[int]
) -> Response[str]:
    """Why somebody is, or is not, in a segment, down to the events."""
    audit.write(app, request.user, "asked why", f"customer:{customer}", name)
    with app.transaction() as inside:
        why, person = api.why(inside, name, customer), profile.read(inside, customer)
    return render.page(app, "pages/analyze/why.html", request, why=why, person=person)


@get("/traits", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def traits_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The catalogue, and a rule to try with a live count."""
    with app.transaction() as inside:
        known = api.known_customers(inside)
        counted, fault = tried(inside, request)
        listed = api.catalogue(inside)
    return render.page(
        app,
        "pages/analyze/traits.html",
        request,
        traits=listed,
        known=known,
        counted=counted,
        fault=fault,
        signs=SIGNS,
        rows=given(request),
    )


@get("/traits/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def trait_page(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], customer: FromQuery[int | None] = None
) -> Response[str]:
    """One trait: what it is made of, its SQL, its versions, what rests on it; of one customer, her arithmetic."""
    if customer is not None:
        audit.write(app, request.user, "asked why", f"customer:{customer}", name[: api.NAME_MAX_CHARS])
    with app.transaction() as inside:
        person = None if customer is None else profile.read(inside, customer)
        view = api.trait(inside, name, None if person is None else person.customer)
    return render.page(app, "pages/analyze/trait.html", request, view=view, person=person, drawn=steps(view, app))


def steps(view: api.TraitPage, app: App) -> Chart | None:
    """A customer's number over its changes, oldest first; None before there are two, and of texts."""
    listed, told = view.listed, view.history
    if told is None or listed.kind == "text" or len(told.changes) < 2:
        return None
    changes = told.changes[::-1]
    scale = {"cents": 0.01, "share": 100.0}.get(listed.unit, 1.0)
    first, last, name = changes[0], changes[-1], words.opened(listed.title)
    title = f"{name} went from {first.shown} to {last.shown} in {len(changes) - 1:,} changes"
    return Chart(
        title=title,
        measure=f"{name} after each change that is kept",
        over="Changed",
        labels=[f"{day_date(one.day):%-d %b %Y}" for one in changes],
        series=[Series(name=name, values=[None if one.value is None else one.value * scale for one in changes])],
        sentence=f"{title}, from {day_date(first.day):%-d %B %Y} to {day_date(last.day):%-d %B %Y}.",
        kind="steps",
        decimals=2 if listed.unit == "cents" or listed.kind == "fraction" else 0,
        prefix=words.SYMBOLS.get(app.settings.brand_currency, "") if listed.unit == "cents" else "",
        suffix="%" if listed.unit == "share" else "",
    )


@get("/traits/count", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def count_part(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The count alone, while the rule is edited."""
    with app.transaction() as inside:
        counted, fault = tried(inside, request)
        known = api.known_customers(inside)
    return render.page(app, "pages/analyze/count.html", request, counted=counted, fault=fault, known=known)


def given(request: Request[Any, Any, Any]) -> list[tuple[str, str, str]]:
    """The comparisons of the form (trait, sign, value), filled up with empty ones."""
    query = request.query_params
    rows = list(zip(query.getall("trait", []), query.getall("is", []), query.getall("value", []), strict=False))
    return (rows + [("", ">=", "")] * RULE_ROWS)[:RULE_ROWS]


def tried(app: App, request: Request[Any, Any, Any]) -> tuple[api.Count | None, RegularsError | None]:
    """The count of the rule in the form; a fault where it cannot run; nothing where nothing is asked."""
    rows = [row for row in given(request) if row[0] and row[2].strip()]
    if not rows:
        return None, None
    try:
        return api.count(app, [comparison(*row) for row in rows]), None
    except RegularsError as fault:
        return None, fault


def comparison(trait: str, sign: str, typed: str) -> api.Comparison:
    """A comparison as typed: money in whole units, shares in percent."""
    unit = next((one.unit for one in analyze.TRAITS if one.name == trait), "")
    text = typed.strip().lstrip("$€£").rstrip("%").replace(",", "")
    try:
        # Not a float: 39.88 times 100 would be 3987.9999…, and nobody spent exactly that.
        number = Decimal(text)
    except InvalidOperation:
        return api.Comparison(trait=trait, sign=sign, value=typed.strip())
    if not number.is_finite() or abs(number) > NUMBER_MAX:
        raise RuleNotRun(f"{typed.strip()} is no number one can compare with", "Write a smaller one")
    scaled = number * 100 if unit == "cents" else number / 100 if unit == "share" else number
    return api.Comparison(trait=trait, sign=sign, value=int(scaled) if scaled == int(scaled) else float(scaled))


def history(view: api.SegmentPage) -> Chart | None:
    """Size at the end of each day on which it changed; None before there are two."""
    sizes = view.history[-HISTORY_DAYS:]
    if len(sizes) < 2:
        return None
    first, last = sizes[0], sizes[-1]
    labels = [f"{day_date(size.day).day} {day_date(size.day):%b %Y}" for size in sizes]
    peak = max(sizes, key=lambda size: size.size)
    title = grown(first.size, last.size)
    return Chart(
        title=title,
        measure="People in it at the end of each day on which it changed",
        over="Day",
        labels=labels,
        series=[Series(name="People", values=[float(size.size) for size in sizes])],
        sentence=f"{title}, from {labels[0]} to {labels[-1]}; most were {peak.size:,}.",
    )


def charts(app: App, view: api.SegmentPage) -> dict[str, Chart]:
    """What can be drawn of it, by the name of its place."""
    drawn = {"size": history(view), "worth": spent(view, app.settings.brand_currency), "shared": shared(view)}
    return {place: chart for place, chart in drawn.items() if chart is not None}


def spent(view: api.SegmentPage, currency: str) -> Chart | None:
    """What members spent in the year before each day; None before there are two days."""
    days = view.worth
    if len(days) < 2:
        return None
    first, last = (money(day.spend_cents, currency) for day in (days[0], days[-1]))
    verb = "rose" if days[-1].spend_cents > days[0].spend_cents else "fell"
    title = f"Its value {verb} from {first} to {last}" if first != last else f"Its value stayed at {last}"
    labels = [f"{day_date(one.day).day} {day_date(one.day):%b %Y}" for one in days]
    return Chart(
        title=title,
        measure="Spent in the 365 days before, by who was in it on the day",
        over="Day",
        labels=labels,
        series=[Series(name="Spent", values=[one.spend_cents / 100 for one in days], color=COLORS[1])],
        prefix=SYMBOLS.get(currency, f"{currency} "),
        sentence=f"{title}, from {labels[0]} to {labels[-1]}.",
    )


def shared(view: api.SegmentPage) -> Chart | None:
    """Other segments that its people are in, too."""
    size = view.segment.size
    if not view.overlap or not size:
        return None
    _, most, people = view.overlap[0]
    title = f"{words.percent(people / size, 0)} of them are also in “{most}”"
    return Chart(
        title=title,
        measure="People of this segment in other ones",
        over="Segment",
        kind="bars",
        labels=[title_of for _, title_of, _ in view.overlap],
        series=[
            Series(name="People in both", values=[float(both) for _, _, both in view.overlap]),
        ],
        sentence=f"{title}: {people:,} of {size:,} people.",
    )


def grown(first: int, last: int) -> str:
    """How the size moved, as a sentence."""
    if first == last:
        return f"It has {words.number(last)} people, as at the beginning"
    verb = "grew" if last > first else "shrank"
    return f"It {verb} from {first:,} to {last:,} people"


routes = [segments_page, segment_page, mailing_file, why_page, traits_page, count_part, trait_page]
