"""An erased reader: what was not sent goes, what was sent stays as a number in reports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from email.utils import getaddresses
from pathlib import Path

from regulars.app import App
from regulars.engage import catcher
from regulars.kit.dice import nobody
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries("regulars.engage")
MARK_BYTES = 8


def forget(app: App, customers: Sequence[int], addresses: Collection[str]) -> None:
    """Take these customers out of the outbox, and addresses that nobody else has out of the suppressed ones.

    In the caller's transaction. A letter that is on its way at this instant arrives; its row says nothing any more.
    """
    given = {
        "customers": array(customers),
        "nobody": nobody(app.dice),
        "mark": app.dice.token(MARK_BYTES).hex(),
        "now": app.clock.now(),
    }
    app.db.execute(SQL.drop_slots, given)
    app.db.execute(SQL.drop_askings, given)
    app.db.execute(SQL.drop_unsent, given)
    app.db.execute(SQL.entomb_sent, given)
    app.db.execute(SQL.drop_suppressions, {"addresses": quoted(addresses)})


def forget_letters(folder: Path, addresses: Collection[str]) -> int:
    """Remove caught letters to these addresses from the disk; gives how many."""
    wanted = {address.casefold() for address in addresses}
    gone = 0
    for file in folder.glob(f"*{catcher.ENDING}") if wanted else ():
        with suppress(FileNotFoundError):
            letter = catcher.parsed(file)
            readers = {address.casefold() for _, address in getaddresses([str(letter["To"] or "")])}
            if readers & wanted:
                file.unlink()
                gone += 1
    return gone
