"""Acts for the shelf of opportunities: search the lake, keep what was found with whom, tell it.

A search reads the lake beside the flow, never in the tick: three dozen statements whatever the number of customers.
"""

from regulars.analyze.missed.searching import is_due, search
from regulars.analyze.missed.telling import (
    Missed,
    Opportunity,
    Person,
    missed,
    opportunities_of,
    opportunity,
    people,
    trend,
)
from regulars.analyze.missed.words import told_value
from regulars.analyze.opportunities.judging import FALSE_ALARMS, Judged, judge
from regulars.analyze.opportunities.reading import read as read_year

__all__ = [
    "FALSE_ALARMS",
    "Judged",
    "Missed",
    "Opportunity",
    "Person",
    "is_due",
    "judge",
    "missed",
    "opportunities_of",
    "opportunity",
    "people",
    "read_year",
    "search",
    "told_value",
    "trend",
]
