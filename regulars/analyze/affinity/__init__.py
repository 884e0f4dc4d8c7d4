"""What people feel about the brand: answers to one question at a time, by customer, touch point and stage.

Takes: events `Survey Answered` of any source. Gives: means and changes with intervals, how words sound (English only),
answers behind every number, follow-ups of bad ones. Never: asks anybody (engage does), keeps words a second time, or
scores a language that it does not know.
"""

from regulars.analyze.affinity.answers import ANSWERED, BAD_LEVEL, FOLLOW_UP_DAYS, hear, lapse
from regulars.analyze.affinity.declared import (
    EVERY_DAYS_MAX,
    MEASURES,
    Survey,
    Surveys,
    TouchPoint,
    surveys,
    surveys_or_usual,
)
from regulars.analyze.affinity.follow_ups import (
    NOTE_MAX_CHARACTERS,
    STATES,
    FollowUp,
    Written,
    assign,
    counts,
    finish,
    follow_up,
    follow_ups,
    reopen,
    written,
)
from regulars.analyze.affinity.sentiment import language_of, sentiment
from regulars.analyze.affinity.trend import MIN_ANSWERS, Sums, Trend, trend
from regulars.analyze.affinity.view import ANSWERS_A_PAGE, Affinity, Answer, Overview, Said, Week, affinity_of, answers
from regulars.analyze.affinity.view import affinity as overview
from regulars.analyze.errors import SurveysRefused

__all__ = [
    "ANSWERED",
    "ANSWERS_A_PAGE",
    "BAD_LEVEL",
    "EVERY_DAYS_MAX",
    "FOLLOW_UP_DAYS",
    "MEASURES",
    "MIN_ANSWERS",
    "NOTE_MAX_CHARACTERS",
    "STATES",
    "Affinity",
    "Answer",
    "FollowUp",
    "Overview",
    "Said",
    "Sums",
    "Survey",
    "Surveys",
    "SurveysRefused",
    "TouchPoint",
    "Trend",
    "Week",
    "Written",
    "affinity_of",
    "answers",
    "assign",
    "counts",
    "finish",
    "follow_up",
    "follow_ups",
    "hear",
    "language_of",
    "lapse",
    "overview",
    "reopen",
    "sentiment",
    "surveys",
    "surveys_or_usual",
    "trend",
    "written",
]
