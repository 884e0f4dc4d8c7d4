"""For analysts: read-only answers as tables, from Python and in SQL, on documented views.

Takes: one select, or the names of traits, scores, segments and events; who asks.
Gives: `connect`, whose answers are read as Arrow, Polars, pandas or rows, in batches and bounded memory; the views.
Writes tables: none; it makes the views of the schemas analyst and analyst_in_clear.
Never: changes anything, reads the contents of messages, or runs a statement that it did not write itself.
"""

from regulars.ask.answer import Answer
from regulars.ask.connection import ENGINES, Connection, EngineName, connect
from regulars.ask.errors import LibraryMissing, QuestionFailed, QuestionRefused, QuestionTooLong
from regulars.ask.views import VIEWS, Column, Reader, View

__all__ = [
    "ENGINES",
    "VIEWS",
    "Answer",
    "Column",
    "Connection",
    "EngineName",
    "LibraryMissing",
    "QuestionFailed",
    "QuestionRefused",
    "QuestionTooLong",
    "Reader",
    "View",
    "connect",
]
