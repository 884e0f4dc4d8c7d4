"""Every basket of the panel as an Order Completed, and the returns of some.

Panel data: order, time, store, products, amounts, household. Invented: who of the household shopped, at the till or in
the web store, and what of her identity the receipt carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regulars.demo import names
from regulars.demo.chance import Ints, draw, draw_one, pick
from regulars.demo.panel import Panel
from regulars.demo.people import People, Person
from regulars.demo.stream import (
    DAY_US,
    GENERATED,
    TILLS,
    WEB,
    Draft,
    Made,
    Message,
    Stream,
    stamps,
)

# Shares of baskets. Cumulated where several are listed.
SECOND_SHOPS = 0.28
CHILD_SHOPS = 0.02
WEB_OF_WEB_SHOPPERS = 0.25
WEB_GUEST = 0.15
CARD_SHOWN = 0.88
TOKEN_BESIDE_CARD = 0.25
# Of orders on line: paid with the card she pays with in stores, for which the payment provider gives one token.
TOKEN_ON_LINE = 0.60
WITHOUT_CARD = (0.60, 0.74)
"""Payment token; typed contact; the rest is cash and says nothing."""
JUNK_TYPED = 0.15
CHILD_SHOWS_CARD = 0.03
RETURNED = 0.02

NOTHING, CARD, CARD_AND_TOKEN, TOKEN, CONTACT, LOGIN, GUEST = range(7)


class Baskets(NamedTuple):
    """Who shopped, and how the receipt tells: one row a basket."""

    shopper: NDArray[np.int64]
    """Place in People.persons."""
    how: NDArray[np.int64]


def shoppers(panel: Panel, people: People) -> Baskets:
    """Draw for each basket who of the household bought it, and what identified her."""
    basket = panel.basket
    home = np.searchsorted(panel.households, panel.household)
    adults, members = people.adults[home], people.members[home]
    second = (adults > 1) & (draw(basket, "second shops") < SECOND_SHOPS)
    child = (members > adults) & (draw(basket, "child shops") < CHILD_SHOPS)
    member = np.where(child, adults + pick(basket, "which child", np.maximum(members - adults, 1)), second)
    shopper = people.first_of_household[home] + member
    on_line = people.has_web[shopper] & (draw(basket, "on line") < WEB_OF_WEB_SHOPPERS)
    shown = draw(basket, "card shown") < np.where(child, CHILD_SHOWS_CARD, CARD_SHOWN)
    carded = shown & (people.has_card[shopper] | child)
    beside, without = draw(basket, "token beside"), draw(basket, "without card")
    how = np.select(
        [
            on_line & (draw(basket, "guest") < WEB_GUEST),
            on_line,
            carded & (beside < TOKEN_BESIDE_CARD) & ~child,
            carded,
            child | (without >= WITHOUT_CARD[1]),
            without < WITHOUT_CARD[0],
        ],
        [GUEST, LOGIN, CARD_AND_TOKEN, CARD, NOTHING, TOKEN],
        CONTACT,
    )
    return Baskets(shopper, how)


def orders(panel: Panel, people: People, baskets: Baskets, to_utc: Callable[[Ints], Ints]) -> Stream:
    """Every basket, in order of time."""
    utc = to_utc(panel.local_us)
    order = np.argsort(utc, kind="stable")
    junk = draw(panel.basket, "junk typed") < JUNK_TYPED
    first = people.first_of_household[np.searchsorted(panel.households, panel.household)]

    def make(start: int, stop: int) -> list[Made]:
        rows = order[start:stop]
        made: list[Made] = []
        if not len(rows):
            return made
        lines, times = _lines(panel, rows), stamps(utc[rows])
        for row, time in zip(rows.tolist(), times, strict=True):
            child_or_adult, how = people.persons[int(baskets.shopper[row])], int(baskets.how[row])
            holder = people.persons[int(first[row])]
            shopper = child_or_adult if child_or_adult.adult else holder
            on_line = how in (LOGIN, GUEST)
            message = _message(shopper, how, panel, row, bool(junk[row]))
            message["timestamp"] = time
            properties = message["properties"]
            properties |= _contents(panel, row, lines)
            properties["channel"] = "web" if on_line else "store"
            counted = identifies(how, properties, bool(junk[row]))
            made.append(Made(WEB if on_line else TILLS, message, child_or_adult.key, counted))
        return made

    return Stream(utc[order], make)


def identifies(how: int, properties: dict[str, Any], junk: bool) -> bool:
    """True if the receipt carries something of its shopper: no filler, and not nothing."""
    if how == CONTACT:
        return not junk and ("email" in properties or "phone" in properties)
    return how != NOTHING


def _message(person: Person, how: int, panel: Panel, row: int, junk: bool) -> Message:
    """Envelope and identity of a receipt."""
    basket = int(panel.basket[row])
    message: Message = {"type": "track", "event": "Order Completed", "messageId": f"order-{basket}"}
    message["properties"] = properties = identity(person, how, basket, junk)
    if how in (LOGIN, GUEST):
        message["anonymousId"] = person.cookies[basket % len(person.cookies)]
    if how == LOGIN:
        message["userId"] = person.web
    if how == LOGIN and basket % 2:
        properties.pop("email", None)
    if how in (LOGIN, GUEST) and draw_one(basket, "token on line") < TOKEN_ON_LINE:
        properties["payment_token"] = person.token
    return message


def identity(person: Person, how: int, basket: int, junk: bool) -> dict[str, Any]:
    """What a receipt tells about its shopper."""
    if how in (CARD, CARD_AND_TOKEN):
        found: dict[str, Any] = {"loyalty_card": person.card}
        if how == CARD_AND_TOKEN:
            found["payment_token"] = person.token
        return found
    if how == TOKEN:
        return {"payment_token": person.token}
    if how == CONTACT and junk:
        if basket % 2:
            return {"email": names.JUNK_EMAILS[basket % len(names.JUNK_EMAILS)]}
        return {"phone": (*names.JUNK_PHONES, names.SHOP_PHONE)[basket // 2 % 3]}
    if how == CONTACT:
        wanted = {"email": person.email} if basket % 2 or not person.phone else {"phone": person.phone}
        return {name: value for name, value in wanted.items() if value}
    if how in (LOGIN, GUEST):
        return {"email": person.email}
    return {}


class Lines(NamedTuple):
    """The lines of consecutive baskets as plain lists: far quicker to walk than columns."""

    base: int
    """Place of the first line in the panel."""
    product: list[int]
    quantity: list[int]
    sales: list[int]
    discount: list[int]
    coupon: list[int]
    match: list[int]


def _lines(panel: Panel, rows: Ints) -> Lines:
    low, high = int(panel.line_start[rows.min()]), int(panel.line_start[rows.max() + 1])
    columns = (panel.product, panel.quantity, panel.sales_cents, panel.discount_cents, panel.coupon_cents)
    return Lines(low, *(column[low:high].tolist() for column in (*columns, panel.coupon_match_cents)))


def _contents(panel: Panel, row: int, lines: Lines) -> dict[str, Any]:
    """The basket itself: panel data, cents as decimals."""
    here = slice(int(panel.line_start[row]) - lines.base, int(panel.line_start[row + 1]) - lines.base)
    sales, discounts, coupons, matches = lines.sales[here], lines.discount[here], lines.coupon[here], lines.match[here]
    known = panel.products
    products: list[dict[str, Any]] = []
    for product, quantity, sale, discount, coupon, match in zip(
        lines.product[here], lines.quantity[here], sales, discounts, coupons, matches, strict=True
    ):
        line: dict[str, Any] = {**known[product]}
        line["quantity"] = quantity
        line["revenue"] = sale / 100
        if discount:
            line["discount"] = discount / 100
        if coupon:
            line["coupon_discount"] = coupon / 100
        if match:
            line["coupon_match_discount"] = match / 100
        products.append(line)
    return {
        "order_id": str(panel.basket[row]),
        "household_id": str(panel.household[row]),
        "store_id": str(panel.store[row]),
        "revenue": sum(sales) / 100,
        "discount": sum(discounts) / 100,
        "coupon_discount": sum(coupons) / 100,
        "currency": "USD",
        "products": products,
    }


def given_back(panel: Panel) -> tuple[Ints, Ints]:
    """The baskets of which something comes back, and the cents: all of it, or its first line."""
    cents = panel.basket_cents
    chosen = np.flatnonzero((draw(panel.basket, "returned") < RETURNED) & (cents >= 300))
    lines = panel.sales_cents[panel.line_start[chosen]]
    return chosen, np.where((chosen % 3 == 0) | (lines == 0), cents[chosen], lines).astype(np.int64)


def returns(panel: Panel, people: People, baskets: Baskets) -> list[Draft]:
    """Some baskets come back, whole or in part, with the receipt (its order id) and often the card."""
    chosen, given = given_back(panel)
    later = DAY_US + (draw(panel.basket, "return day") * 20 * DAY_US).astype(np.int64)
    drafts: list[Draft] = []
    for row, back in zip(chosen.tolist(), given.tolist(), strict=True):
        person, how = people.persons[int(baskets.shopper[row])], int(baskets.how[row])
        first_line = int(panel.line_start[row])
        whole = row % 3 == 0 or not int(panel.sales_cents[first_line])
        lines: list[dict[str, Any]] = (
            [] if whole else [panel.products[panel.product[first_line]] | {"revenue": back / 100}]
        )
        args = (person, how, int(panel.basket[row]), int(panel.household[row]), back, lines)
        counted = person.adult and how not in (NOTHING, CONTACT)
        drafts.append(Draft(int(panel.local_us[row] + later[row]), TILLS, person.key, counted, _return, args))
    return drafts


REASONS = ("not fresh", "wrong item", "changed my mind", "damaged", "charged twice")


def _return(person: Person, how: int, basket: int, household: int, cents: int, products: list[Any]) -> Message:
    known = identity(person, how, basket, junk=False) if person.adult and how not in (NOTHING, CONTACT) else {}
    properties: dict[str, Any] = {
        **known,
        "order_id": str(basket),
        "household_id": str(household),
        "revenue": cents / 100,
        "currency": "USD",
        "reason": REASONS[basket % len(REASONS)],
    }
    if products:
        properties["products"] = products
    return {
        "type": "track",
        "event": "Item Returned" if products else "Order Refunded",
        "messageId": f"return-{basket}",
        "properties": properties,
        "context": GENERATED,
    }
