"""Lifetime value from a file of transactions: asked (`Task`), answered (`lifetime_values`), shown (`drawn`)."""

from regulars.analyze.clv.answer import AUTO, DAYS, Clv, Task, lifetime_values
from regulars.analyze.clv.page import drawn

__all__ = ["AUTO", "DAYS", "Clv", "Task", "drawn", "lifetime_values"]
