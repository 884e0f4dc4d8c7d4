"""Whatever becomes of customers, what is copied of their consents and identities is what would be read anew.

Random histories with merges, splits, withdrawals, erasures and expiring consents; after every step each copied value is
compared with the same query over everybody, and each membership with its rule; at the end the stream with the lake.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze, collect, flow, privacy
from regulars.analyze import held
from regulars.analyze.expressions import Consented, Field, Identified
from regulars.analyze.schema import ready
from regulars.analyze.segments import tree
from regulars.app import App
from regulars.kit.clock import ManualClock
from regulars.kit.errors import RegularsError
from regulars.model import Moment
from regulars.profile import Author, hand
from regulars.resolve import Steward, decide
from regulars.worker.follow import Follower
from tests.engage.town import carry, message, order, tell

STEPS = 40
RULES: list[dict[str, Any]] = [
    {"kind": "consent", "channel": "email"},
    {"kind": "consent", "channel": "email", "said": "no"},
    {"kind": "consent", "channel": "email", "said": "nothing"},
    {"kind": "consent", "channel": "phone", "said": "ended"},
    *({"kind": "identity", "type": kind} for kind in ("card", "device", "phone", "login", "cookie", "payment")),
    {"kind": "identity", "type": "email", "value": 2},
    {"kind": "identity", "type": "record", "value": 3},
    {"kind": "stage", "stage": "nurture"},
]
EMAILS = [f"e{number}@example.com" for number in range(5)]
PHONES = [f"+1312555014{number}" for number in range(4)]
CARDS = [f"CARD-{number}" for number in range(4)]
LOGINS = [f"l{number}" for number in range(8)]
STEWARD = Steward("Ada", "a reason")


class Life:
    """A small brand to which things happen by lot."""

    def __init__(self, app: App, clock: ManualClock, seed: int) -> None:
        self.app, self.clock, self.lot, self.told = app, clock, random.Random(seed), 0

    def happen(self) -> str:
        """One thing; gives its name."""
        seldom = [self.by_hand, self.take_back, self.erase, self.wait]
        step = self.lot.choice([*[self.hear] * 6, *[self.judge] * 3, *seldom])
        step()
        carry(self.app)
        return step.__name__

    def hear(self) -> None:
        tell(self.app, self.lot.choice(["crm", "shop"]), [self.said() for _ in range(self.lot.randrange(1, 8))])

    def said(self) -> dict[str, Any]:
        self.told += 1
        at = self.clock.now() - timedelta(days=self.lot.randrange(30), minutes=self.told)
        made = self.lot.choice([self._who, self._who, self._order, self._consent, self._consent])(at)
        if self.lot.random() < 0.3:
            made["anonymousId"] = self.lot.choice(["b1", "b2", "b3"])
        if self.lot.random() < 0.2:
            made["context"] = {"device": {"id": self.lot.choice(["d1", "d2"])}}
        return made | {"messageId": f"m{self.told}"}

    def _who(self, at: Any) -> dict[str, Any]:
        known = {
            "email": self.lot.choice(EMAILS),
            "phone": self.lot.choice(PHONES),
            "loyalty_card": self.lot.choice(CARDS),
            "first_name": self.lot.choice(["Ann", "Bob", "Cleo"]),
            "consent": {self.lot.choice(["email", "sms"]): self.lot.random() < 0.6},
        }
        traits: dict[str, Any] = {name: value for name, value in known.items() if self.lot.random() < 0.5}
        traits["email_verified"] = self.lot.random() < 0.5
        return message("identify", self.lot.choice(LOGINS), at, traits=traits)

    def _order(self, at: Any) -> dict[str, Any]:
        return order(self.lot.choice(LOGINS), at)

    def _consent(self, at: Any) -> dict[str, Any]:
        said: dict[str, Any] = {"channel": self.lot.choice(["email", "phone"]), "purpose": "marketing"}
        if self.lot.random() < 0.4:
            said["address"] = self.lot.choice([*EMAILS, *PHONES])
        if self.lot.random() < 0.4:
            said["expires_at"] = (self.clock.now() + timedelta(hours=self.lot.choice([-5, 5, 30]))).isoformat()
        name = self.lot.choice(["Consent Given", "Consent Withdrawn"])
        return message("track", self.lot.choice(LOGINS), at, event=name, properties=said)

    def judge(self) -> None:
        """A steward decides who is who."""
        records = self._numbers("select r.seq from record r join signature s on s.id = r.signature where customer > 0")
        if len(records) < 4:
            return
        pair = self.lot.sample(records, 2)
        value = Moment(kind="email", value=self.lot.choice(EMAILS))
        acts: list[Callable[[App], Any]] = [
            lambda app: decide.merge(app, STEWARD, pair),
            lambda app: decide.split(app, STEWARD, pair[:1], pair[1:]),
            lambda app: decide.distinguish(app, STEWARD, *pair),
            lambda app: decide.block(app, STEWARD, value),
            lambda app: decide.undo(app, STEWARD, self.lot.choice(self._subjects(app))),
        ]
        self._refusable(lambda app: flow.on_decision(app, self.lot.choice(acts)(app)))

    def by_hand(self) -> None:
        field, value = self.lot.choice([("email", self.lot.choice(EMAILS)), ("phone", self.lot.choice(PHONES))])
        who = self._somebody()
        if who:
            author = Author("Ada", "a reason")
            self._refusable(lambda app: flow.on_decision(app, hand.set_field(app, author, who, field, value)))

    def take_back(self) -> None:
        records = self._numbers("select seq from record")
        if records:
            first = self.lot.choice(records)
            self._refusable(lambda app: collect.withdraw(app, [(first, first + self.lot.randrange(3))], "a", "r"))
            follower = Follower()
            while follower.step(self.app):
                pass

    def erase(self) -> None:
        who = self._somebody()
        if who and self.lot.random() < 0.4:
            with self.app.transaction() as inside:
                asked = privacy.ask_erasure(inside, who, "o", "r")
            while privacy.carry_erasure(self.app, asked):
                pass

    def wait(self) -> None:
        self.clock.move_to(self.clock.now() + timedelta(hours=self.lot.choice([1, 6, 26])))
        with self.app.transaction() as inside:
            flow.on_tick(inside, self.clock.now())

    def _refusable(self, act: Callable[[App], Any]) -> None:
        """What cannot be decided is refused, and nothing of it stays."""
        try:
            with self.app.transaction() as inside:
                act(inside)
        except (RegularsError, IndexError):
            pass

    def _subjects(self, app: App) -> list[str]:
        return sorted(row[0] for row in app.db.execute("select distinct subject from decision"))

    def _somebody(self) -> int | None:
        known = self._numbers("select id from customer where known and id > 0")
        return self.lot.choice(known) if known else None

    def _numbers(self, query: Any) -> list[int]:
        with self.app.transaction() as inside:
            return sorted(row[0] for row in inside.db.execute(query))


@pytest.mark.parametrize("seed", [0, 1])
def test_copied_values_and_memberships_follow_whatever_happens(app: App, clock: ManualClock, seed: int) -> None:
    with app.transaction() as inside:
        for number, rule in enumerate(RULES):
            analyze.create(inside, analyze.Draft(title=f"Rule {number}", rule=tree.read(rule)), "maya")
    while analyze.adopt(app):
        pass
    life = Life(app, clock, seed)

    happened = [(life.happen(), *stale(app)) for _ in range(STEPS)]

    assert {what for what, *_ in happened} > {"hear", "judge", "wait"}
    assert [one for one in happened if one[1] or one[2]] == []
    collect.flush(app)
    with app.transaction() as inside:
        assert analyze.differences(inside) == []


def stale(app: App) -> tuple[list[int], list[Any]]:
    """Customers whose copied values are not what would be read now, and memberships that their rules deny."""
    with app.transaction() as inside:
        catalogue = ready(inside)
        query: Any = held.changed(catalogue.plan, Consented, Identified, Field)
        copied = [row[0] for row in inside.db.execute(query, {"now": app.clock.now()})]
        words: Any = catalogue.statements.reword
        return copied, inside.db.execute(words).fetchall()
