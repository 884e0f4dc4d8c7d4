"""What the house holds about one person, and that it forgets her.

Takes: what every room declares of its tables (`personal.py`); a customer.
Gives: the registry of those declarations (`holdings`, `declared`); whom a request is about (`scope`); all we hold about
    one person as a ZIP (`export`); her erasure, from the wish (`ask_erasure`) to the proof (`erasure_proof`); the
    desk where people's requests are answered in time (`open_request`, `take`); what goes when its time is over
    (`retention`); what other systems hand in (`opendsr`).
Writes tables: erasure, opendsr_call, opendsr_request, privacy_request, privacy_step, retention_beginning,
    retention_reading.
Never: reads a table that its room did not declare but to prove that nothing is left, or decides who is who.
"""

from regulars.privacy import opendsr, retention, signing
from regulars.privacy.deadlines import Deadline, deadline
from regulars.privacy.desk import (
    ACTIONS,
    KINDS,
    NEEDS_PROOF,
    REGIMES,
    Asked,
    Step,
    open_request,
    request,
    requests,
    steps,
    take,
)
from regulars.privacy.erase import (
    Erasure,
    Proof,
    ask_erasure,
    carry_erasure,
    caught_up,
    check_reason,
    erasure,
    erasure_proof,
    erasures,
    leave_files,
    leave_rooms,
    open_erasures,
)
from regulars.privacy.errors import ErasureRefused, MemoryUnreadable, NoSuchRequest, RetentionRefused, StepRefused
from regulars.privacy.export import Export, export, file_name
from regulars.privacy.periods import retention_of_file
from regulars.privacy.proof import Looked, Report
from regulars.privacy.registry import declared, holdings
from regulars.privacy.scope import InScope, Scope, scope
from regulars.privacy.waiting import Waiting, waiting

__all__ = [
    "ACTIONS",
    "KINDS",
    "NEEDS_PROOF",
    "REGIMES",
    "Asked",
    "Deadline",
    "Erasure",
    "ErasureRefused",
    "Export",
    "InScope",
    "Looked",
    "MemoryUnreadable",
    "NoSuchRequest",
    "Proof",
    "Report",
    "RetentionRefused",
    "Scope",
    "Step",
    "StepRefused",
    "Waiting",
    "ask_erasure",
    "carry_erasure",
    "caught_up",
    "check_reason",
    "deadline",
    "declared",
    "erasure",
    "erasure_proof",
    "erasures",
    "export",
    "file_name",
    "holdings",
    "leave_files",
    "leave_rooms",
    "open_erasures",
    "open_request",
    "opendsr",
    "request",
    "requests",
    "retention",
    "retention_of_file",
    "scope",
    "signing",
    "steps",
    "take",
    "waiting",
]
