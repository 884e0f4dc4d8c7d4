"""Write an answer of the rule: signatures, links, values, customers, redirects, cuts and sessions. Sets only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from regulars.app import App
from regulars.kit.logging import logger
from regulars.resolve.advance import Advanced, Difference, LinkKey
from regulars.resolve.facts import Group, Held, Settled, Signature
from regulars.resolve.households.place import home_of
from regulars.resolve.policy import BARRED, CARRIERS, EDGE, LEVELS, MAX_REACH, ORDER
from regulars.resolve.sessions import Seen, Span, attribute, spans
from regulars.store import queries
from regulars.store.rows import array

if TYPE_CHECKING:
    from regulars.resolve.touched import Known, Touch

SQL = queries(__package__ or "")
LOG = logger("resolve")
NUMBERS = {int, bool, type(None)}
LEVELS_THAT_NAME = frozenset(LEVELS) - {ORDER, *CARRIERS}
SIGNATURE = (
    "id first_seq first_day last_day dob first_name surname address home dob_verified name_verified"
    " customer reach known delicate gapped sessions"
)
CARRIER_BITS = sum(1 << level for level in CARRIERS)


class Standing(NamedTuple):
    """The published answer for one signature."""

    customer: int | None
    reach: int
    known: bool
    delicate: bool
    gapped: bool
    sessions: bool


def answer(
    app: App,
    touch: Touch,
    known: Known,
    advanced: Advanced,
) -> set[int]:
    """Signatures, links, values and cuts as they are now; gives the signatures whose row changed."""
    shared = shared_carriers(advanced.settled)
    for one in advanced.settled:
        if one.dropped:
            # An alert: until the next full run these people may lag behind what all their evidence says.
            LOG.warning("reach_over_limit", reach=one.reach, levels=sorted(one.dropped), limit=MAX_REACH)
    _values(app, touch, known, advanced)
    links(app, advanced.links)
    _carriers(app, advanced, shared)
    changed = _signatures(app, known, advanced, shared)
    _cuts(app, advanced.settled, known.reaches)
    return changed


def shared_carriers(settled: Iterable[Settled]) -> set[tuple[int, int]]:
    """(value, epoch) of all carriers whose anonymous events follow sessions."""
    return {carrier for one in settled for carrier in one.shared_carriers}


def _signatures(app: App, known: Known, advanced: Advanced, shared: set[tuple[int, int]]) -> set[int]:
    gapped = {value for value, state in advanced.values.items() if state.epochs > 1}
    restless: set[int] = set()
    on_shared: set[int] = set()
    for (s, value, _), one in advanced.standing.items() if gapped or shared else ():
        if value in gapped:
            restless.add(s)
        if one.state == EDGE and one.level in CARRIERS and (one.value, one.epoch) in shared:
            on_shared.add(s)
    rows: list[tuple[Signature, Standing]] = []
    for s, customer, is_known, settled in _members(advanced.settled):
        before = known.rows.get(s)
        # Once gapped, always looked at again: the holders of its other epochs may not be loaded now.
        is_gapped = s in restless or (before is not None and before.gapped)
        now = Standing(customer, settled.reach, is_known, settled.delicate, is_gapped, s in on_shared)
        if now != before:
            rows.append((known.loaded.signatures[s], now))
    signatures(app, rows)
    return {one.id for one, _ in rows}


def signatures(app: App, rows: Iterable[tuple[Signature, Standing]]) -> None:
    """New signatures, and those whose answer changed."""
    told = [
        (
            *(s.id, s.first_seq, s.first_day, s.last_day, s.dob, s.first_name, s.surname, s.address),
            *(home_of(s.address, s.surname), s.dob_verified, s.name_verified),
            *now,
        )
        for s, now in rows
    ]
    if told:
        app.db.execute(SQL.write_signatures, columns(SIGNATURE, told))


def _members(settled: Iterable[Settled]) -> Iterator[tuple[int, int | None, bool, Settled]]:
    """(signature, customer, known, its component) of everybody."""
    for one in settled:
        for group in one.groups:
            for s in group.signatures:
                yield s, group.id, group.known, one
        for s in one.unidentified:
            yield s, None, False, one
        for s, is_known in one.ghosts:
            yield s, None, is_known, one


def links(app: App, verdicts: Mapping[LinkKey, Held]) -> None:
    """New links and changed verdicts."""
    rows = [(s, *one) for (s, _, _), one in verdicts.items()]
    if rows:
        app.db.execute(SQL.write_links, columns("signature value class level space epoch state", rows))


def _values(app: App, touch: Touch, known: Known, advanced: Advanced) -> None:
    """New values, and those whose verdict changed. Days are kept true of generic values only: they alone are read."""
    rows: list[tuple[object, ...]] = []
    for value, state in advanced.values.items():
        before = known.values.get(value)
        if before is None or (state.generic, state.shared, state.epochs) != (
            before.generic,
            before.shared & ~CARRIER_BITS,
            before.epochs,
        ):
            _, kind, text = touch.texts.get(value, (value, "", ""))
            if state.generic & ~(before.generic if before else 0):
                # The feed behind it is often broken: the Identity page says so. The value is personal and stays out.
                LOG.debug("identifier_demoted", value=value, type=kind, levels=state.generic)
            rows.append((value, kind, text, state.generic, state.shared, state.epochs, 0, 0))
    generic = {value for value, state in advanced.values.items() if state.generic}
    days = _days(known, generic) if generic else {}
    values(app, [(*row[:6], *days.get(row[0], (0, 0))) for row in rows])  # type: ignore[arg-type]


def values(app: App, rows: Sequence[Sequence[object]]) -> None:
    """New values, and those whose verdict changed."""
    if rows:
        app.db.execute(SQL.write_values, columns("id type shown generic shared epochs first_day last_day", rows))


def _days(known: Known, values: set[int]) -> dict[int, tuple[int, int]]:
    days: dict[int, tuple[int, int]] = {}
    for signature in known.loaded.signatures.values():
        for link in signature.links:
            if link.value in values:
                first, last = days.get(link.value, (signature.first_day, signature.last_day))
                days[link.value] = min(first, signature.first_day), max(last, signature.last_day)
    return days


def _carriers(app: App, advanced: Advanced, shared: set[tuple[int, int]]) -> None:
    """Whether each loaded carrier is shared."""
    bits: dict[int, int] = {}
    for one in advanced.standing.values():
        if one.level in CARRIERS:
            bit = 1 << one.level if one.state == EDGE and (one.value, one.epoch) in shared else 0
            bits[one.value] = bits.get(one.value, 0) | bit
    if bits:
        app.db.execute(SQL.share_carriers, columns("id bits", bits.items()) | {"mask": CARRIER_BITS})


def _cuts(app: App, settled: Sequence[Settled], reaches: set[int]) -> None:
    if reaches:
        app.db.execute(SQL.delete_cuts, {"reaches": list(reaches)})
    doubts = [(one.reach, *doubt) for one in settled for doubt in one.doubts]
    if doubts:
        app.db.execute(SQL.write_doubts, columns("reach one other bits space", doubts))
    rows = [
        (one.reach, cut.level, cut.value, cut.reason, cut.one, cut.other) for one in settled for cut in set(one.cuts)
    ]
    if rows:
        app.db.execute(SQL.write_cuts, columns("reach level value reason one other", rows))


def customers(app: App, groups: Iterable[Group], moved: Difference, advanced: Advanced, changed: set[int]) -> None:
    """Customers and the former ids that lead to them. `changed`: signatures whose row changed."""
    changed = changed | {s for s, _, _ in advanced.links}
    named = _named(advanced.standing)
    rows = [
        (group.id, not named.isdisjoint(group.signatures), group.founder)
        for group in groups
        if not changed.isdisjoint(group.signatures)
    ]
    if rows:
        app.db.execute(SQL.write_customers, columns("id known founder", rows))
    if moved.vanished:
        app.db.execute(SQL.delete_customers, {"ids": moved.vanished})
        app.db.execute(SQL.write_redirects, {"ids": moved.vanished})
    if moved.created:
        app.db.execute(SQL.delete_redirects, {"ids": moved.created})
    if moved.vanished or moved.recompute:
        app.db.execute(SQL.move_redirects, {"ids": [*moved.vanished, *moved.recompute]})


def _named(standing: Mapping[LinkKey, Held]) -> set[int]:
    """Signatures that name a person to come back to: an order's number alone is one basket, however well it links."""
    return {s for (s, _, _), one in standing.items() if one.level in LEVELS_THAT_NAME and one.state in (EDGE, BARRED)}


def sessions(
    app: App, advanced: Advanced, known: Known, moved: Difference, fresh: Collection[int]
) -> tuple[dict[int, int | None], set[int]]:
    """Stretches on shared carriers as they are now: customers by record, and who lost or gained old events."""
    events = _seen(app, shared_carriers(advanced.settled))
    # Only who is on a shared carrier has stretches.
    former = _former(app, {s for s, row in known.rows.items() if row.sessions})
    if not events and not former:
        return {}, set()
    follow = {seq: person for seq, person in attribute(event for event, _ in events).items() if person >= 0}
    now = spans([event for event, _ in events], follow)
    if former:
        app.db.execute(SQL.delete_spans, {"signatures": list(former)})
    if now:
        app.db.execute(SQL.write_spans, columns("signature from_at to_at customer", now))
    disturbed = _disturbed(events, follow, former, known, moved, fresh)
    by_seq = {event.seq: follow.get(event.seq, home) for event, home in events if event.customer is None}
    return by_seq, disturbed


def _seen(app: App, carriers: set[tuple[int, int]]) -> list[tuple[Seen, int | None]]:
    """Events of these carriers; beside each the customer of its signature, who keeps what no session claims."""
    if not carriers:
        return []
    rows = app.db.execute(SQL.carrier_events, {"values": [value for value, _ in carriers]})
    return [
        (Seen((value, epoch), at, seq, signature, _person(customer, known, ghost), out), customer)
        for value, epoch, seq, signature, at, out, customer, known, ghost in rows
        if (value, epoch) in carriers
    ]


def _person(customer: int | None, known: bool, ghost: int | None) -> int | None:
    """Whose session it is. An erased person's was hers: it ends those of others, and nobody gets what was in it."""
    return (customer if ghost is None else -ghost) if known else None


def _former(app: App, signatures: set[int]) -> dict[int, list[Span]]:
    former: dict[int, list[Span]] = {}
    if not signatures:
        return former
    for row in app.db.execute(SQL.spans_of, {"signatures": list(signatures)}):
        former.setdefault(row[0], []).append(Span(*row))
    return former


def _disturbed(
    events: list[tuple[Seen, int | None]],
    follow: dict[int, int],
    former: dict[int, list[Span]],
    known: Known,
    moved: Difference,
    fresh: Collection[int],
) -> set[int]:
    """Customers whose old events changed hands, other than by going up whole in a survivor."""
    heir = {merge.loser: merge.survivor for merge in moved.merged}
    disturbed: set[int] = set()
    seen: set[int] = set()
    for event, home in events:
        if event.seq in fresh or event.seq in seen:
            continue
        seen.add(event.seq)
        base = known.customers.get(event.signature, home)
        stretch = next((s for s in former.get(event.signature, ()) if s.from_at <= event.at <= s.to_at), None)
        before = stretch.customer if stretch else base
        after = follow.get(event.seq, home) if event.customer is None else home
        if before != after and (before is None or heir.get(before, before) != after):
            disturbed |= {x for x in (before, after) if x is not None}
    for signature in former.keys() - {event.signature for event, _ in events}:
        disturbed |= {span.customer for span in former[signature]}
        disturbed |= {c for c in (known.customers.get(signature),) if c is not None}
    return disturbed


def columns(names: str, rows: Iterable[Sequence[object]]) -> dict[str, object]:
    """Rows as one array per column, as unnest takes them."""
    keys = names.split()
    return {key: _column(column) for key, column in zip(keys, zip(*rows, strict=True), strict=True)}


def _column(column: Iterable[object]) -> object:
    """Numbers and booleans as an array's text, everything else as a list."""
    some = list(column)
    return array(cast(list[int], some)) if set(map(type, some)) <= NUMBERS else some
