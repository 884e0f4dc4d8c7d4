"""What the house holds about one person.

Takes: what every room declares of its tables (`personal.py`).
Gives: the registry of those declarations (`holdings`, `declared`).
Writes tables: none.
Never: reads a table that its room did not declare, or decides who is who.
"""

from regulars.privacy.registry import declared, holdings

__all__ = ["declared", "holdings"]
