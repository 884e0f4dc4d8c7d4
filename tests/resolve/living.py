"""Who lives with whom, from the rule's facts alone: what households/ask.py reads from the store, read from lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from regulars.resolve.facts import Held, Signature
from regulars.resolve.households.membership import HOME, Fact, Key, evidence_of, households_on
from regulars.resolve.households.place import home_of
from regulars.resolve.policy import CARD, CARRIERS, EMAIL, EMAIL_VERIFIED, PAYMENT, PHONE, PHONE_VERIFIED, VOID

KINDS = {
    CARD: "card", EMAIL: "email", EMAIL_VERIFIED: "email", PHONE: "phone", PHONE_VERIFIED: "phone", PAYMENT: "payment",
}  # fmt: skip


def homes(
    signatures: Iterable[Signature],
    links: Mapping[tuple[int, int, int], Held],
    customers: Mapping[int, int | None],
    day: int,
) -> list[set[int]]:
    """Customers by household on this day."""
    held: dict[int, list[Held]] = defaultdict(list)
    for (signature, _, _), one in links.items():
        held[signature].append(one)
    known = {
        customers.get(s) for s, some in held.items() if any(o.state != VOID and o.level not in CARRIERS for o in some)
    }
    facts: list[Fact] = []
    for one in signatures:
        customer, home = customers.get(one.id), home_of(one.address, one.surname)
        if customer is not None and customer in known:
            shared = [Key(KINDS[o.cls], o.value, o.epoch) for o in held[one.id] if o.cls in KINDS and o.state != VOID]
            lives = [] if home is None else [Key(HOME, home, 0)]
            facts.append(Fact(customer, one.first_day, one.last_day, one.address, (*shared, *lives)))
    return households_on(evidence_of(facts), day)
