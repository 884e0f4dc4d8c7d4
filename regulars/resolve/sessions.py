"""Whose the anonymous events on a shared carrier are: they follow the session. Pure.

Events of a carrier in steps of at most 30 minutes, not across a sign-out, are one session. An anonymous event goes to
the last identified event before it, else to the first after it; two people at that same instant: to nobody. What is
left stays with the carrier's anonymous customer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from regulars.resolve.policy import SESSION_STEP_SECONDS

STEP = timedelta(seconds=SESSION_STEP_SECONDS)


class Seen(NamedTuple):
    """Something happened on a carrier. `customer`: the person, None where the event alone does not say."""

    carrier: tuple[int, int]
    at: datetime
    seq: int
    signature: int
    customer: int | None
    signed_out: bool = False


class Span(NamedTuple):
    """A stretch of an anonymous signature that belongs to a person."""

    signature: int
    from_at: datetime
    to_at: datetime
    customer: int


def attribute(events: Iterable[Seen]) -> dict[int, int]:
    """Customer by `seq` of the anonymous events that follow somebody's session; two carriers must not disagree."""
    by_carrier: dict[tuple[int, int], list[Seen]] = defaultdict(list)
    for event in events:
        by_carrier[event.carrier].append(event)
    claims: dict[int, set[int | None]] = defaultdict(set)
    for some in by_carrier.values():
        for session in _sessions(sorted(some, key=lambda event: (event.at, event.signed_out, event.seq))):
            for seq, customer in _follow(session):
                claims[seq].add(customer)
    return {seq: next(iter(found)) for seq, found in claims.items() if len(found) == 1 and None not in found}  # type: ignore[misc]


def spans(events: Iterable[Seen], customers: dict[int, int]) -> list[Span]:
    """Stretches of each anonymous signature, as few as say the same."""
    times: dict[int, dict[datetime, int | None]] = defaultdict(dict)
    for event in events:
        if event.customer is None:
            times[event.signature][event.at] = customers.get(event.seq)
    answer: list[Span] = []
    for signature, by_time in times.items():
        open_span: Span | None = None
        for at in sorted(by_time):
            customer = by_time[at]
            if open_span is not None and customer == open_span.customer and at - open_span.to_at <= STEP:
                open_span = open_span._replace(to_at=at)
                continue
            if open_span is not None:
                answer.append(open_span)
            open_span = None if customer is None else Span(signature, at, at, customer)
        if open_span is not None:
            answer.append(open_span)
    return answer


def _sessions(events: Sequence[Seen]) -> Iterable[list[Seen]]:
    session: list[Seen] = []
    for event in events:
        if session and (event.at - session[-1].at > STEP or (session[-1].signed_out and event.at > session[-1].at)):
            yield session
            session = []
        session.append(event)
    if session:
        yield session


def _follow(session: Sequence[Seen]) -> Iterable[tuple[int, int | None]]:
    """For every anonymous event of a session its person (None: two at that same instant), if there is any."""
    people: dict[datetime, set[int]] = defaultdict(set)
    for event in session:
        if event.customer is not None:
            people[event.at].add(event.customer)
    if not people:
        return
    instants = sorted(people)
    position = -1
    for event in session:
        while position + 1 < len(instants) and instants[position + 1] <= event.at:
            position += 1
        if event.customer is None:
            some = people[instants[max(position, 0)]]
            yield event.seq, next(iter(some)) if len(some) == 1 else None
