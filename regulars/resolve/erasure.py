"""A person erased: her evidence goes, and nobody else's customer changes by it.

Her device or family address may be others', too. Taken away like an import's, her records would make it look like
theirs alone, and hand them what she did there anonymously. So her signatures stay as ghosts where somebody living can
notice: the same links under another number, without a name, a birth, an address or a customer. Values that nobody else
has get a number of no meaning; what her birth and first name told apart is kept as a decision `apart` between numbers.
Ghosts clash, count and cut like everybody, are shown to nobody, and join nobody that comes later.

What only she had is remembered by keyed hash: older records that bring it again are refused (identify.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from regulars import collect
from regulars.app import App
from regulars.kit.dice import hash64
from regulars.model import Batch, People
from regulars.resolve import decide, touched
from regulars.resolve.alike import pairs
from regulars.resolve.apart import Apart, told_apart
from regulars.resolve.facts import in_force
from regulars.resolve.identify import cleaner_of, of_erased
from regulars.resolve.judge import ruled_by
from regulars.resolve.partition import held_by_signature
from regulars.resolve.spelling import as_sent, usual
from regulars.resolve.withdrawal import Lost, no_evidence, settle
from regulars.store import queries
from regulars.store.rows import array

SQL = queries(__package__ or "")
# Events read at once.
EVENTS_AT_ONCE = 5_000
# Of the proof of a record: 64 bits.
KEY_CHARACTERS = 16
ERASED = hash64("erased")
"""The signature of erased records that need no ghost."""


class Told(NamedTuple):
    """An identifier that only she had."""

    value: int
    type: str
    text: str
    """Normalized."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What left the evidence."""

    people: People
    """Who is who without her; `withdrawn` says which positions went."""
    ids: list[int]
    """Every id she ever had."""
    alone: list[Told]
    """Identifiers that nobody living has beside her."""


class Concerned(NamedTuple):
    """A signature that loses records."""

    id: int
    customer: int | None
    reach: int
    is_hers: bool
    """All its records go."""


def positions_of(app: App, customer: int) -> list[int]:
    """The positions of everything this customer is made of, in order."""
    return [seq for (seq,) in app.db.execute(SQL.positions_of, {"customer": customer})]


def erase(app: App, customer: int, erased_at: datetime, erasure: int) -> Erased:
    """The people without this one, in the caller's transaction; `erasure` numbers it and is never used twice."""
    decide.stop_the_flow(app)
    return erase_records(app, positions_of(app, customer), erased_at, erasure)


def erase_records(
    app: App, positions: Sequence[int], erased_at: datetime, erasure: int, values: Collection[int] = ()
) -> Erased:
    """The people without the person of these records. Records erased already are left alone.

    `values`: what else is known to have been hers alone, by number.
    """
    bound = decide.stop_the_flow(app)
    given = {"seqs": array(positions), "nothing": no_evidence()}
    concerned = [Concerned(*row) for row in app.db.execute(SQL.concerned_signatures, given)]
    hers = [one.id for one in concerned if one.is_hers]
    shared = [one.id for one in concerned if not one.is_hers]
    about = app.db.execute(SQL.records_with, {"ids": array(hers)}).fetchall()
    seqs = sorted({*positions, *(seq for (seq,) in about)}) if concerned else []
    customers = {customer for (customer,) in app.db.execute(SQL.owners_of, {"seqs": array(seqs)})}
    ids = sorted({*customers, *(one.customer for one in concerned if one.is_hers and one.customer is not None)})
    alone, alike = _haunt(app, hers, erasure)
    remembered = {"values": array({*values, *(told.value for told in alone)}), "erased_at": erased_at}
    app.db.execute(SQL.write_erased_values, remembered | {"erasure": erasure})
    lost = _leave(app, concerned, shared, seqs, set(ids))
    lost = msgspec.structs.replace(lost, alike=lost.alike | alike)
    former = [old for (old,) in app.db.execute(SQL.former_ids, {"ids": array(ids)})]
    app.db.execute(SQL.drop_identity_events, {"ids": array([*ids, *former])})
    outcome = settle(app, lost)
    moved = outcome.difference
    left = {customer for customer, _ in app.db.execute(SQL.names_now, {"ids": array(ids)})}
    people = People(
        batch=Batch(events=[], last_seq=bound),
        customers=[],
        created=moved.created,
        merged=moved.merged,
        recompute=moved.recompute,
        touched=outcome.customers,
        withdrawn=seqs,
        cause=f"erasure:{erasure}",
    )
    return Erased(people=people, ids=sorted({*ids, *former} - left), alone=alone)


def spellings(app: App, erased: Erased) -> list[str]:
    """How what only she had may be written, in her events as in anybody's notes; read before her events are emptied."""
    values = {told.value: told.type for told in erased.alone}
    cleaner, country = cleaner_of(app), app.settings.brand_country
    words = {word for told in erased.alone for word in usual(told.type, told.text)}
    positions = erased.people.withdrawn
    for at in range(0, len(positions), EVENTS_AT_ONCE):
        events = collect.events_at(app, positions[at : at + EVENTS_AT_ONCE])
        words |= as_sent(events, values, cleaner, country)
    return sorted(words)


def record_keys(app: App, positions: Sequence[int]) -> dict[int, str]:
    """For each position who it is, so that after a restore nobody else who stands there is taken for her."""
    cleaner = cleaner_of(app)
    return {
        event.seq: cleaner.proof("record", f"{event.source}\x1f{event.message_id}")[:KEY_CHARACTERS]
        for at in range(0, len(positions), EVENTS_AT_ONCE)
        for event in collect.events_at(app, positions[at : at + EVENTS_AT_ONCE])
    }


def proof(app: App, purpose: str, content: str) -> str:
    """What only this brand can have written under a text."""
    return cleaner_of(app).proof(purpose, content)


def refuse_waiting(app: App) -> int:
    """Empty what waits behind the flow of erased people, in short transactions; gives how many events.

    The flow would refuse them as well; nobody has to wait for it.
    """
    with app.transaction() as inside:
        after, gone = collect.checkpoint_of(inside, collect.FLOW), 0
    while True:
        with app.transaction() as inside:
            events = collect.read(inside, after, EVENTS_AT_ONCE)
            if not events:
                return gone
            found = of_erased(inside, events)
            if found:
                collect.erasure.erase_events(inside, found)
            gone, after = gone + len(found), events[-1].seq


def records_carrying(app: App, values: Collection[int], until: datetime) -> list[int]:
    """Positions up to an instant of event time whose evidence carries one of these values."""
    given = {"values": array(values), "until": until}
    return [seq for (seq,) in app.db.execute(SQL.records_carrying, given)]


def _haunt(app: App, hers: Sequence[int], erasure: int) -> tuple[list[Told], set[int]]:
    """Put ghosts in the place of her signatures; gives what only she had, and whose scores are others now."""
    ghost_of = {signature: hash64("ghost", signature, erasure) for signature in hers}
    aparts = _told_apart(app, hers)
    ids = {"ids": array(hers)}
    found = app.db.execute(SQL.held_by_nobody_else, ids).fetchall()
    alone = [Told(value, kind, text) for value, kind, text, is_blocked in found if not is_blocked]
    app.db.execute(SQL.blank_values, {"ids": array(value for value, _, _, is_blocked in found if is_blocked)})
    moves = {"old": array(ghost_of), "new": array(ghost_of.values())}
    app.db.execute(SQL.erased_signature, {"erased": ERASED})
    app.db.execute(SQL.make_ghosts, moves | {"erasure": erasure})
    app.db.execute(SQL.haunt_links, moves)
    app.db.execute(SQL.haunt_records, moves)
    alike = pairs.haunt(app, ghost_of)
    app.db.execute(SQL.haunt_decisions, moves)
    values = [told.value for told in alone]
    app.db.execute(
        SQL.rename_values, {"old": array(values), "new": array(hash64("ghost", value, erasure) for value in values)}
    )
    app.db.execute(SQL.drop_spans, ids)
    app.db.execute(SQL.drop_signatures, ids)
    if aparts:
        given = {
            "one": [array(ghost_of.get(s, s) for s in one) for one, _ in aparts],
            "other": [array(other) for _, other in aparts],
        }
        app.db.execute(SQL.write_aparts, given | {"erasure": erasure, "at": app.clock.now()})
    return [told for told in alone if told.text], alike


def _told_apart(app: App, hers: Collection[int]) -> list[Apart]:
    """What her births and names decide in the reaches that she is in."""
    signatures, held = touched.reaches_around(app, hers)
    if len(signatures) == len(hers):
        return []
    values = {value for _, value, _ in held}
    ruled = ruled_by(in_force(touched.decisions_about(app, signatures, values)), signatures)
    return told_apart(signatures.values(), held_by_signature(signatures, held), ruled, set(hers))


def _leave(
    app: App, concerned: Sequence[Concerned], shared: Sequence[int], seqs: Sequence[int], customers: set[int]
) -> Lost:
    """Take her records out of what others share, drop ghosts nobody needs; gives all that must be looked at again."""
    new = [ghost for (ghost,) in app.db.execute(SQL.ghosts_of, {"seqs": array(seqs)})]
    values = {value for (value,) in app.db.execute(SQL.values_of, {"ids": array(new)})}
    unseen = [ghost for (ghost,) in app.db.execute(SQL.needless_ghosts, {"ids": array(new)})]
    needless = {"ids": array(unseen)}
    values |= {value for (value,) in app.db.execute(SQL.drop_links, needless)}
    app.db.execute(SQL.drop_ghosts, needless | {"erased": ERASED})
    app.db.execute(SQL.erase_records, {"seqs": array(seqs), "ids": array(shared), "erased": ERASED})
    app.db.execute(SQL.shrink_signatures, {"ids": array(shared)})
    seen = {one.reach for one in concerned}
    app.db.execute(SQL.delete_cuts, {"reaches": list(seen)})
    mates = [signature for (signature,) in app.db.execute(SQL.mates, {"reaches": array(seen)})]
    members = dict(app.db.execute(SQL.members_of, {"customers": array(customers)}).fetchall())
    gone = {one.id: one.customer for one in concerned if one.is_hers}
    alike = pairs.leave(app, unseen)
    return Lost(gone=gone, values=values, signatures=mates, customers=customers, members=members, alike=alike)
