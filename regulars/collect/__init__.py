"""What happened: events enter once, are refused with a reason or appended to the journal, and are read in order.

Takes: messages in the Segment shape over HTTP (`gateway`), from files (`imports`) or from a room (`accept`, `announce`).
Gives: batches of decoded events (`claim`, `advance`), typed fact rows (`facts_of`), Parquet by day (`flush`), refusals.
Writes tables: source, write_key, journal, refusal, checkpoint, announcement.
Never: says who an event belongs to, changes a journal row, or acknowledges what is not durable.
"""

from regulars.collect.journal import (
    Announcement,
    Receipt,
    Refusal,
    accept,
    advance,
    announce,
    claim,
    publish,
    refusals,
)
from regulars.collect.keys import (
    SOURCE_KINDS,
    Source,
    SourceUse,
    register,
    rotate,
    source_by_key,
    source_by_name,
    sources,
)

__all__ = [
    "SOURCE_KINDS",
    "Announcement",
    "Receipt",
    "Refusal",
    "Source",
    "SourceUse",
    "accept",
    "advance",
    "announce",
    "claim",
    "publish",
    "refusals",
    "register",
    "rotate",
    "source_by_key",
    "source_by_name",
    "sources",
]
