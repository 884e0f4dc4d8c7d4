"""Discount dependence: how much of the shelf price of what a customer buys is taken off."""

from regulars.analyze.dependence import Dependence
from regulars.analyze.scores import scores

SCORE = Dependence(
    "discount_dependence",
    "Discount dependence",
    "How much of what she buys does she buy at a discount?",
    share="discount_share",
    what="discount off the shelf price",
)
scores.add(SCORE.name)(SCORE)
