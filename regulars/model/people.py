"""Who did it: a batch with the customer of each event."""

import msgspec

from regulars.model.event import Batch


class Merge(msgspec.Struct, frozen=True):
    """Customer `loser` became part of customer `survivor`, whole."""

    loser: int
    survivor: int


class People(msgspec.Struct, frozen=True, kw_only=True):
    """The batch, recognized.

    `customers[i]` is the customer of `batch.events[i]`, None where nobody can be named (unidentified).
    A customer id is the journal position of the record that founded it.
    """

    batch: Batch
    customers: list[int | None]
    created: list[int]
    """Customers that exist since this batch."""
    merged: list[Merge]
    """Whole customers that went up in others; states add, nothing is rescanned."""
    recompute: list[int]
    """Customers that lost or swapped records (splits, sessions reassigned, withdrawn facts): their state is stale and
    every room rebuilds it from their events. Includes ids that no longer exist: those end up empty and are removed."""
    touched: list[int] = []
    """Customers around whom evidence came, went or was judged anew, though they may be who they were."""
    withdrawn: list[int] = []
    """Positions whose events were taken back; whoever had them is among `recompute`."""
    cause: str = ""
    """Names what changed who is who where it was no batch: a decision, a withdrawal. What follows happens once each."""
