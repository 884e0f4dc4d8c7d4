"""Return inclination: how much of what a customer spends she can be expected to give back."""

from regulars.analyze.dependence import Dependence
from regulars.analyze.scores import scores

SCORE = Dependence(
    "return_inclination",
    "Return inclination",
    "How much of what she spends does she give back?",
    share="return_rate",
    what="given back",
)
scores.add(SCORE.name)(SCORE)
