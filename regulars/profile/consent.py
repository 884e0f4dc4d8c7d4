"""Who may be contacted where: append-only decisions and what they add up to.

A decision is about (person, channel, purpose, address). What holds for a customer is the latest decision, by event
time, among her own decisions about the address and everybody's withdrawals of it: unsubscribing an address stops it
for all its holders, and each of them may say yes again for herself. At the same instant "no" wins; silence is no too.

Where nothing stronger than an e-mail or phone that somebody typed joins two of her records, they may be two people's:
if one says no and the other, later, yes, it is no until she is asked again. She was asked again by a letter's link, and
where the record that says yes proves that she reads the address (disputed.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from regulars.app import App
from regulars.kit.logging import logger
from regulars.model import Event, People
from regulars.profile import disputed
from regulars.profile.purposes import CHANNELS, Purposes, purposes
from regulars.profile.survivorship import clean_email, clean_phone
from regulars.store import queries
from regulars.store.rows import array, quoted

SQL = queries(__package__ or "")
LOG = logger("profile")

MARKETING = "marketing"
DECISIONS = {"Consent Given": True, "Consent Withdrawn": False, "Unsubscribed": False}
SPELLINGS = {"e-mail": "email", "e_mail": "email", "text": "sms", "call": "phone"}
YES = frozenset(("yes", "y", "true", "1", "on", "granted", "given", "opted_in", "opt_in", "subscribed"))
NO = frozenset(
    (
        "no",
        "n",
        "false",
        "0",
        "off",
        "denied",
        "refused",
        "withdrawn",
        "revoked",
        "opted_out",
        "opt_out",
        "unsubscribed",
    )
)
# Part of a key, which has room for some 2,700 bytes; longer is no purpose.
PURPOSE_MAX_CHARACTERS = 100
# Of what is said beside a decision; longer is cut.
TEXT_MAX_CHARACTERS = 500
# Positions named in one line of the log; the line says how many there are.
UNREAD_SHOWN = 10
Key = tuple[str, str, str]
"""(channel, purpose, address)."""


class Decision(NamedTuple):
    """One line of the consent record."""

    seq: int
    channel: str
    purpose: str
    address: str
    allowed: bool
    decided_at: datetime
    evidence: str
    collection_point: str
    basis: str | None
    notice: str | None
    notice_version: str | None
    notice_hash: str | None
    jurisdiction: str | None
    actor: str | None
    expires_at: datetime | None


def apply(app: App, people: People, moves: dict[int, int]) -> set[int]:
    """Append the batch's decisions and bring the state of everybody concerned up to date; gives these customers."""
    decisions, unread = read_decisions(people.batch.events, app.settings.brand_country)
    if decisions:
        declared = purposes(app)
        decisions = [with_notice(decision, declared) for decision in decisions]
    if unread:
        LOG.warning("consent_unreadable", events=len(unread), positions=unread[:UNREAD_SHOWN])
    moved = moves.keys() | set(moves.values()) | set(people.recompute)
    around = set(people.touched) - moved
    mixed = app.db.execute(SQL.mixed_keys, {"customers": array(around)}).fetchall() if around else []
    if not decisions and not moved and not people.withdrawn and not mixed:
        return set()
    _append(app, decisions)
    keys: set[Key] = {(d.channel, d.purpose, d.address) for d in decisions}
    if people.withdrawn:
        keys |= set(app.db.execute(SQL.keys_of_decisions, {"seqs": array(people.withdrawn)}).fetchall())
    if moved:
        keys |= set(app.db.execute(SQL.consent_keys, {"customers": array(moved)}).fetchall())
    keys |= {(channel, purpose, address) for _, channel, purpose, address in mixed}
    if not keys:
        return set()
    return _refresh(app, keys, moved | _deciders(people, decisions) | {customer for customer, *_ in mixed})


def _deciders(people: People, decisions: list[Decision]) -> set[int]:
    seqs = {decision.seq for decision in decisions}
    named = zip(people.batch.events, people.customers, strict=True) if seqs else ()
    return {customer for event, customer in named if customer is not None and event.seq in seqs}


def read_decisions(events: list[Event], country: str) -> tuple[list[Decision], list[int]]:
    """The decisions these events state, and the positions of events that state something nobody can read.

    Read are the events of DECISIONS, and `traits.consent` {channel: yes or no} of identify.
    """
    found: list[Decision] = []
    unread: list[int] = []
    for event in events:
        if event.kind == "identify":
            if event.body.traits.get("consent") is None:
                continue
            stated, is_whole = _of_traits(event, country)
        elif event.name in DECISIONS:
            stated = _of_event(event, country)
            is_whole = bool(stated)
        else:
            continue
        found += stated
        if not is_whole:
            unread.append(event.seq)
    return found, unread


def yes_or_no(value: object) -> bool | None:
    """Yes, no, or None for what is neither: only what can be read as a yes is one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return True if value == 1 else False if value == 0 else None
    word = _word(value)
    return True if word in YES else False if word in NO else None


def clean_address(channel: str, raw: object, country: str) -> str:
    """The address as stored; empty if there is none that can be read."""
    if channel == "email":
        return clean_email(raw) or ""
    if channel in ("sms", "phone"):
        return clean_phone(raw, country) or ""
    return ""


def _of_traits(event: Event, country: str) -> tuple[list[Decision], bool]:
    """The decisions of `traits.consent`, and whether all of it could be read. A plain no is a no to every channel."""
    traits = event.body.traits
    given: object = traits["consent"]
    by_channel: dict[str, bool] = {}
    is_whole = True
    if isinstance(given, dict):
        for key, value in cast(dict[str, Any], given).items():
            channel, allowed = channel_of(key), yes_or_no(value)
            if channel is not None and allowed is not None:
                # One channel in two spellings: no wins.
                by_channel[channel] = allowed and by_channel.get(channel, True)
            elif channel is not None and value is not None:
                is_whole = False
    elif yes_or_no(given) is False:
        by_channel = dict.fromkeys(CHANNELS, False)
    else:
        is_whole = False
    return [
        _decision(
            event,
            channel=channel,
            purpose=MARKETING,
            address=clean_address(channel, traits.get(_address_field(channel)), country),
            allowed=allowed,
            evidence="traits.consent",
            given=traits,
        )
        for channel, allowed in by_channel.items()
    ], is_whole


def _of_event(event: Event, country: str) -> list[Decision]:
    """Of an agreement nothing where it cannot be read; a withdrawal that names no channel we know stops them all."""
    given, allowed = event.body.properties, DECISIONS[event.name]
    if allowed and given.get("expires_at") is not None and _instant(given["expires_at"]) is None:
        return []
    named = "email" if event.name == "Unsubscribed" else channel_of(given.get("channel"))
    purpose = _purpose(given.get("purpose"))
    if allowed and (named is None or purpose is None):
        return []
    return [
        _decision(
            event,
            channel=channel,
            purpose=purpose or MARKETING,
            address=clean_address(channel, given.get("address") or given.get(_address_field(channel)), country),
            allowed=allowed,
            evidence=event.name,
            given=given,
        )
        for channel in ([named] if named else CHANNELS)
    ]


def channel_of(value: object) -> str | None:
    """The channel a word names, however it is written; None for none of ours."""
    word = _word(value)
    word = SPELLINGS.get(word, word)
    return word if word in CHANNELS else None


def _purpose(value: object) -> str | None:
    """What it is for: marketing unless said; None for what is no word, or too long to be one."""
    if value is None or value == "":
        return MARKETING
    word = _word(value)
    return word if 0 < len(word) <= PURPOSE_MAX_CHARACTERS else None


def _address_field(channel: str) -> str:
    return "email" if channel == "email" else "phone"


def _word(value: object) -> str:
    return " ".join(value.split()).lower() if isinstance(value, str) else ""


def _decision(
    event: Event, *, channel: str, purpose: str, address: str, allowed: bool, evidence: str, given: dict[str, Any]
) -> Decision:
    basis = _text(given.get("legal_basis") or given.get("basis"))
    return Decision(
        seq=event.seq,
        channel=channel,
        purpose=purpose,
        address=address,
        allowed=allowed,
        decided_at=event.occurred_at,
        evidence=evidence,
        collection_point=_text(given.get("collection_point")) or event.source,
        basis=basis,
        notice=_text(given.get("notice")),
        notice_version=_text(given.get("notice_version")),
        notice_hash=None,
        jurisdiction=_text(given.get("jurisdiction")),
        actor=_text(given.get("actor")),
        expires_at=_instant(given.get("expires_at")) if allowed else None,
    )


def _text(value: object) -> str | None:
    return str(value)[:TEXT_MAX_CHARACTERS] if value else None


def _instant(value: object) -> datetime | None:
    """An instant as written, in UTC where no zone is named; None for what is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def with_notice(decision: Decision, declared: Purposes) -> Decision:
    """With the notice that is declared under its name, or for its purpose: version and hash of the text of today."""
    purpose = declared.purposes.get(decision.purpose)
    name = decision.notice or (purpose.notice if purpose else "") or None
    notice = declared.notices.get(name or "")
    if notice is None or decision.notice_version not in (None, notice.version):
        return decision
    return decision._replace(
        notice=name,
        notice_version=notice.version,
        notice_hash=notice.hash,
        jurisdiction=decision.jurisdiction or notice.jurisdiction or None,
    )


def _append(app: App, decisions: list[Decision]) -> None:
    if decisions:
        columns = map(quoted, zip(*decisions, strict=True))
        app.db.execute(SQL.append_consents, dict(zip(Decision._fields, columns, strict=True)))


def _refresh(app: App, keys: set[Key], customers: set[int]) -> set[int]:
    """Everybody who had a word about these before, or has one now."""
    channels, purposes, addresses = map(quoted, zip(*keys, strict=True))
    given = {"channels": channels, "purposes": purposes, "addresses": addresses, "customers": array(customers)}
    before = app.db.execute(SQL.drop_consent_states, given).fetchall()
    after = app.db.execute(SQL.project_consent_states, given).fetchall()
    disputed.stop(app, given)
    return {customer for (customer,) in (*before, *after)}
