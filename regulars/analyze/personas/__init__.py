"""Personas: groups that customers fall into by what they do, found by clustering with measured stability.

A lens asks one question over a few declared traits; a look through it finds groups, or says that there are none.
"""

from regulars.analyze.personas.drawing import drawing
from regulars.analyze.personas.growth import FALSE_ALARM_RATE as GROWTH_FALSE_ALARM_RATE
from regulars.analyze.personas.growth import Growth
from regulars.analyze.personas.keep import Fit, fit, fit_due, is_due, label_all
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.personas.mixture import FALSE_ALARM_RATE, MIN_AGREEMENT, MIN_JUDGED, Stability
from regulars.analyze.personas.portrait import Fact, Portrait
from regulars.analyze.personas.read import (
    NEAREST,
    Belonging,
    LensView,
    Persona,
    PersonaMember,
    Size,
    State,
    decide,
    labels,
    members,
    persona,
    personas_of,
    sizes,
    views,
)
from regulars.analyze.personas.rehearsal import false_alarm

__all__ = [
    "FALSE_ALARM_RATE",
    "GROWTH_FALSE_ALARM_RATE",
    "MIN_AGREEMENT",
    "MIN_JUDGED",
    "NEAREST",
    "Belonging",
    "Fact",
    "Fit",
    "Growth",
    "LensView",
    "Persona",
    "PersonaMember",
    "Portrait",
    "Size",
    "Stability",
    "State",
    "decide",
    "drawing",
    "false_alarm",
    "fit",
    "fit_due",
    "is_due",
    "label_all",
    "labels",
    "lenses",
    "members",
    "persona",
    "personas_of",
    "sizes",
    "views",
]
