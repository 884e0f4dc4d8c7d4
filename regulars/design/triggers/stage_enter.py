"""Enter when a stage of the lifecycle is entered, from below or from above; each time is one entry."""

from regulars.design.graph import Entry
from regulars.design.triggers import Entered, triggers
from regulars.model import Changes


@triggers.add("stage_enter")
def stage_enter(entry: Entry, changes: Changes) -> list[Entered]:
    """Customers that came into the stage `entry.subject`; the key is the day and second they did."""
    return [
        Entered(move.customer, f"{move.after}:{move.at:%Y-%m-%dT%H:%M:%S}")
        for move in changes.stages
        if move.after == entry.subject
    ]
