"""Asking the shelf: parameters as people write them become typed ones, and the report runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from regulars.app import App
from regulars.kit.clock import EPOCH_DAY, day_date
from regulars.kit.sheet import safe_cell
from regulars.optimize.errors import ParameterRefused
from regulars.optimize.reports import Column, Parameter, Report, ReportResult, Value, reports
from regulars.optimize.words import opened

# Reports reckon back from a day, and no calendar goes back for ever.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)


def report(app: App, name: str, params: Mapping[str, object] | None = None) -> ReportResult:
    """Run a report inside the caller's transaction. Raises ParameterRefused naming every fault at once."""
    chosen = reports[name]
    result = chosen.run(app, parse(chosen, params or {}))
    return msgspec.structs.replace(result, verdict=opened(result.verdict))


def parse(chosen: Report, params: Mapping[str, object]) -> dict[str, Any]:
    """Complete, typed parameters: defaults where nothing (or an empty text) is given."""
    known = {parameter.name: parameter for parameter in chosen.parameters}
    faults = [f"it has no parameter '{name}'" for name in params if name not in known]
    parsed: dict[str, Any] = {}
    for name, parameter in known.items():
        raw = params.get(name)
        text = "" if raw is None else str(raw).strip()
        try:
            parsed[name] = _value(parameter, text or str(parameter.default or ""))
        except ValueError as fault:
            faults.append(f"{name} is '{text}', which is {fault}")
    if faults:
        offered = ", ".join(f"{parameter.name} ({_offer(parameter)})" for parameter in chosen.parameters) or "none"
        raise ParameterRefused(f"Report '{chosen.name}': {'; '.join(faults)}", f"Its parameters are: {offered}")
    return parsed


def as_csv(result: ReportResult) -> str:
    """The rows as CSV with the titles of the columns: days as dates, cents as decimals, not known as nothing."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.title for column in result.columns])
    for row in result.rows:
        writer.writerow([_cell(column, value) for column, value in zip(result.columns, row, strict=True)])
    return out.getvalue()


def _value(parameter: Parameter, text: str) -> Any:
    if not text:
        return None
    if parameter.type == "choice":
        if text not in parameter.choices:
            raise ValueError("not offered")
        return text
    if parameter.type == "day":
        try:
            asked = date.fromisoformat(text)
        except ValueError:
            raise ValueError("no date like 2026-11-22") from None
        if not FIRST_DAY <= asked <= LAST_DAY:
            raise ValueError(f"not between {FIRST_DAY} and {LAST_DAY}")
        return (asked - EPOCH_DAY).days
    try:
        number = int(text)
    except ValueError:
        raise ValueError("no whole number") from None
    if not parameter.least <= number <= parameter.most:
        raise ValueError(f"not between {parameter.least} and {parameter.most:,}")
    return number


def _offer(parameter: Parameter) -> str:
    if parameter.type == "choice":
        return ", ".join(parameter.choices)
    return "a date like 2026-11-22" if parameter.type == "day" else f"{parameter.least} to {parameter.most:,}"


def _cell(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if column.unit == "cents":
        return f"{float(value) / 100:.2f}"
    if column.unit == "day":
        return day_date(int(value)).isoformat()
    return safe_cell(value) if isinstance(value, str) else str(value)
