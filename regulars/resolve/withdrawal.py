"""Evidence taken back: the records of withdrawn events say nothing any more, and the partition is as if they never had.

A signature whose last record went is gone with its links; one that lost some of its records may begin later or end
sooner. Either way the same pure rule runs on every reach that held them and on all holders of their values, so the
result is the one a rebuild without these events would give. A customer keeps the id that her records found: the id that
a withdrawn record had minted leads to whoever holds the rest, or to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache

import msgspec

from regulars.app import App
from regulars.kit.clock import EPOCH, microseconds
from regulars.model import Batch, Body, Event, Merge, People
from regulars.resolve import touched
from regulars.resolve.advance import Difference
from regulars.resolve.alike import pairs
from regulars.resolve.clean import Cleaner
from regulars.resolve.identify import RESOLVER_LOCK, announce
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """What a withdrawal takes from the evidence."""

    gone: dict[int, int | None]
    """Customer by signature of those without a record."""
    values: set[int]
    """Values that those held."""
    signatures: list[int]
    """What is left in the reaches concerned."""
    customers: set[int]
    """Who loses events."""
    members: dict[int, int]
    """Customer, as she was, by what is left of her signatures."""
    alike: set[int]
    """Whose scores are others without what is gone."""


def forget(app: App, seqs: Sequence[int], bound: int) -> People:
    """The people without these withdrawn records, in the caller's transaction; `withdrawn` says which were taken.

    With them go all other withdrawn records up to `bound` of the same customers. Twice the same changes nothing.
    """
    app.db.execute(SQL.lock_resolver, {"key": RESOLVER_LOCK})
    nothing = no_evidence()
    given = {"seqs": array(seqs), "nothing": nothing, "bound": bound}
    taken = dict(app.db.execute(SQL.withdrawn_with, given).fetchall())
    if not taken:
        return People(batch=Batch(events=[], last_seq=bound), customers=[], created=[], merged=[], recompute=[])
    lost = _take(app, taken, nothing)
    outcome = settle(app, lost)
    moved = outcome.difference
    return People(
        batch=Batch(events=[], last_seq=bound),
        customers=[],
        created=moved.created,
        merged=moved.merged,
        recompute=moved.recompute,
        touched=outcome.customers,
        withdrawn=sorted(taken),
        cause=f"withdrawal:{min(taken)}",  # a record is taken once
    )


@cache
def no_evidence() -> int:
    """The signature of an event that says nothing: the same for every secret and country."""
    bare = Event(
        seq=0, source="", source_kind="other", login_space="", message_id="", kind="aside", name="",
        occurred_at=EPOCH, received_at=EPOCH, body=Body(),
    )  # fmt: skip
    return Cleaner(b"", "US").evidence(bare).signature


def _take(app: App, taken: Mapping[int, int], nothing: int) -> Lost:
    """Bare records, no signature without one, and everything that must be looked at again."""
    seqs = array(taken)
    customers = {customer for (customer,) in app.db.execute(SQL.owners_of, {"seqs": seqs})}
    app.db.execute(SQL.take_evidence, {"seqs": seqs, "nothing": nothing})
    app.db.execute(SQL.bare_signature, {"seqs": seqs, "nothing": nothing})
    rows = app.db.execute(SQL.what_is_left, {"ids": array(set(taken.values()))}).fetchall()
    gone = {signature: customer for signature, customer, _, _, is_left in rows if not is_left}
    left = [signature for signature, _, _, _, is_left in rows if is_left]
    shrunk = {signature for (signature,) in app.db.execute(SQL.shrink_signatures, {"ids": array(left)})}
    reaches = {
        reach for signature, _, reach, sessions, _ in rows if sessions or signature in gone or signature in shrunk
    }
    ids = {"ids": array(gone)}
    values = {value for (value,) in app.db.execute(SQL.drop_links, ids)}
    customers |= {customer for (customer,) in app.db.execute(SQL.drop_spans, ids)}
    app.db.execute(SQL.drop_signatures, ids)
    alike = pairs.leave(app, gone)
    app.db.execute(SQL.let_own_go, ids | {"nothing": nothing})
    app.db.execute(SQL.delete_cuts, {"reaches": list(reaches)})
    mates = [signature for (signature,) in app.db.execute(SQL.mates, {"reaches": array(reaches)})]
    concerned = customers | {customer for customer in gone.values() if customer is not None}
    members = dict(app.db.execute(SQL.members_of, {"customers": array(concerned)}).fetchall())
    return Lost(gone=gone, values=values, signatures=mates, customers=concerned, members=members, alike=alike)


def settle(app: App, lost: Lost) -> touched.Outcome:
    """The rule on what is left, and who has to be computed again."""
    around = {"signatures": array(lost.signatures), "values": array(lost.values)}
    names = dict(app.db.execute(SQL.names_around, around).fetchall())
    touch = touched.Touch(signatures=lost.signatures, values=sorted(lost.values), gone=lost.gone, alike=lost.alike)
    outcome = touched.recompute(app, touch, fresh=())
    moved = outcome.difference
    app.db.execute(SQL.drop_values, {"ids": array(lost.values)})
    app.db.execute(SQL.recount_days, {"ids": array(lost.values | _values_of(app, lost.signatures))})
    heirs = _heirs(moved.vanished, lost.members, outcome.by_signature)
    _redirect(app, heirs)
    _announce(app, moved, heirs)
    now = dict(app.db.execute(SQL.names_now, {"ids": array(names)}).fetchall())
    renamed = {customer for customer, was in names.items() if now.get(customer, was) != was}
    stale = lost.customers | renamed
    moved = msgspec.structs.replace(moved, recompute=sorted({*moved.recompute, *stale}))
    return msgspec.structs.replace(outcome, difference=touched.without_pure_merges(moved, stale))


def _values_of(app: App, signatures: list[int]) -> set[int]:
    held, _ = touched.links_of(app, signatures)
    return {value for _, value, _ in held}


def _heirs(
    vanished: Collection[int], members: Mapping[int, int], by_signature: Mapping[int, int | None]
) -> dict[int, int | None]:
    """For each id that ceased to exist who holds the rest of it; None: nobody does. Of several the earliest founded."""
    rest: dict[int, set[int]] = defaultdict(set)
    for signature, was in members.items():
        now = by_signature.get(signature, was)
        if now is not None and now != was:
            rest[was].add(now)
    return {old: min(rest[old]) if rest[old] else None for old in vanished}


def _redirect(app: App, heirs: Mapping[int, int | None]) -> None:
    found = {old: heir for old, heir in heirs.items() if heir is not None}
    if found:
        given = {"olds": array(found), "heirs": array(found.values())}
        app.db.execute(SQL.write_heirs, given)
        app.db.execute(SQL.move_heirs, given)
    if len(found) < len(heirs):
        app.db.execute(SQL.drop_lost_redirects, {"ids": array(heirs.keys() - found.keys())})


def _announce(app: App, moved: Difference, heirs: Mapping[int, int | None]) -> None:
    """Merges and splits as usual; an id that only changed its name tells that it went up in the new one."""
    homes: dict[int, set[int]] = defaultdict(set)
    for old, new in moved.split:
        homes[old].add(new)
    renamed = [
        Merge(old, new) for old, news in homes.items() if len(news) == 1 for new in news if heirs.get(old) == new
    ]
    losers = {merge.loser for merge in renamed}
    split = [(old, new) for old, new in moved.split if old not in losers]
    now = app.clock.now()
    announce(app, [*moved.merged, *renamed], split, touched.Cause(seq=-microseconds(now), at=now))
