"""What the house holds about one person.

Takes: what every room declares of its tables (`personal.py`); a customer.
Gives: the registry of those declarations (`holdings`, `declared`); whom a request is about (`scope`); all we hold about
    one person as a ZIP (`export`).
Writes tables: none.
Never: reads a table that its room did not declare, or decides who is who.
"""

from regulars.privacy.export import Export, export, file_name
from regulars.privacy.registry import declared, holdings
from regulars.privacy.scope import InScope, Scope, scope

__all__ = ["Export", "InScope", "Scope", "declared", "export", "file_name", "holdings", "scope"]
