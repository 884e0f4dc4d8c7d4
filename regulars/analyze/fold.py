"""A batch folded inside PostgreSQL: facts in, cells and rows out, segments that moved. A constant number of statements.

    facts -> temporary table -> deltas of scalars, upserted cells, noting who was touched per family
          -> finish what was touched -> rows upserted -> segment words old XOR new

Merges add states and rescan nothing. Whoever lost or swapped records is recomputed from the journal: minimum, maximum,
first and latest cannot be subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import Literal, LiteralString

import msgspec

from regulars.analyze import past
from regulars.analyze.compiled import WORD_BITS
from regulars.analyze.past import SQL
from regulars.analyze.restated import read_again
from regulars.analyze.schema import Ready
from regulars.analyze.statements import Statements
from regulars.app import App
from regulars.collect import FACT_COLUMNS, facts_of
from regulars.kit.clock import day_number
from regulars.model import Event, People

# As the COPY statement names it; texts of facts hold no control characters.
NULL = "\x02"
COLUMN_NAMES = tuple(column.name for column in FACT_COLUMNS)


class Caused(msgspec.Struct, frozen=True):
    """What moves values: a batch up to a position, time, a rule that is new, what is stated about people."""

    cause: Literal["event", "time", "rule", "people"]
    seq: int | None = None
    """None: as far as the flow is."""


BY_TIME, BY_RULE = Caused("time"), Caused("rule")
Moved = tuple[int, int, int]
"""customer, segment words before and after, each as one number."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one fold has to do, merges resolved to whoever is left in the end."""

    merged: dict[int, int]
    """Loser to survivor."""
    recompute: list[int]
    created: list[int]
    owned: list[tuple[int, Event]]
    restated: list[int] = []
    """Whose profile may say something else."""

    @property
    def present(self) -> list[int]:
        """Whoever an event of the batch belongs to."""
        return list({customer for customer, _ in self.owned})


def work_of(people: People) -> Work:
    """The work of a batch: nobody is both merged and recomputed, and recomputed persons take no facts from it twice."""
    ends = _ends({merge.loser: merge.survivor for merge in people.merged})
    redo = set(people.recompute)
    # A state that is stale must not flow into another: then the other one is folded from its events, too.
    redo |= {survivor for loser, survivor in ends.items() if loser in redo or survivor in redo}
    merged = {loser: survivor for loser, survivor in ends.items() if survivor not in redo}
    redo |= {loser for loser, survivor in ends.items() if survivor in redo}
    pairs = zip(people.customers, people.batch.events, strict=True)
    owned = [(customer, event) for customer, event in pairs if customer is not None and customer not in redo]
    return Work(
        merged=merged, recompute=sorted(redo), created=[c for c in people.created if c not in redo], owned=owned
    )


def fold(app: App, ready: Ready, work: Work, last_seq: int) -> tuple[list[int], list[Moved]]:
    """Carry this work into state; gives the customers touched and whose segment word changed."""
    app.db.execute(SQL.quiet_planner, {"on": "off"})
    set_up(app, ready)
    if ready.plan.daily and (work.merged or work.recompute):
        app.db.execute(SQL.daily_stale)
    if work.recompute:
        # What she was told to have had may rest on records that are not hers: her history begins anew.
        app.db.execute(SQL.forget_changes, {"customers": work.recompute})
    if ready.has_gaps and work.merged:
        work = _whole_with_whole(app, work)
    if work.merged:
        _merge(app, ready, work.merged)
    if work.recompute:
        _forget(app, ready, work.recompute)
        if ready.has_gaps:
            app.db.execute(SQL.complete, {"customers": work.recompute})
    if work.created:
        app.db.execute(SQL.seen, {"customers": work.created})
    app.db.execute(SQL.known_again, {"customers": work.present})
    if work.restated:
        read_again(app, ready, work.restated)
    with app.db.cursor().copy(ready.statements.copy_facts) as copy:
        copy.write(rows_of(work.owned, ready, app))
    for chunk in past.of_customers(app, work.recompute, last_seq) if work.recompute else ():
        with app.db.cursor().copy(ready.statements.copy_facts) as copy:
            copy.write(rows_of(chunk, ready, app))
    by = Caused("event" if work.owned else "people", last_seq)
    moved = settle(app, ready, by, merged=bool(work.merged))
    app.db.execute(SQL.quiet_planner, {"on": "on"})
    return moved


def set_up(app: App, ready: Ready) -> None:
    """Temporary tables of this connection, made once, empty."""
    app.db.execute(ready.statements.set_up)


def settle(app: App, ready: Ready, by: Caused, *, merged: bool = False) -> tuple[list[int], list[Moved]]:
    """Fold what stands in the temporary tables into cells and rows."""
    statements = ready.statements
    app.db.execute(statements.cells)
    if statements.outputs:
        app.db.execute(statements.outputs)
    # After a merge several states of one customer stand side by side.
    return _finish(app, statements.finish_merged if merged else statements.finish, statements, by)


def settle_day(app: App, ready: Ready) -> tuple[list[int], list[Moved]]:
    """The same where no facts came, only time passed: `expiring` has put there what came into sight."""
    if ready.statements.outputs_of_days:
        app.db.execute(ready.statements.outputs_of_days)
    return _finish(app, ready.statements.finish, ready.statements, BY_TIME)


def _finish(app: App, finish: LiteralString, statements: Statements, by: Caused) -> tuple[list[int], list[Moved]]:
    app.db.execute(finish)
    rows = app.db.execute(statements.next_words).fetchall()
    if statements.remember is not None:
        now = app.clock.now()
        # Before the first tick there is no day of the house yet.
        today = day_number(now, app.settings.zone)
        app.db.execute(statements.remember, {"seq": by.seq, "cause": by.cause, "at": now, "today": today})
    app.db.execute(statements.store)
    return [row[0] for row in rows], changed(rows)


def changed(rows: Iterable[tuple[int, list[int], list[int]]]) -> list[Moved]:
    """Whose words say something else than before; an array that only became longer says the same."""
    moved = [(customer, in_one(old), in_one(new)) for customer, old, new in rows if old != new]
    return [move for move in moved if move[1] != move[2]]


def in_one(words: list[int]) -> int:
    """An array of words as one number: bit n is the segment whose bit is n."""
    return sum(word << (WORD_BITS * place) for place, word in enumerate(words))


def rows_of(owned: Iterable[tuple[int, Event]], ready: Ready, app: App) -> bytes:
    """Facts of these events as COPY text: the customer, then the columns this plan reads, of events it looks at."""
    pairs = list(owned)
    customers = {event.seq: customer for customer, event in pairs}
    codes = ready.statements.event_codes
    wanted = [name in ready.statements.fact_columns for name in COLUMN_NAMES]
    facts = facts_of((event for _, event in pairs), app.settings.zone)
    lines: list[str] = []
    for fact in facts:
        # Column 3 is the event, column 0 the position.
        code = codes.get(fact[3])
        if code is not None:
            row = (customers[fact[0]], code, *compress(fact, wanted))
            lines.append("\t".join([NULL if v is None else v if type(v) is str else str(v) for v in row]))
    return "".join([line + "\n" for line in lines]).encode()


def _whole_with_whole(app: App, work: Work) -> Work:
    """While a past is being folded, who was folded whole cannot take in a state that was not: both are recomputed."""
    everybody = sorted({*work.merged, *work.merged.values()})
    whole = {row[0] for row in app.db.execute(SQL.completed, {"customers": everybody}).fetchall()}
    mixed = {end for loser, end in work.merged.items() if loser in whole or end in whole}
    redo = mixed | {loser for loser, end in work.merged.items() if end in mixed}
    return Work(
        merged={loser: end for loser, end in work.merged.items() if end not in mixed},
        recompute=sorted({*work.recompute, *redo}),
        created=[customer for customer in work.created if customer not in redo],
        owned=[(customer, event) for customer, event in work.owned if customer not in redo],
        restated=work.restated,
    )


def _merge(app: App, ready: Ready, merged: dict[int, int]) -> None:
    losers = list(merged)
    app.db.execute(SQL.pair_merges, {"losers": losers, "survivors": list(merged.values())})
    app.db.execute(SQL.gone, {"customers": losers})
    app.db.execute(ready.statements.lose)
    for statement in (*ready.statements.move_cells, *ready.statements.drop_cells):
        app.db.execute(statement)
    _remove(app, losers)
    app.db.execute(SQL.redo, {"customers": list(merged.values())})


def _forget(app: App, ready: Ready, recompute: list[int]) -> None:
    """Back to nothing, but for her segments: what she was in before is what she is compared with."""
    app.db.execute(SQL.gone, {"customers": recompute})
    for statement in ready.statements.drop_cells:
        app.db.execute(statement)
    dead = [row[0] for row in app.db.execute(SQL.dead, {"customers": recompute}).fetchall()]
    if dead:
        _remove(app, dead)
    app.db.execute(SQL.redo_living, {"customers": recompute})
    app.db.execute(ready.statements.reset, {"customers": recompute})


def _remove(app: App, customers: list[int]) -> None:
    app.db.execute(SQL.remove_members, {"customers": customers, "at": app.clock.now()})
    app.db.execute(SQL.remove_rows, {"customers": customers})


def _ends(merged: dict[int, int]) -> dict[int, int]:
    """Every loser with the last survivor of its chain."""
    ends: dict[int, int] = {}
    for loser in merged:
        end = merged[loser]
        while end in merged:
            end = merged[end]
        ends[loser] = end
    return ends
