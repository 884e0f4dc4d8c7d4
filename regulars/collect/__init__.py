"""What happened: events enter once, are refused with a reason or appended to the journal, and are read in order.

Takes: messages in the Segment shape over HTTP (`gateway`), from files (`imports`), from rooms (`accept`, `announce`).
Gives: batches of decoded events (`claim`, `advance`), typed fact rows (`facts_of`), Parquet by day (`flush`), refusals.
Writes tables: source, source_use, write_key, journal, refusal, set_aside, checkpoint, announcement, lake_file,
    withdrawal, withdrawn_range.
Never: says who an event belongs to, changes a journal row, or acknowledges what is not durable.
"""

from regulars.collect.ahead import ReadAhead
from regulars.collect.aside import set_aside
from regulars.collect.door import Arrival, Refused, Row, admit
from regulars.collect.facts import FACT_COLUMNS, Fact, FactColumn, cents, facts_of
from regulars.collect.gateway import Gateway, gateway
from regulars.collect.imports import ImportReport, RowRefusal, import_file, try_file
from regulars.collect.journal import (
    Announcement,
    Receipt,
    Refusal,
    accept,
    accept_mixed,
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
    list_sources,
    register,
    rotate,
    source_by_key,
    source_by_name,
)
from regulars.collect.lake import FlushReport, fact_files, flush, torn_files
from regulars.collect.mapping import Mapping
from regulars.collect.mapping import load as load_mapping
from regulars.collect.withdrawals import Piece, Withdrawal, next_piece, piece_done, withdraw, withdrawal, withdrawals

__all__ = [
    "FACT_COLUMNS",
    "SOURCE_KINDS",
    "Announcement",
    "Arrival",
    "Fact",
    "FactColumn",
    "FlushReport",
    "Gateway",
    "ImportReport",
    "Mapping",
    "Piece",
    "ReadAhead",
    "Receipt",
    "Refusal",
    "Refused",
    "Row",
    "RowRefusal",
    "Source",
    "SourceUse",
    "Withdrawal",
    "accept",
    "accept_mixed",
    "admit",
    "advance",
    "announce",
    "cents",
    "claim",
    "fact_files",
    "facts_of",
    "flush",
    "gateway",
    "import_file",
    "list_sources",
    "load_mapping",
    "next_piece",
    "piece_done",
    "publish",
    "refusals",
    "register",
    "rotate",
    "set_aside",
    "source_by_key",
    "source_by_name",
    "torn_files",
    "try_file",
    "withdraw",
    "withdrawal",
    "withdrawals",
]
