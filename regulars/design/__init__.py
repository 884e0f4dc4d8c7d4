"""DESIGN: what we want to do about it: journeys that wait, branch and wish; points that always balance.

Takes: Changes of a batch or a tick (who moved into which segment, who ordered), and the clock.
Gives: Plays: intents for the arbiter. It never decides whether one goes out.
Writes tables: journey, journey_version, enrolment, step_log, wallet, ledger_entry, transfer, lot, allocation.
Never: sends, reads consent, or draws chance: splits are hashes, time is handed in.
"""

from regulars.design.advance import Effects, Enrolment, Facts, Step, advance
from regulars.design.erasure import forget
from regulars.design.errors import JourneyRefused, LedgerConflict
from regulars.design.graph import Branch, End, Entry, Goal, Graph, HoldOut, Node, Send, Wait, faults, next_nodes
from regulars.design.journeys import JourneyCounts, JourneyRow, NodeCount, journey_counts, journeys, publish
from regulars.design.ledger import EntryRow, Receipt, balance, balances, post, statement
from regulars.design.loyalty import (
    PROGRAM,
    Adjust,
    Award,
    Balance,
    Earn,
    Program,
    Redeem,
    Restore,
    Return,
    Settle,
    Unearn,
    Unreturn,
)
from regulars.design.react import react, tick
from regulars.design.withdrawal import correct

__all__ = [
    "PROGRAM",
    "Adjust",
    "Award",
    "Balance",
    "Branch",
    "Earn",
    "Effects",
    "End",
    "Enrolment",
    "Entry",
    "EntryRow",
    "Facts",
    "Goal",
    "Graph",
    "HoldOut",
    "JourneyCounts",
    "JourneyRefused",
    "JourneyRow",
    "LedgerConflict",
    "Node",
    "NodeCount",
    "Program",
    "Receipt",
    "Redeem",
    "Restore",
    "Return",
    "Send",
    "Settle",
    "Step",
    "Unearn",
    "Unreturn",
    "Wait",
    "advance",
    "balance",
    "balances",
    "correct",
    "faults",
    "forget",
    "journey_counts",
    "journeys",
    "next_nodes",
    "post",
    "publish",
    "react",
    "statement",
    "tick",
]
