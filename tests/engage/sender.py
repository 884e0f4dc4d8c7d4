"""A sending process that a test may kill: `python -m tests.engage.sender DSN HOME PORT POLICY`.

Policy `ours` is the product's. Policy `naive` is the control: send, then mark sent.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from regulars import engage
from regulars.app import App
from regulars.engage.channels import channels
from regulars.engage.decide import wish_of
from regulars.engage.deliver import SQL, WISH_COLUMNS, Judged, _parcel, judge, signer
from regulars.kit.clock import ManualClock, SystemClock
from regulars.kit.dice import SeededDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.profile import purposes
from regulars.store import Store

NOON = datetime(2026, 3, 2, 15, tzinfo=UTC)
QUIET_SECONDS = 1.0
PER_ROUND = 20


def main(dsn: str, home: str, port: str, policy: str) -> None:
    settings = Settings(home=home, database_url=dsn, smtp_port=int(port))
    store = Store(dsn)
    store.pool.open()
    app = App(
        settings=settings, store=store, lake=Lake(Path(home) / "lake"), clock=ManualClock(NOON), dice=SeededDice(2)
    )
    while open_rows(app):
        if policy == "ours":
            if not engage.deliver(app, PER_ROUND, QUIET_SECONDS):
                SystemClock().sleep(0.1)
        else:
            send_then_mark(app)
    store.pool.close()


def open_rows(app: App) -> bool:
    with app.transaction() as inside:
        row = inside.db.execute("select exists (select from outbox where state in ('ready', 'sending'))").fetchone()
        return bool(row and row[0])


def send_then_mark(app: App) -> None:
    """What must be caught: the message leaves before the row says so."""
    with app.transaction() as inside, channels["email"].connect(app) as line:
        vouch = signer(inside)
        rows = inside.db.execute(SQL.ready_wishes, {"channel": "email", "limit": PER_ROUND}).fetchall()
        for row in rows:
            wish, seq = wish_of(inside, row[:WISH_COLUMNS], purposes(inside))
            judged = Judged(wish, judge(wish, NOON, frozenset(channels)), seq)
            parcel = _parcel(inside, judged, row[WISH_COLUMNS:], vouch, NOON)
            line.send(parcel.address, channels["email"].compose(app, parcel, vouch))
        inside.db.execute("update outbox set state = 'sent' where key = any(%s)", [[row[0] for row in rows]])


if __name__ == "__main__":
    main(*sys.argv[1:])
