"""The stream's store as dicts: what PostgreSQL is asked, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from regulars.resolve.advance import Advanced, Loaded, advance
from regulars.resolve.facts import Decision, Held, Settled, Signature, in_force, kept_current
from regulars.resolve.judge import ruled_by
from regulars.resolve.likeness import Pair, likeness
from regulars.resolve.policy import BARRED, CARRIERS, EDGE, LOGIN
from tests.resolve.ghosts import left_of
from tests.resolve.notation import BANDS


class Memory:
    """Signatures, links and the published answer; `take` is a batch, `decide` a steward."""

    def __init__(self, former_holders: bool = True, told_beside: bool = True) -> None:
        self.signatures: dict[int, Signature] = {}
        self.links: dict[tuple[int, int, int], Held] = {}
        self.reach: dict[int, int] = {}
        self.customers: dict[int, int | None] = {}
        self.decisions: list[Decision] = []
        self.pairs: list[Pair] = []
        self.former_holders, self.told_beside = former_holders, told_beside

    def take(self, new: Sequence[Signature]) -> None:
        """New signatures, or known ones as wide as they are with one more record."""
        new = [wider(self.signatures.get(one.id), one) for one in new]
        self.signatures |= {one.id: one for one in new}
        self._settle([one.id for one in new], {link.value for one in new for link in one.links} | self._beside(new))

    def score(self, pairs: Sequence[Pair]) -> None:
        """Scores of signatures that are there."""
        self.pairs += pairs
        self._settle(sorted({s for one, other, _, _ in pairs for s in (one, other)}), set())

    def decide(self, decision: Decision) -> None:
        """A statement: the reaches of those it names are computed again."""
        self.decisions.append(decision)
        # A model speaks of everybody it scored.
        scored = {s for one, other, _, _ in self.pairs for s in (one, other)} if decision.kind == "model" else ()
        # What nobody owns counts no more for the other values of its holders.
        carriers = {s for s, value, _ in self.links if value == decision.value and decision.subject[:5] == "block"}
        spoken_of = (*decision.signatures, *decision.leaving, *scored, *carriers)
        named = [s for s in spoken_of if s in self.signatures]
        asked = {link.value for s in named for link in self.signatures[s].links}
        spoken = {decision.value} if decision.value is not None and decision.kind != "model" else set[int]()
        self._settle(named, asked | spoken | self._beside([self.signatures[s] for s in named]))

    def erase(self, customer: int, number: int, names_speak: bool = True) -> set[int]:
        """Ghosts in the place of this customer; whoever was in a reach with her is computed again.

        Gives the values that only she had.
        """
        hers = {s for s, whose in self.customers.items() if whose == customer}
        touched = {self.reach[s] for s in hers}
        around = {s for s, reach in self.reach.items() if reach in touched} - hers
        left = left_of(list(self.signatures.values()), self.decisions, self.pairs, hers, number, names_speak)
        self.signatures = {one.id: one for one in left.signatures}
        self.decisions, self.pairs = left.decisions, left.pairs
        self.links = {
            (left.ghost_of.get(s, s), left.value_of.get(value, value), cls): one._replace(
                value=left.value_of.get(value, value)
            )
            for (s, value, cls), one in self.links.items()
        }
        for s in hers:
            self.reach[left.ghost_of[s]] = self.reach.pop(s)
            del self.customers[s]
        named = [*around, *left.ghost_of.values()]
        self._settle(named, {link.value for s in named for link in self.signatures[s].links})
        return set(left.value_of)

    def pinned(self, split: Decision, new: int) -> Decision:
        """As decide.split states it: the staying side keeps the id also where a leaving record minted it."""
        found = {self.customers.get(s) for s in split.signatures}
        customer = found.pop() if len(found) == 1 else None
        mints = ruled_by(in_force(self.decisions), self.signatures).mints
        members = [s for s, whose in self.customers.items() if whose == customer]
        minter = {mints.get(s, self.signatures[s].first_seq): s for s in members}
        staying = [s for s in split.signatures if s not in split.leaving]
        if customer is None or minter.get(customer) not in split.leaving or not staying:
            return split
        heir = min(staying, key=lambda s: (not self._is_known(s), self.signatures[s].first_seq, s))
        return msgspec.structs.replace(split, minters=(heir, minter[customer]), minted=(customer, new))

    def _is_known(self, signature: int) -> bool:
        return any(
            one.level not in CARRIERS and one.state in (EDGE, BARRED)
            for (s, _, _), one in self.links.items()
            if s == signature
        )

    def living(self) -> dict[int, int | None]:
        """Customer by signature; None where nothing links it, erased people left out."""
        return {s: whose for s, whose in self.customers.items() if not self.signatures[s].ghost}

    def _beside(self, some: Sequence[Signature]) -> set[int]:
        """What sources that keep a field current say of the logins of these."""
        logins = {link.value for one in some for link in one.links if link.cls == LOGIN and self.told_beside}
        return {
            value
            for one in self.signatures.values()
            if any(link.value in logins for link in one.links)
            for value in kept_current(one)
        }

    def _settle(self, named: Sequence[int], asked: set[int]) -> None:
        while True:
            advanced = self.advanced(named, asked)
            loaded = {s for (s, value, _) in advanced.standing if value in advanced.logins_turned}
            more = {value for (s, value, _) in advanced.standing if s in loaded} - asked
            if not more:
                break
            asked |= more
        self.links |= advanced.links
        for settled in advanced.settled:
            self.publish(settled)

    def advanced(self, named: Sequence[int], asked: set[int]) -> Advanced:
        """The rule on the reaches of these signatures and of all who hold these values."""
        # The control looks at holders by an edge only: who was barred or is generic is forgotten.
        touched = {
            self.reach[s]
            for (s, value, _), one in self.links.items()
            if value in asked and (self.former_holders or one.state == EDGE)
        }
        touched |= {self.reach[s] for s in named if s in self.reach}
        found = {s: self.signatures[s] for s, reach in self.reach.items() if reach in touched}
        links = {key: one for key, one in self.links.items() if key[0] in found}
        found |= {s: self.signatures[s] for s in named}
        alike = likeness(self.pairs, self.decisions, BANDS)
        return advance(Loaded(signatures=found, links=links, decisions=self.decisions, alike=alike), asked, {})

    def publish(self, settled: Settled) -> None:
        """What stands from now on."""
        members = {s: group.id for group in settled.groups for s in group.signatures}
        ghosts = [ghost for ghost, _ in settled.ghosts]
        for signature in [*members, *settled.unidentified, *ghosts]:
            self.reach[signature] = settled.reach
            self.customers[signature] = members.get(signature)


def wider(was: Signature | None, one: Signature) -> Signature:
    """A signature as wide as it is with more records of equal evidence."""
    if was is None:
        return one
    return msgspec.structs.replace(
        one,
        first_seq=min(was.first_seq, one.first_seq),
        first_day=min(was.first_day, one.first_day),
        last_day=max(was.last_day, one.last_day),
    )
