"""PostgreSQL: the embedded server or the brand's own, connections, migrations, named SQL. Knows no room."""

from regulars.store.queries import Queries, queries
from regulars.store.store import Store

__all__ = ["Queries", "Store", "queries"]
