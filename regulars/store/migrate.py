"""Schema changes: plain SQL files in order, applied once each, safe to interrupt anywhere and to start twice.

yoyo reads the files and keeps the record. We apply them ourselves, because yoyo commits a file and the mark that it was
applied in two transactions: a kill between them made the next start fail on tables that exist. Here both are one.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

import psycopg
import yoyo  # pyright: ignore[reportMissingTypeStubs]

from regulars.kit.errors import DatabaseRefused

FOLDER = Path(__file__).parent / "migrations"
# Two processes that start together must not migrate together; the number is ours alone ("REGU").
MIGRATION_LOCK = 0x52454755
# Beside yoyo's own record, which knows a file by its name alone: what stood in it when it was applied.
MAKE_TEXTS = "create table if not exists _yoyo_text (migration_id text primary key, sha256 text not null)"
KEEP_TEXT = "insert into _yoyo_text (migration_id, sha256) values (%s, %s)"
TEXTS = "select m.migration_id, t.sha256 from _yoyo_migration m left join _yoyo_text t using (migration_id) order by 1"


class Otherwise(NamedTuple):
    """Schema changes that do not stand in the database as this version writes them, by name."""

    changed: list[str]
    """Applied when the file said something else."""
    unknown: list[str]
    """Applied before it was kept what the file said."""


def migrate(dsn: str, folder: Path = FOLDER) -> None:
    """Bring the schema up to date. Each file is one transaction with its mark, so a kill leaves whole steps only."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        backend = cast(Any, yoyo).get_backend(_for_yoyo(dsn))
        try:
            guard.execute(MAKE_TEXTS)
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
            backend.execute(KEEP_TEXT, (file.id, _text_of(file.path)))


def otherwise(connection: psycopg.Connection[Any], folder: Path = FOLDER) -> Otherwise:
    """What an earlier build of the same version made differently: until a release, files are edited in place."""
    files = cast(Any, yoyo).read_migrations(str(folder))
    now: dict[str, str] = {file.id: _text_of(file.path) for file in files}
    applied: dict[str, str | None] = dict(connection.execute(TEXTS).fetchall())
    return Otherwise(
        changed=[name for name, was in applied.items() if was is not None and now.get(name, was) != was],
        unknown=[name for name, was in applied.items() if was is None],
    )


def _text_of(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


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
