"""Tier credits given on top of spend: a planted opportunity. All invented; baskets are not touched.

Planted effect (stated in the truth file): some whose spend of the year stands well below Gold got credits that leave
them just below it. So more customers stand right below that tier than beside it, which chance does not do.
"""

from __future__ import annotations

import numpy as np

from regulars.analyze import missed
from regulars.app import App
from regulars.demo.chance import Ints, draw
from regulars.demo.orders import CARD, CONTACT, NOTHING, Baskets, given_back
from regulars.demo.panel import DAY_US, HOUR_US, Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import GENERATED, TILLS, Draft, Message

TIER, TIER_CREDITS = "Gold", 1_500
DECLARED = f"""# The tiers of the loyalty program (invented): what each takes within 52 weeks.
tiers:
  Silver: 750
  {TIER}: {TIER_CREDITS}
  Platinum: 3000
"""
# Spend of the year in money, from which on and up to which somebody may be lifted; the part of them who are.
FROM, UP_TO, LIFTED = 800, 1_370, 0.6
# Where they stand afterwards, as parts of what the tier takes.
STANDS = (0.935, 0.985)
DAYS_BEFORE_END = 40


def lifted(panel: Panel, people: People, baskets: Baskets) -> tuple[Ints, Ints]:
    """Places of those who were given credits, and how many each."""
    told = baskets.how != NOTHING
    told &= baskets.how != CONTACT
    spend = np.bincount(baskets.shopper[told], panel.basket_cents[told], len(people.persons)) / 100
    shown = np.bincount(baskets.shopper[baskets.how == CARD], minlength=len(people.persons))
    own = np.array([person.adult and person.own_card for person in people.persons])
    chosen = own & (shown > 0) & (spend >= FROM) & (spend <= UP_TO) & (draw(people.keys, "tier credit") < LIFTED)
    places = np.flatnonzero(chosen)
    rows, cents = given_back(panel)
    rows, cents = rows[told[rows]], cents[told[rows]]
    # What was given back earns nothing: they stand where they stand without it.
    spend -= np.bincount(baskets.shopper[rows], cents, len(people.persons)) / 100
    stands = STANDS[0] + draw(people.keys[places], "tier standing") * (STANDS[1] - STANDS[0])
    return places, np.rint(TIER_CREDITS * stands - spend[places]).astype(np.int64)


def declare(app: App) -> None:
    """Lay the brand's tiers into its data folder, unless somebody wrote them there."""
    path = app.settings.home_path / missed.TIERS_FILE
    if not path.exists():
        path.write_text(DECLARED)


def credits(panel: Panel, people: People, baskets: Baskets) -> list[Draft]:
    """One grant each, at the till, by the card they show anyway."""
    places, given = lifted(panel, people, baskets)
    drafts: list[Draft] = []
    rows: list[tuple[int, int]] = list(zip(places.tolist(), given.tolist(), strict=True))
    for place, quantity in rows:
        person: Person = people.persons[place]
        at = panel.end_us - DAYS_BEFORE_END * DAY_US + person.key % 10 * HOUR_US
        drafts.append(Draft(at, TILLS, person.key, True, _granted, (person, quantity)))
    return drafts


def _granted(person: Person, quantity: int) -> Message:
    return {
        "type": "track",
        "event": "Tier Credit Granted",
        "messageId": f"tier-credit-{person.key}",
        "properties": {"loyalty_card": person.card, "quantity": quantity, "reason": "double credit weeks"},
        "context": GENERATED,
    }
