"""Private-label dependence: how much of what a customer spends goes to the brand's own products."""

from regulars.analyze.dependence import Dependence
from regulars.analyze.scores import scores

SCORE = Dependence(
    "private_label_dependence",
    "Private-label dependence",
    "How much of what she spends goes to our own brand?",
    share="private_share",
    what="our own brand",
)
scores.add(SCORE.name)(SCORE)
