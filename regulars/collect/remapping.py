"""Deliveries mapped anew, after a plug-in or a mapping was mended: what changes is withdrawn and told again.

Nothing is doubled: what is told the same stays as it is, what is told otherwise is withdrawn and appended under its
next id, and a second replay finds nothing to do. What cannot be mapped now keeps what it told before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec

from regulars.app import App
from regulars.collect.deliveries import (
    STEP_BYTES,
    STEP_DELIVERIES,
    Draft,
    Keys,
    Known,
    Reader,
    Settled,
    Stored,
    Telling,
    bounded,
    content_hash,
    draft,
    lock_readers,
    message_id,
    settle,
    store,
    told_keys,
)
from regulars.collect.door import Refused
from regulars.collect.errors import SourceRefused
from regulars.collect.hooks import SQL, webhook_by_name
from regulars.collect.journal import Rejected
from regulars.collect.withdrawals import withdraw

CHANGES_LISTED_MAX = 200


class Change(msgspec.Struct, frozen=True):
    """One event that is not what it was. `before` or `after` empty: it was not, or is no longer, told."""

    delivery: int
    key: str
    before: str
    after: str


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did, or would do. `changes` lists the first CHANGES_LISTED_MAX."""

    deliveries: int = 0
    unchanged: int = 0
    changed: int = 0
    added: int = 0
    withdrawn: int = 0
    """Told before and no more."""
    refused: int = 0
    changes: list[Change] = []
    dry_run: bool = False


class _Told(NamedTuple):
    """An event that a delivery tells now, where it stands."""

    pair: tuple[int, str]
    known: Known
    seq: int
    name: str


class _Plan(NamedTuple):
    """What a slice of deliveries comes to."""

    tellings: list[Telling]
    rejected: list[Rejected]
    settled: list[Settled]
    replaced: list[_Told]
    gone: list[_Told]
    changes: list[Change]
    unchanged: int


def replay(app: App, name: str, actor: str, since: datetime | None = None) -> ReplayReport:
    """Map the stored deliveries of a source again, in the order in which they came; a transaction a slice.

    Cut off, it goes on by being run again. Raises SourceRefused where the source has no webhook.
    """
    return _slices(app, name, since, partial(_carry_out, actor=actor))


def try_replay(app: App, name: str, since: datetime | None = None) -> ReplayReport:
    """What `replay` would change; changes nothing. Raises SourceRefused where the source has no webhook."""
    report = _slices(app, name, since, _leave)
    return msgspec.structs.replace(report, dry_run=True)


def _slices(
    app: App, name: str, since: datetime | None, act: Callable[[App, _Plan, dict[int, Reader]], _Plan]
) -> ReplayReport:
    """What all deliveries come to; each slice goes to `act` in its transaction, which says what became of it."""
    report, after = ReplayReport(), 0
    while True:
        with app.transaction() as inside:
            hook = webhook_by_name(inside, name)
            if hook is None:
                raise SourceRefused(f"The source '{name}' has no webhook", "Look at `regulars webhook list`")
            readers = lock_readers(inside, {hook.source.id})
            drafts = _drafts(inside, readers[hook.source.id], after, since)
            if not drafts:
                return report
            plan = _plan(inside, drafts, readers)
            plan = act(inside, plan, readers)
        after = drafts[-1].delivery.id
        report = _added(report, len(drafts), plan)


def _drafts(app: App, reader: Reader, after: int, since: datetime | None) -> list[Draft]:
    given = {"source": reader.source.id, "after": after, "since": since}
    rows = app.db.execute(SQL.stored_deliveries, given | {"limit": STEP_DELIVERIES, "bytes": STEP_BYTES}).fetchall()
    return bounded(draft(app, Stored(*row), reader) for row in rows)


def _plan(app: App, drafts: Sequence[Draft], readers: dict[int, Reader]) -> _Plan:
    known = told_keys(app, drafts)
    own: dict[int, list[_Told]] = {}
    for row in app.db.execute(SQL.told_by, {"deliveries": [each.delivery.id for each in drafts]}):
        own.setdefault(row[2], []).append(_Told((row[0], row[1]), Known(*row[2:6]), row[6], row[7] or row[8]))
    plan = _Plan([], [], [], [], [], [], 0)
    unchanged = 0
    for each in drafts:
        unchanged += _plan_one(plan, each, own.get(each.delivery.id, []), known, readers)
    return plan._replace(unchanged=unchanged)


def _plan_one(plan: _Plan, each: Draft, own: list[_Told], known: Keys, readers: dict[int, Reader]) -> int:
    """Add what becomes of this delivery to the plan; how many of its events stay as they are."""
    before = {told.pair: told for told in own}
    refused: list[Refused] = [each.fault] if each.fault else []
    kept, events, source = set[tuple[int, str]](), 0, each.delivery.source_id
    unchanged = 0
    for said, item in zip(each.said, each.rows, strict=True):
        pair = (source, message_id(said.key, 0))
        who, mine = known.get(pair), before.get(pair)
        if pair in kept or (who is not None and who.delivery not in (None, each.delivery.id)):
            continue
        kept.add(pair)
        if isinstance(item, Refused):
            refused.append(item)
            continue
        events += 1
        digest = content_hash(said)
        if mine is not None and mine.known.content_hash == digest:
            unchanged += 1
            continue
        revision = 0 if who is None else who.revision + 1
        plan.tellings.append(Telling(each, said, item, revision))
        plan.changes.append(Change(each.delivery.id, pair[1], mine.name if mine else "", item.name or item.kind))
        known[pair] = Known(each.delivery.id, message_id(said.key, revision), revision, digest)
        if mine is not None:
            plan.replaced.append(mine)
    if each.fault is None:
        for told in own:
            if told.pair not in kept:
                plan.gone.append(told)
                plan.changes.append(Change(each.delivery.id, told.pair[1], told.name, ""))
                known[told.pair] = told.known._replace(delivery=None)
    plan.rejected.extend(Rejected(readers[source].source, each.delivery.received_at, item) for item in refused)
    plan.settled.append(settle(each, events if each.fault is None else len(own), refused))
    return unchanged


def _leave(app: App, plan: _Plan, readers: dict[int, Reader]) -> _Plan:
    """Nothing of it happens: it was a try."""
    del app, readers
    return plan


def _carry_out(app: App, plan: _Plan, readers: dict[int, Reader], actor: str) -> _Plan:
    """Withdraw, tell and settle; the plan with what became of its deliveries."""
    columns: dict[str, list[Any]] = {
        "source_id": [told.pair[0] for told in plan.gone],
        "key": [told.pair[1] for told in plan.gone],
    }
    app.db.execute(SQL.untell_events, columns)
    settled, lost = store(app, plan.tellings, plan.rejected, plan.settled, readers)
    plan = _without(plan._replace(settled=settled), lost)
    # Only now is it known what the journal did not take: what that was told as before stays.
    back = plan.replaced + plan.gone
    if back:
        withdraw(app, [(told.seq, told.seq) for told in back], actor, "Deliveries of its webhook were mapped anew")
    return plan


def _without(plan: _Plan, lost: Sequence[Telling]) -> _Plan:
    """The plan but for what the journal did not take."""
    keys = {(each.draft.delivery.id, message_id(each.said.key, 0)) for each in lost}
    return plan._replace(
        tellings=[each for each in plan.tellings if each not in lost],
        replaced=[told for told in plan.replaced if (told.known.delivery, told.pair[1]) not in keys],
        changes=[each for each in plan.changes if (each.delivery, each.key) not in keys],
    )


def _added(report: ReplayReport, deliveries: int, plan: _Plan) -> ReplayReport:
    return msgspec.structs.replace(
        report,
        deliveries=report.deliveries + deliveries,
        unchanged=report.unchanged + plan.unchanged,
        changed=report.changed + len(plan.replaced),
        added=report.added + len(plan.tellings) - len(plan.replaced),
        withdrawn=report.withdrawn + len(plan.gone),
        refused=report.refused + sum(1 for _, state, _, _ in plan.settled if state == "refused"),
        changes=(report.changes + plan.changes)[:CHANGES_LISTED_MAX],
    )
