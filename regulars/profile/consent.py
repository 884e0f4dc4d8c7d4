"""Who may be contacted where: append-only decisions and what they add up to.

A decision is about (person, channel, purpose, address). What holds for a customer is the latest decision, by event
time, among her own decisions about the address and everybody's withdrawals of it: unsubscribing an address stops it
for all its holders, and each of them may say yes again for herself. At the same instant "no" wins; silence is no too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, cast

from regulars.app import App
from regulars.model import Event, People
from regulars.profile.arrays import plain, quoted
from regulars.profile.survivorship import clean_email, clean_phone
from regulars.store import queries

SQL = queries(__package__ or "")

MARKETING = "marketing"
CHANNELS = ("email", "sms", "phone", "post")
DECISIONS = {"Consent Given": True, "Consent Withdrawn": False, "Unsubscribed": False}
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


def apply(app: App, people: People, moves: dict[int, int]) -> None:
    """Append the batch's decisions and bring the state of everybody concerned up to date."""
    decisions = decisions_of(people.batch.events, app.settings.brand_country)
    moved = moves.keys() | set(moves.values()) | set(people.recompute)
    if not decisions and not moved:
        return
    _append(app, decisions)
    keys: set[Key] = {(d.channel, d.purpose, d.address) for d in decisions}
    if moved:
        keys |= set(app.db.execute(SQL.consent_keys, {"customers": plain(moved)}).fetchall())
    if keys:
        _refresh(app, keys, moved | _deciders(people, decisions))


def _deciders(people: People, decisions: list[Decision]) -> set[int]:
    seqs = {decision.seq for decision in decisions}
    named = zip(people.batch.events, people.customers, strict=True) if seqs else ()
    return {customer for event, customer in named if customer is not None and event.seq in seqs}


def decisions_of(events: list[Event], country: str) -> list[Decision]:
    """The decisions these events state: by event name, and as `traits.consent` {channel: yes or no} of identify."""
    found: list[Decision] = []
    for event in events:
        if event.kind == "identify":
            consents = event.body.traits.get("consent")
            if isinstance(consents, dict):
                found += _of_traits(event, cast(dict[str, Any], consents), country)
        elif event.name in DECISIONS:
            found += _of_event(event, country)
    return found


def clean_address(channel: str, raw: object, country: str) -> str:
    """The address as stored; empty if there is none that can be read."""
    if channel == "email":
        return clean_email(raw) or ""
    if channel in ("sms", "phone"):
        return clean_phone(raw, country) or ""
    return ""


def _of_traits(event: Event, consents: dict[str, Any], country: str) -> list[Decision]:
    traits = event.body.traits
    return [
        _decision(
            event,
            channel=channel,
            purpose=MARKETING,
            address=clean_address(channel, traits.get("email" if channel == "email" else "phone"), country),
            allowed=allowed,
            evidence="traits.consent",
            given=traits,
        )
        for channel in CHANNELS
        if isinstance(allowed := consents.get(channel), bool)
    ]


def _of_event(event: Event, country: str) -> list[Decision]:
    given = event.body.properties
    channel = "email" if event.name == "Unsubscribed" else str(given.get("channel", ""))
    if channel not in CHANNELS:
        return []
    raw = given.get("address") or given.get("email" if channel == "email" else "phone")
    return [
        _decision(
            event,
            channel=channel,
            purpose=str(given.get("purpose") or MARKETING),
            address=clean_address(channel, raw, country),
            allowed=DECISIONS[event.name],
            evidence=event.name,
            given=given,
        )
    ]


def _decision(
    event: Event, *, channel: str, purpose: str, address: str, allowed: bool, evidence: str, given: dict[str, Any]
) -> Decision:
    basis, notice = given.get("legal_basis"), given.get("notice")
    return Decision(
        seq=event.seq,
        channel=channel,
        purpose=purpose,
        address=address,
        allowed=allowed,
        decided_at=event.occurred_at,
        evidence=evidence,
        collection_point=event.source,
        basis=str(basis) if basis else None,
        notice=str(notice) if notice else None,
    )


def _append(app: App, decisions: list[Decision]) -> None:
    if decisions:
        columns = map(quoted, zip(*decisions, strict=True))
        app.db.execute(SQL.append_consents, dict(zip(Decision._fields, columns, strict=True)))


def _refresh(app: App, keys: set[Key], customers: set[int]) -> None:
    channels, purposes, addresses = map(quoted, zip(*keys, strict=True))
    given = {"channels": channels, "purposes": purposes, "addresses": addresses, "customers": plain(customers)}
    app.db.execute(SQL.drop_consent_states, given)
    app.db.execute(SQL.project_consent_states, given)
