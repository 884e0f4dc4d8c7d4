"""The lake's files: written (`flush`), proved and repaired against the journal (`verify`), kept few (`care`)."""

from regulars.collect.lake.care import Compacted, Pruned, compact, follow_in_lake, prune, remove_left, tend
from regulars.collect.lake.flush import FlushReport, fact_files, flush
from regulars.collect.lake.verify import Damage, Repaired, Verified, repair, verify

__all__ = [
    "Compacted",
    "Damage",
    "FlushReport",
    "Pruned",
    "Repaired",
    "Verified",
    "compact",
    "fact_files",
    "flush",
    "follow_in_lake",
    "prune",
    "remove_left",
    "repair",
    "tend",
    "verify",
]
