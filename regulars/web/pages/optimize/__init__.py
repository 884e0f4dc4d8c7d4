"""Reports: the shelf as questions, each answered by a finding, a chart, a table and a CSV."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from regulars.app import App
from regulars.kit.clock import day_date
from regulars.optimize import ReportResult, Unit, Value, label
from regulars.web import access, render, words
from regulars.web.api import optimize as api
from regulars.web.charts import COLORS, Chart, Series
from regulars.web.site import House

SEQ_STEPS = 3
LINE_MIN = 2
# A grid wider than this shows whole amounts in narrow cells, so that a day of hours fits without scrolling.
WIDE_FROM = 12


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the table of rows."""

    text: str
    is_number: bool
    href: str = ""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a report as people read them."""

    head: list[Cell]
    body: list[list[Cell]]


@get("/reports", opt=access.OFFICE, include_in_schema=False, sync_to_thread=False)
def reports_page(app: House, request: Request[Any, Any, Any]) -> Response[str]:
    """The shelf."""
    return render.page(app, "pages/optimize/reports.html", request, reports=api.shelf())


@get("/reports/{name:str}", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def report_page(app: House, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
    """One report's answer."""
    given = dict(request.query_params)
    result = api.run(app, name, given)
    return render.page(
        app,
        "pages/optimize/report.html",
        request,
        report=api.listed(name),
        result=result,
        given=given,
        query=request.url.query,
        rows=rows(app, result),
        drawn=drawn(app, result),
        matrix=matrix(result),
        parts=parts(app, result),
        say=partial(say, app),
        short=partial(short, app),
        currency=app.settings.brand_currency,
        colors=COLORS,
        as_of=day_date(result.as_of_day) if result.as_of_day is not None else None,
    )


def say(app: App, value: Value, unit: Unit) -> str:
    """A cell in words of its unit."""
    if value is None:
        return "Not known"
    if isinstance(value, str):
        return label(words.opened(value))
    match unit:
        case "cents":
            return words.money(value, app.settings.brand_currency)
        case "share":
            return words.percent(value)
        case "points":
            return f"{'+' if value > 0 else ''}{words.number(value * 100, 1)} pt"
        case "day":
            return day_words(day_date(int(value)))
        case "hour":
            return f"{int(value):02d}:00"
        case "days" | "count":
            return words.number(value, 0 if value == int(value) else 1)
        case _:
            return words.number(value, 0 if value == int(value) else 2)


def short(app: App, value: Value, unit: Unit) -> str:
    """A cell of a wide grid: whole amounts, hours without minutes."""
    if unit == "cents" and isinstance(value, int | float):
        return words.number(round(value / 100))
    return f"{int(value):02d}" if unit == "hour" and isinstance(value, int | float) else say(app, value, unit)


def rows(app: App, result: ReportResult) -> Rows:
    """Words left, numbers right, the unit of a row beside its number, a person as a link instead of an id."""
    place = {column.name: at for at, column in enumerate(result.columns)}
    hidden = {"customer", "unit"} if "name" in place else {"unit"}
    seen = [(at, column) for at, column in enumerate(result.columns) if column.name not in hidden]
    is_number = {at: bool(column.unit) and order > 0 for order, (at, column) in enumerate(seen)}
    body: list[list[Cell]] = []
    for row in result.rows:
        own: Any = row[place["unit"]] if "unit" in place else ""
        who = row[place["customer"]] if "customer" in place else None
        cells: list[Cell] = []
        for at, column in seen:
            unit = own if own and column.unit == "number" else column.unit
            is_person = who is not None and column.name == "name"
            text = say(app, row[at], unit)
            if row[at] is None:
                text = f"Customer {who}" if is_person else column.absent
            href = f"/customers/{who}" if is_person else ""
            cells.append(Cell(text=text, is_number=is_number[at], href=href))
        body.append(cells)
    return Rows(head=[Cell(text=column.title, is_number=is_number[at]) for at, column in seen], body=body)


def day_words(day: date) -> str:
    """19 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


def drawn(app: App, result: ReportResult) -> Chart | None:
    """A line or bar chart of the rows; None where it is another kind or there are too few rows."""
    chart = result.chart
    if chart is None or chart.kind not in ("line", "bars") or len(result.rows) < LINE_MIN:
        return None
    place = {column.name: at for at, column in enumerate(result.columns)}
    units: dict[str, Unit] = {column.name: column.unit for column in result.columns}
    unit = units[chart.series[0].column]
    scale, prefix, suffix, decimals = spoken(app, unit)
    series = [
        Series(
            name=one.title,
            values=[_number(row[place[one.column]], scale) for row in result.rows],
            color="--chart-before" if one.role == "before" else COLORS[at % len(COLORS)],
            role="before" if one.role == "before" else "observed",
        )
        for at, one in enumerate(chart.series)
    ]
    over = result.columns[place[chart.x]]
    return Chart(
        title=words.opened(result.measure)
        if not result.measure[:1].isdigit()
        else f"{series[0].name}, {result.measure}",
        measure="",
        over=over.title,
        labels=[say(app, row[place[chart.x]], over.unit) for row in result.rows],
        series=series,
        sentence=f"{result.title}. {len(result.rows)} values; the table has them all.",
        kind=chart.kind,
        prefix=prefix,
        suffix=suffix,
        decimals=decimals,
    )


def spoken(app: App, unit: Unit) -> tuple[float, str, str, int]:
    """How numbers of a unit are drawn: factor, prefix, suffix, decimals."""
    currency = words.SYMBOLS.get(app.settings.brand_currency, app.settings.brand_currency + " ")
    table: dict[str, tuple[float, str, str, int]] = {
        "cents": (0.01, currency, "", 0),
        "share": (100, "", "%", 1),
        "points": (100, "", " pt", 1),
        "days": (1, "", "", 1),
    }
    return table.get(unit, (1, "", "", 0))


def _number(value: Value, scale: float) -> float | None:
    return None if value is None or isinstance(value, str) else round(value * scale, 4)


def matrix(result: ReportResult) -> dict[str, Any] | None:
    """Rows as a grid: across, down, and in each cell its value and its step of the sequence."""
    chart = result.chart
    if chart is None or chart.kind != "matrix" or chart.y is None:
        return None
    place = {column.name: at for at, column in enumerate(result.columns)}
    value = chart.series[0]
    cells = {(row[place[chart.y]], row[place[chart.x]]): row[place[value.column]] for row in result.rows}
    most = max((cell for cell in cells.values() if isinstance(cell, (int, float))), default=0) or 1
    across = list(dict.fromkeys(row[place[chart.x]] for row in result.rows))
    down = list(dict.fromkeys(row[place[chart.y]] for row in result.rows))
    return {
        "across": across,
        "down": down,
        "cells": cells,
        "heat": partial(heat, most=float(most)),
        "unit": result.columns[place[value.column]].unit,
        "title": value.title,
        "is_wide": len(across) > WIDE_FROM,
        "x": result.columns[place[chart.x]],
        "y": result.columns[place[chart.y]],
    }


def heat(cell: Value, most: float) -> int:
    """Little to much in three steps; 0 for nothing."""
    if not isinstance(cell, (int, float)) or cell <= 0:
        return 0
    return min(SEQ_STEPS, 1 + int(SEQ_STEPS * cell / most))


def parts(app: App, result: ReportResult) -> list[dict[str, Any]]:
    """One stacked bar a series: name, share and color of each part."""
    chart = result.chart
    if chart is None or chart.kind != "parts":
        return []
    place = {column.name: at for at, column in enumerate(result.columns)}
    bars: list[dict[str, Any]] = []
    for one in chart.series:
        values = [_number(row[place[one.column]], 1) or 0 for row in result.rows]
        whole = sum(values) or 1
        pieces = [
            {
                "name": say(app, row[place[chart.x]], result.columns[place[chart.x]].unit),
                "share": value / whole,
                "color": COLORS[at] if at < len(COLORS) else "--chart-other",
            }
            for at, (row, value) in enumerate(zip(result.rows, values, strict=True))
        ]
        bars.append({"title": one.title, "pieces": pieces})
    return bars


routes = [reports_page, report_page]
