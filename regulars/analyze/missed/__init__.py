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

__all__ = [
    "Missed",
    "Opportunity",
    "Person",
    "is_due",
    "missed",
    "opportunities_of",
    "opportunity",
    "people",
    "search",
    "told_value",
    "trend",
]
