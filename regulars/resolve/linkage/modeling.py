"""From what Splink learned to the model that is kept: no chance is zero, and relatives are weighed. Pure."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

from regulars.resolve.linkage.comparisons import AGAINST, RELATIVES, SOMEBODY

# Of a level that training never met among records of one person, nobody knows how rare it is: rarer than this share.
UNSEEN_CHANCE = 0.002
CHANCE_MIN = 1e-9
# Where records of one person hardly ever agree, training met none of them: then chances are what they usually are.
LEARNED_MIN = 0.1
USUAL_SAME, USUAL_DIFFERENT = 0.85, 0.1
# What relatives share by living together, beside what they were told apart by.
SHARED_AT_HOME = ("last_name", "street", "place", "city", "state", "unit", "phone", "landline", "email")
SHARED_MORE = {"a namesake at home": "first_name", "a twin at home": "birth_date"}
# What says the home alone, and nothing of who in it.
SAYS_HOME = ("street", "place", "city", "state", "unit", "landline")


def settle(learned: dict[str, Any]) -> dict[str, Any]:
    """The model as it is kept, still Splink's JSON."""
    model = deepcopy(learned)
    strongest: dict[str, float] = {}
    for comparison in model["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        if comparison["output_column_name"] != RELATIVES:
            _smooth(levels)
            strongest[comparison["output_column_name"]] = max(0.0, *map(weight, levels))
    for comparison in model["comparisons"]:
        if comparison["output_column_name"] == RELATIVES:
            for level in comparison["comparison_levels"]:
                _take_back(level, strongest)
    return model


def weight(level: dict[str, Any]) -> float:
    """Bits that a level adds."""
    return math.log2(level["m_probability"] / level["u_probability"])


def _smooth(levels: list[dict[str, Any]]) -> None:
    """No chance is zero, and what is more alike than "different" never speaks more against one person than that."""
    if levels[0].get("m_probability", 0.0) < LEARNED_MIN:
        between = (1.0 - USUAL_SAME - USUAL_DIFFERENT) / max(1, len(levels) - 2)
        for level in levels:
            level["m_probability"] = between
        levels[0]["m_probability"] = USUAL_SAME
        levels[-1]["m_probability"] = min(USUAL_DIFFERENT, levels[-1].get("u_probability", 1.0))
    for level in levels:
        level["u_probability"] = max(level.get("u_probability", CHANCE_MIN), CHANCE_MIN)
        level["m_probability"] = max(level.get("m_probability", UNSEEN_CHANCE), CHANCE_MIN)
    least = levels[-1]["m_probability"] / levels[-1]["u_probability"]
    for level in levels[:-1]:
        level["m_probability"] = min(1.0, max(level["m_probability"], level["u_probability"] * least))


def _take_back(level: dict[str, Any], strongest: dict[str, float]) -> None:
    words = level.get("label_for_charts")
    if words == SOMEBODY:
        shared = SAYS_HOME
    elif words in AGAINST:
        shared = (*SHARED_AT_HOME, *SHARED_MORE.get(words, "").split())
    else:
        return
    level["m_probability"] = 2.0 ** -sum(strongest.get(name, 0.0) for name in shared)
    level["u_probability"] = 1.0
