"""What a steward reads before and after deciding: records of a customer, what was decided, how healthy it all is."""

from regulars.resolve.desk.decisions import Decided, decisions
from regulars.resolve.desk.health import (
    HEALTH_LISTED_MAX,
    Conflict,
    Generic,
    Health,
    Move,
    Size,
    Suspicious,
    health,
    is_health_old,
    keep_health,
)
from regulars.resolve.desk.queue import Doubtful, Said, doubtful, side_by_side, waiting
from regulars.resolve.desk.records import Carried, RecordGroup, record_groups, records_of_groups

__all__ = [
    "HEALTH_LISTED_MAX",
    "Carried",
    "Conflict",
    "Decided",
    "Doubtful",
    "Generic",
    "Health",
    "Move",
    "RecordGroup",
    "Said",
    "Size",
    "Suspicious",
    "decisions",
    "doubtful",
    "health",
    "is_health_old",
    "keep_health",
    "record_groups",
    "records_of_groups",
    "side_by_side",
    "waiting",
]
