"""Who lives with whom: a relation read from the evidence that stands, dated, and never a merge."""

from regulars.resolve.households.ask import Clue, Crowd, Living, Mate, household, households
from regulars.resolve.households.membership import HOLDERS_MAX, PEOPLE_MAX

__all__ = ["HOLDERS_MAX", "PEOPLE_MAX", "Clue", "Crowd", "Living", "Mate", "household", "households"]
