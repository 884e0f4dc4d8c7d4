"""What the house holds about one person, and that it forgets her.

Takes: what every room declares of its tables (`personal.py`); a customer.
Gives: the registry of those declarations (`holdings`, `declared`); whom a request is about (`scope`); all we hold about
    one person as a ZIP (`export`); her erasure, from the wish (`ask_erasure`) to the proof (`erasure_proof`).
Writes tables: erasure.
Never: reads a table that its room did not declare but to prove that nothing is left, or decides who is who.
"""

from regulars.privacy.erase import (
    Erasure,
    Proof,
    ask_erasure,
    carry_erasure,
    carry_erasures,
    caught_up,
    erasure,
    erasure_proof,
    erasures,
)
from regulars.privacy.errors import ErasureRefused, MemoryUnreadable
from regulars.privacy.export import Export, export, file_name
from regulars.privacy.proof import Looked, Report
from regulars.privacy.registry import declared, holdings
from regulars.privacy.scope import InScope, Scope, scope

__all__ = [
    "Erasure",
    "ErasureRefused",
    "Export",
    "InScope",
    "Looked",
    "MemoryUnreadable",
    "Proof",
    "Report",
    "Scope",
    "ask_erasure",
    "carry_erasure",
    "carry_erasures",
    "caught_up",
    "declared",
    "erasure",
    "erasure_proof",
    "erasures",
    "export",
    "file_name",
    "holdings",
    "scope",
]
