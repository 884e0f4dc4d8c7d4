"""A small town for tests: people, records and events, written straight into the tables that resolve would write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars import analyze, collect
from regulars.app import App
from regulars.model import Batch, Changes, Event, Merge, People

EPOCH = datetime(1970, 1, 1, 12, tzinfo=UTC)


def order(day: int, cents: int = 1000, **given: Any) -> dict[str, Any]:
    """An order at noon of a day (days since 1970), of one line unless `products` says more."""
    line = {"category": "BREAD", "brand": "National", "quantity": 1, "revenue": cents / 100, "product_id": "p"}
    properties = {"order_id": f"o{day}-{cents}", "revenue": cents / 100, "store_id": "s1", "products": [line]} | given
    return {"type": "track", "event": "Order Completed", "day": day, "properties": properties}


def track(name: str, day: int, **properties: Any) -> dict[str, Any]:
    """Any other event at noon of a day."""
    return {"type": "track", "event": name, "day": day, "properties": properties}


@dataclass
class Town:
    """Writes events and memberships, and carries batches through `analyze.update`."""

    app: App
    source: collect.Source = field(init=False)
    number: int = 0
    sent: list[object] = field(default_factory=list)
    waiting: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.app.transaction() as app:
            self.source, _ = collect.register(app, "till", "tills")
        analyze.ensure_schema(self.app)

    def batch(self, given: list[tuple[int, dict[str, Any]]], *, retrying: bool = False) -> Changes:
        """Events of signatures, carried as one batch. A signature's customer is itself until `move` says otherwise.

        `retrying`: all that ever arrived comes again with them, before and after, as when a sender missed the answers.
        """
        with self.app.transaction() as app:
            batch = self._accept(app, given, self.sent if retrying else [])
            changes = analyze.update(app, Changes(people=self._people(app, batch, given), touched=[]))
            collect.advance(app, batch)
            return changes

    def merge(self, loser: int, survivor: int) -> Changes:
        """Customer `loser` becomes part of `survivor`."""
        with self.app.transaction() as app:
            app.db.execute("update signature set customer = %s where customer = %s", [survivor, loser])
            app.db.execute("delete from customer where id = %s", [loser])
            return self._change(app, merged=[Merge(loser=loser, survivor=survivor)])

    def split(self, signature: int, into: int) -> Changes:
        """One signature leaves its customer for the customer `into`."""
        with self.app.transaction() as app:
            row = app.db.execute("select customer from signature where id = %s", [signature]).fetchone()
            assert row is not None
            app.db.execute("update signature set customer = %s where id = %s", [into, signature])
            app.db.execute("insert into customer values (%s, true, %s) on conflict do nothing", [into, signature])
            app.db.execute(
                "delete from customer c where id = %s and not exists (select from signature where customer = c.id)",
                [row[0]],
            )
            return self._change(app, recompute=[row[0], into])

    def lend(self, signature: int, first_day: int, last_day: int, holder: int) -> Changes:
        """What a shared device did in these days was somebody else's session."""
        with self.app.transaction() as app:
            row = app.db.execute("update signature set sessions = true where id = %s returning customer", [signature])
            (owner,) = row.fetchone() or (None,)
            app.db.execute(
                "insert into carrier_span values (%s, %s, %s, %s) on conflict do nothing",
                [signature, EPOCH + timedelta(days=first_day), EPOCH + timedelta(days=last_day), holder],
            )
            return self._change(app, recompute=[owner, holder])

    def withdraw(self, positions: list[int]) -> Changes:
        """These events were taken back; whoever had them is recomputed."""
        with self.app.transaction() as app:
            rows = app.db.execute("select distinct customer from event_customer where seq = any(%s)", [positions])
            owners = [row[0] for row in rows]
            app.db.execute("delete from record where seq = any(%s)", [positions])
            return self._change(app, recompute=owners, withdrawn=positions)

    def tick(self, day: int) -> Changes:
        """Noon of a day."""
        with self.app.transaction() as app:
            return analyze.tick(app, EPOCH + timedelta(days=day))

    def daily(self) -> Changes:
        """The lake catches up, and what is computed from it once a day follows."""
        collect.flush(self.app)
        with self.app.transaction() as app:
            return analyze.refresh_daily(app, self.app.clock.now())

    def clear(self) -> None:
        """Nobody lives here any more."""
        self.sent = []
        with self.app.transaction() as app:
            (cells,) = app.db.execute(
                "select string_agg(table_name, ', ') from information_schema.tables where table_name like 'cell\\_%'"
            ).fetchone()
            app.db.execute(
                "truncate journal, record, signature, customer, carrier_span, trait_state, segment_member, as_of,"
                " persona, persona_fit, persona_member, persona_size, shift, shift_look, rhythm_break,"
                " trait_change,"
                " segment_move, lake_file, daily_run, announcement, score, score_model, score_change, lifecycle_stage,"
                f" lifecycle_move, survey_answer, follow_up, {cells}"
            )
            app.db.execute("update checkpoint set seq = 0")

    def customers(self) -> set[int]:
        """Ids of everybody."""
        with self.app.transaction() as app:
            return {row[0] for row in app.db.execute("select id from customer")}

    def signatures(self) -> dict[int, int]:
        """Signatures with whose they are."""
        with self.app.transaction() as app:
            return dict(app.db.execute("select id, customer from signature").fetchall())

    def state(self, columns: str = "*") -> dict[int, tuple[Any, ...]]:
        """Columns of trait_state by customer."""
        with self.app.transaction() as app:
            rows = app.db.execute(f"select customer, {columns} from trait_state").fetchall()
            return {row[0]: row[1:] for row in rows}

    def _change(
        self,
        app: App,
        *,
        merged: list[Merge] | None = None,
        recompute: list[int] | None = None,
        withdrawn: list[int] | None = None,
    ) -> Changes:
        row = app.db.execute("select coalesce(max(seq), 0) from record").fetchone()
        assert row is not None
        people = People(
            batch=Batch(events=[], last_seq=row[0]),
            customers=[],
            created=[],
            merged=merged or [],
            recompute=recompute or [],
            withdrawn=withdrawn or [],
        )
        return analyze.update(app, Changes(people=people, touched=[]))

    def _accept(self, app: App, given: list[tuple[int, dict[str, Any]]], again: Sequence[object] = ()) -> Batch:
        messages: list[object] = []
        for _, event in given:
            self.number += 1
            at = EPOCH + timedelta(days=event["day"], seconds=self.number)
            rest = {key: value for key, value in event.items() if key != "day"}
            messages.append(rest | {"messageId": f"m{self.number}", "userId": "u", "timestamp": at.isoformat()})
        later = EPOCH + timedelta(days=40_000)
        everything = [*again, *messages, *again, *messages] if again else messages
        receipt = collect.accept(app, self.source, everything, received_at=later)
        assert (receipt.accepted, receipt.duplicates) == (len(given), len(everything) - len(given)), receipt
        self.sent = [*self.sent, *messages]
        batch = collect.claim(app, 5_000)
        assert batch is not None
        own = [event for event in batch.events if event.source == "till"]
        return Batch(events=own, last_seq=batch.last_seq)

    def _people(self, app: App, batch: Batch, given: list[tuple[int, dict[str, Any]]]) -> People:
        signatures = [signature for signature, _ in given]
        seqs = [event.seq for event in batch.events]
        app.db.execute(
            "insert into signature (id, customer, reach, first_seq, first_day, last_day)"
            " select distinct s, s, s, 0, 0, 0 from unnest(%s::bigint[]) s on conflict do nothing",
            [signatures],
        )
        rows = app.db.execute(
            "insert into customer select distinct customer, true, id from signature where id = customer"
            " and id = any(%s) on conflict do nothing returning id",
            [signatures],
        ).fetchall()
        app.db.execute(
            "insert into record (seq, signature, occurred_at)"
            " select * from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])",
            [seqs, signatures, [event.occurred_at for event in batch.events]],
        )
        owners = dict(app.db.execute("select seq, customer from event_customer where seq = any(%s)", [seqs]).fetchall())
        return People(
            batch=batch,
            customers=[owners[seq] for seq in seqs],
            created=sorted(row[0] for row in rows),
            merged=[],
            recompute=[],
        )


def events_of(changes: Changes) -> list[Event]:
    """The events of a batch."""
    return changes.people.batch.events if changes.people else []
