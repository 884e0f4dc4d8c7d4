"""What stewards state: this is one person, these are two, nobody owns this value. Facts of the rule, never edits of it.

A statement is a version of a subject; undoing it is a later, empty version, and undoing that a later one still. Every
function runs in the caller's transaction and gives People with an empty batch, as of where the flow stands: what the
rooms to the right must redo (`flow.on_decision`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.clock import microseconds
from regulars.kit.dice import hash64
from regulars.model import Batch, Moment, People
from regulars.resolve import touched
from regulars.resolve.advance import Difference
from regulars.resolve.alike import pairs
from regulars.resolve.errors import DecisionRefused
from regulars.resolve.facts import Decision, in_force
from regulars.resolve.identify import RESOLVER_LOCK, announce, cleaner_of
from regulars.resolve.look_up import normal
from regulars.store import queries

SQL = queries(__package__ or "")

# Subject of the decision that puts a model in force.
MODEL = "model"


class Steward(msgspec.Struct, frozen=True):
    """Who states it and why; both are kept."""

    actor: str
    reason: str


def merge(app: App, steward: Steward, records: Sequence[int]) -> People:
    """These records (journal positions) are one person's, whatever else they say."""
    stop_the_flow(app)
    signatures = sorted(set(_signatures(app, records).values()))
    if len(signatures) < 2:
        raise DecisionRefused("These records are one already: their evidence is equal", "Name records of two customers")
    subject = f"merge:{min(records)}:{max(records)}"
    return _state(app, steward, Decision(subject=subject, version=0, kind="merge", signatures=tuple(signatures)))


def split(app: App, steward: Steward, staying: Sequence[int], leaving: Sequence[int]) -> People:
    """The leaving records are another person than the staying ones, which keep the customer's id."""
    if not staying or not leaving or set(staying) & set(leaving):
        raise DecisionRefused("A split needs two sides without a common record", "Name the records of each side once")
    stop_the_flow(app)
    subject = f"split:{min(leaving)}:{min(staying)}"
    alike = _separate(app, subject, _signatures(app, [*staying, *leaving]), leaving)
    by_record = _signatures(app, [*staying, *leaving])
    decision = Decision(
        subject=subject,
        version=0,
        kind="split",
        signatures=tuple(sorted({by_record[seq] for seq in staying})),
        leaving=tuple(sorted({by_record[seq] for seq in leaving})),
    )
    if set(decision.signatures) & set(decision.leaving):
        raise DecisionRefused("One side is only what we said of them ourselves", "Name records that a source sent")
    return _state(app, steward, _pinned(app, decision), alike)


def _pinned(app: App, split: Decision) -> Decision:
    """The staying side keeps the id even if a leaving record minted it; what leaves gets a new one in its place."""
    rows = app.db.execute(SQL.minters_of_customers, {"signatures": list(split.signatures)}).fetchall()
    if len(rows) != 1 or rows[0][1] not in split.leaving:
        return split
    [(customer, founder)] = rows
    staying = [signature for signature in split.signatures if signature not in split.leaving]
    [(heir,)] = app.db.execute(SQL.first_founder, {"signatures": staying}).fetchall()
    new = collect.free_position(app)
    app.db.execute(SQL.write_mint, {"id": new, "signature": founder})
    return msgspec.structs.replace(split, minters=(heir, founder), minted=(customer, new))


def distinguish(app: App, steward: Steward, one: int, other: int) -> People:
    """The people of these two records are not one, however alike they are; each keeps all that is hers."""
    stop_the_flow(app)
    by_record = _signatures(app, [one, other])
    if by_record[one] == by_record[other]:
        raise DecisionRefused("These two records say the same", "Tell them apart on the page of the customer")
    subject = f"distinct:{min(one, other)}:{max(one, other)}"
    sides = (by_record[one],), (by_record[other],)
    return _state(
        app, steward, Decision(subject=subject, version=0, kind="distinct", signatures=sides[0], leaving=sides[1])
    )


def verify(app: App, steward: Steward, record: int, card: str) -> People:
    """The person of this record proved that the card she claimed is hers."""
    return _about_value(app, steward, "verify", Moment(kind="card", value=card), record)


def withdraw(app: App, steward: Steward, record: int, what: Moment) -> People:
    """This record does not belong to the holder of this card, phone or e-mail."""
    return _about_value(app, steward, "withdraw", what, record)


def block(app: App, steward: Steward, what: Moment) -> People:
    """Nobody owns this card, phone or e-mail: it links no records any more."""
    return _about_value(app, steward, "block", what, None)


def close(app: App, steward: Steward, what: Moment, day: int) -> People:
    """Who held this value up to `day` (since 1970-01-01 UTC) is another person than who holds it later."""
    return _about_value(app, steward, "close", what, None, day)


def undo(app: App, steward: Steward, subject: str) -> People:
    """Take back what stands about a subject; taken back already: state the last thing again."""
    if subject == MODEL:
        raise DecisionRefused("A model is not taken back, another is approved", "Choose the model before it, or none")
    versions = _versions(app, subject)
    if not versions:
        raise DecisionRefused(f"Nothing was ever stated about '{subject}'", "Look it up in the list of decisions")
    ordered = sorted(versions, key=lambda decision: decision.version)
    stated = [decision for decision in ordered if decision.kind]
    again = msgspec.structs.replace(stated[-1], kind="" if in_force(versions) else stated[-1].kind)
    if again.minted:
        later = app.db.execute(SQL.later_pin, {"id": again.minted[0], "minted": again.minted[-1]}).fetchone()
        if later is not None:
            raise DecisionRefused(
                f"A later split named who keeps the id {again.minted[0]}", f"Take back '{later[0]}' first"
            )
    return _state(app, steward, again)


def _about_value(
    app: App, steward: Steward, kind: str, what: Moment, record: int | None, day: int | None = None
) -> People:
    text = normal(what, app.settings.brand_country)
    if text is None:
        raise DecisionRefused(f"'{what.value}' is no {what.kind}", "Write it as customers do")
    value = cleaner_of(app).value_id(what.kind, text)
    signatures = () if record is None else (_signatures(app, [record])[record],)
    subject = f"{kind}:{value}:{record or 0}" + (f":{day}" if day is not None else "")
    return _state(
        app,
        steward,
        Decision(subject=subject, version=0, kind=kind, signatures=signatures, value=value, day=day),
    )


def _signatures(app: App, records: Sequence[int]) -> dict[int, int]:
    found = dict(app.db.execute(SQL.records_of, {"seqs": list(records)}).fetchall())
    missing = [seq for seq in records if seq not in found]
    if missing:
        raise DecisionRefused(f"There is no record {missing[0]}", "Name records by their position in the journal")
    return found


def _separate(app: App, subject: str, by_record: dict[int, int], leaving: Sequence[int]) -> set[int]:
    """Leaving records that share a signature with staying ones get a copy of it: same evidence, another number.

    Gives the signatures whose scores are others with the copies.
    """
    signatures = sorted({by_record[seq] for seq in leaving})
    rows = app.db.execute(SQL.mixed_signatures, {"signatures": signatures, "leaving": list(leaving)}).fetchall()
    if not rows:
        return set()
    old = [signature for (signature,) in rows]
    new = [hash64("split", signature, subject) for signature in old]
    app.db.execute(SQL.copy_signatures, {"old": old, "new": new})
    app.db.execute(SQL.copy_links, {"old": old, "new": new})
    app.db.execute(SQL.move_records, {"old": old, "new": new, "leaving": list(leaving)})
    app.db.execute(SQL.settle_signatures, {"ids": [*old, *new]})
    return pairs.find_known(app, new)


def _versions(app: App, subject: str) -> list[Decision]:
    rows = app.db.execute(SQL.versions_of, {"subject": subject}).fetchall()
    return [touched.decision_of(row) for row in rows]


def _state(app: App, steward: Steward, decision: Decision, alike: Collection[int] = ()) -> People:
    """Write the next version of a subject and recompute what it touches, before and after."""
    stop_the_flow(app)
    some = write(app, steward, decision)
    named = {s for one in some for s in (*one.signatures, *one.leaving)}
    # What nobody owns counts no more against the other values of whoever carries it, and those may join again.
    blocked = sorted({one.value for one in some if one.kind == "block" and one.value is not None})
    named |= {s for (s,) in app.db.execute(SQL.carriers_of, {"values": blocked})} if blocked else set[int]()
    touch = touched.Touch(
        signatures=sorted(named),
        values=sorted({one.value for one in some if one.value is not None}),
        alike=alike,
    )
    now = app.clock.now()
    cause = touched.Cause(seq=-microseconds(now), at=now)
    return publish(app, touch, cause, f"{decision.subject}:{some[0].version}")


def write(app: App, steward: Steward, decision: Decision) -> list[Decision]:
    """Keep a statement as the next version of its subject; that, and all before it."""
    versions = _versions(app, decision.subject)
    decision = msgspec.structs.replace(decision, version=1 + max((d.version for d in versions), default=0))
    app.db.execute(
        SQL.write_decision,
        {
            "subject": decision.subject,
            "version": decision.version,
            "kind": decision.kind,
            "signatures": list(decision.signatures),
            "leaving": list(decision.leaving),
            "value": decision.value,
            "day": decision.day,
            "minters": list(decision.minters),
            "minted": list(decision.minted),
            "actor": steward.actor,
            "reason": steward.reason,
            "at": app.clock.now(),
        },
    )
    return [decision, *versions]


def stop_the_flow(app: App) -> int:
    """Where the flow stands, until the transaction ends. In the order in which a batch takes both locks."""
    bound = collect.checkpoint_of(app, collect.FLOW)
    app.db.execute(SQL.lock_resolver, {"key": RESOLVER_LOCK})
    return bound


def publish(app: App, touch: touched.Touch, cause: touched.Cause, named: str) -> People:
    """Recompute without a batch, and say what changed; `named` is what changes it, never the same twice."""
    bound = stop_the_flow(app)
    outcome = touched.recompute(app, touch, fresh=())
    moved = outcome.difference
    announce(app, moved.merged, moved.split, cause)
    return told(moved, bound, named, outcome.customers)


def told(moved: Difference, bound: int, named: str, around: Sequence[int] = ()) -> People:
    """A difference, as the rooms to the right take it. `around`: customers whose evidence was judged anew."""
    return People(
        batch=Batch(events=[], last_seq=bound),
        customers=[],
        created=moved.created,
        merged=moved.merged,
        recompute=moved.recompute,
        touched=list(around),
        cause=named,
    )
