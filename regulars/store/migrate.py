"""Schema changes: plain SQL files in order, applied once each, safe to interrupt anywhere and to start twice.

yoyo reads the files and keeps the record. We apply them ourselves, because yoyo commits a file and the mark that it was
applied in two transactions: a kill between them made the next start fail on tables that exist. Here both are one.
"""

from pathlib import Path
from typing import Any, cast

import psycopg
import yoyo  # pyright: ignore[reportMissingTypeStubs]

from regulars.kit.errors import DatabaseRefused

FOLDER = Path(__file__).parent / "migrations"
# Two processes that start together must not migrate together; the number is ours alone ("REGU").
MIGRATION_LOCK = 0x52454755


def migrate(dsn: str, folder: Path = FOLDER) -> None:
    """Bring the schema up to date. Each file is one transaction with its mark, so a kill leaves whole steps only."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        backend = cast(Any, yoyo).get_backend(_for_yoyo(dsn))
        try:
            # Only the holder of our lock comes here: a row in yoyo's own lock table is of somebody who was killed.
            backend.break_lock()
            _apply(backend, folder)
        except psycopg.errors.InsufficientPrivilege as fault:
            raise DatabaseRefused(
                f"The database user may not make tables: {fault.diag.message_primary}",
                "Make it the owner of its database: alter database ... owner to ...",
            ) from None
        finally:
            backend.connection.close()


def _apply(backend: Any, folder: Path) -> None:
    files = cast(Any, yoyo).read_migrations(str(folder))
    _refuse_newer(backend, files)
    for file in backend.to_apply(files):
        with backend.transaction():
            file.process_steps(backend, "apply")
            backend.mark_one(file)


def _refuse_newer(backend: Any, files: Any) -> None:
    """Data of a newer Regulars would be misread by this one."""
    unknown = set(backend.get_applied_migration_hashes()) - {file.hash for file in files}
    if unknown:
        raise DatabaseRefused(
            f"The database holds {len(unknown)} schema changes that this version of Regulars does not know",
            "Use the version that wrote it last, or a newer one",
        )


def _for_yoyo(dsn: str) -> str:
    scheme, _, rest = dsn.partition("://")
    assert scheme in {"postgresql", "postgres"}, "checked when the store was opened"
    return f"postgresql+psycopg://{rest}"
