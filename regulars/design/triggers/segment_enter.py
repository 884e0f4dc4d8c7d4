"""Enter when a segment is entered; each stay in the segment is one entry."""

from regulars.design.graph import Entry
from regulars.design.triggers import Entered, triggers
from regulars.model import Changes


@triggers.add("segment_enter")
def segment_enter(entry: Entry, changes: Changes) -> list[Entered]:
    """Customers that entered the segment `entry.subject`; the key is the day and second her stay began."""
    return [
        Entered(move.customer, f"{move.segment}:{move.at:%Y-%m-%dT%H:%M:%S}")
        for move in changes.moves
        if move.entered and move.segment == entry.subject
    ]
