"""Did it work: findings about purchases and customers, in words and money, with how sure they are.

Takes: the facts of the lake, membership, profiles and scores of the rooms to the left.
Gives: `report(app, name, params)` for every report on the shelf, `as_csv`, the shelf itself.
Writes tables: none.
Never: changes what it measures, or gives a number without its period, its base and how sure it is.
"""

from regulars.optimize.asking import as_csv, parse, report
from regulars.optimize.errors import ParameterRefused
from regulars.optimize.intervals import Difference
from regulars.optimize.reports import Chart, Column, Parameter, Report, ReportResult, Series, Unit, Value, reports
from regulars.optimize.words import label

__all__ = [
    "Chart",
    "Column",
    "Difference",
    "Parameter",
    "ParameterRefused",
    "Report",
    "ReportResult",
    "Series",
    "Unit",
    "Value",
    "as_csv",
    "label",
    "parse",
    "report",
    "reports",
]
