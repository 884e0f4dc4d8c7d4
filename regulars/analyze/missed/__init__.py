"""Acts for the shelf of opportunities: search the lake, keep what was found with whom, tell it.

A search reads the lake beside the flow, never in the tick: three dozen statements whatever the number of customers.
"""

from regulars.analyze.missed.promised import Case, Count, Promise, cases, counted, promise, promises
from regulars.analyze.missed.searching import is_due, search
from regulars.analyze.missed.stopping import Audit, Dependent, Step, audit_of, audits, dependents
from regulars.analyze.missed.taking import Taken, take_up, taken
from regulars.analyze.missed.telling import (
    Missed,
    Opportunity,
    Person,
    leading,
    missed,
    newest_version,
    opportunities_of,
    opportunity,
    people,
    trend,
)
from regulars.analyze.missed.tiers import FILE_NAME as TIERS_FILE
from regulars.analyze.missed.words import told_value
from regulars.analyze.opportunities import Tier
from regulars.analyze.opportunities.judging import FALSE_ALARMS, Judged, judge
from regulars.analyze.opportunities.reading import read as read_year

__all__ = [
    "FALSE_ALARMS",
    "TIERS_FILE",
    "Audit",
    "Case",
    "Count",
    "Dependent",
    "Judged",
    "Missed",
    "Opportunity",
    "Person",
    "Promise",
    "Step",
    "Taken",
    "Tier",
    "audit_of",
    "audits",
    "cases",
    "counted",
    "dependents",
    "is_due",
    "judge",
    "leading",
    "missed",
    "newest_version",
    "opportunities_of",
    "opportunity",
    "people",
    "promise",
    "promises",
    "read_year",
    "search",
    "take_up",
    "taken",
    "told_value",
    "trend",
]
