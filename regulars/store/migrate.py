"""Schema changes: plain SQL files in order, applied once each by yoyo, safe to interrupt and to start twice."""

from pathlib import Path

import psycopg
from yoyo import get_backend, read_migrations  # pyright: ignore[reportMissingTypeStubs]

FOLDER = Path(__file__).parent / "migrations"
# Two processes that start together must not migrate together; the number is ours alone ("REGU").
MIGRATION_LOCK = 0x52454755


def migrate(dsn: str) -> None:
    """Bring the schema up to date. Each file is one transaction, so a kill leaves whole steps only."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        backend = get_backend(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
        try:
            migrations = read_migrations(str(FOLDER))
            backend.apply_migrations(backend.to_apply(migrations))
        finally:
            backend.connection.close()
