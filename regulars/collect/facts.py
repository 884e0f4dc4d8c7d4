"""Events as typed facts: the rows that PostgreSQL folds in a batch and that DuckDB folds from the lake. Pure.

Every track event is one fact under its own name; every page (screen) is one "Page Viewed" ("Screen Viewed"); every
product of an Order Completed is one more fact, "Order Line". Both engines fold the rows made here, so whatever could
round differently is decided here once: money becomes integer cents, days become integers in the brand's zone.
"""

# ruff: noqa: RUF005  (a fact is written as a sum of short tuples, in the groups of the table of columns)
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from regulars.kit.clock import day_number, from_microseconds, microseconds
from regulars.kit.dice import hash64
from regulars.model import Event

# fact_id = seq * LINES_PER_EVENT + line: unique, and in order of arrival. Products beyond the limit are not facts.
LINES_PER_EVENT = 4096
# Fuel is counted in thousandths of a gallon by some tills (89,638 "pieces"): whatever is above this, or no whole
# number, is one piece of something measured.
QUANTITY_LIMIT_PIECES = 999
# An amount above this is a typing error; keeping it would let one event outweigh every customer.
AMOUNT_LIMIT_CENTS = 10**13
# The same for scores and minutes; a bigint then holds the sum of 900,000 of the largest.
WHOLE_LIMIT = 10**13
# Numbers as text: the digits of ASCII only, and an exponent that cannot make arithmetic long (10^999999 takes seconds).
NUMBER_LIMIT_CHARACTERS = 40
AMOUNT_AS_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
WHOLE_AS_TEXT = re.compile(r"-?[0-9]{1,17}")
TEXT_LIMIT_CHARACTERS = 200
QUARTER_HOUR_US = 900_000_000

ORDER = "Order Completed"
LINE = "Order Line"
REFUNDS = frozenset({"Order Refunded", "Item Returned"})
CHANNEL_BY_KIND = {"tills": "store", "web": "web", "shop": "web", "calls": "call", "email": "email"}


class FactColumn(NamedTuple):
    """One column of a fact, with its type in PostgreSQL and DuckDB alike."""

    name: str
    type: str
    meaning: str


FACT_COLUMNS = (
    FactColumn("seq", "bigint", "Journal position of the event"),
    FactColumn("line", "bigint", "0 for the event itself, 1.. for its products"),
    FactColumn("fact_id", "bigint", "seq * 4096 + line: unique, breaks ties of time"),
    FactColumn("event", "text", "Name of the event, or Order Line"),
    FactColumn("occurred_us", "bigint", "Microseconds since 1970-01-01 UTC"),
    FactColumn("day", "bigint", "Days since 1970-01-01 in the brand's zone"),
    FactColumn("revenue_cents", "bigint", "What was paid; NULL where the event is no sale"),
    FactColumn("refund_cents", "bigint", "What was given back, positive"),
    FactColumn(
        "quantity", "bigint", "Pieces, or whatever an event counts; measured goods and implausible counts are 1"
    ),
    FactColumn("discount_cents", "bigint", "Retail discount, of an order the sum of its lines"),
    FactColumn("coupon_cents", "bigint", "Coupon discount, of an order the sum of its lines"),
    FactColumn("score", "bigint", "Answer of a survey, stars of a review"),
    FactColumn("minutes", "bigint", "Length of a call"),
    FactColumn("order_hash", "bigint", "64-bit hash of the order id"),
    FactColumn("product_hash", "bigint", "64-bit hash of the product id, by which different products are counted"),
    FactColumn("category", "text", "Product category"),
    FactColumn("department", "text", "Product department"),
    FactColumn("brand", "text", "Product brand"),
    FactColumn("product", "text", "Product id"),
    FactColumn("store", "text", "Store id"),
    FactColumn("channel", "text", "store, web, call or what the event says"),
    FactColumn("campaign", "text", "Campaign id"),
    FactColumn("household", "text", "Household of panel data: for reports, never identity"),
)

Fact = tuple[Any, ...]


def facts_of(events: Iterable[Event], zone: ZoneInfo) -> list[Fact]:
    """The facts of these events in FACT_COLUMNS order, by seq and line; identify, group and alias have none."""
    facts: list[Fact] = []
    for event in events:
        if event.facts is not None:
            facts += event.facts
        elif event.kind == "track":
            if event.name == ORDER:
                _order(event, zone, facts)
            else:
                facts.append(_plain(event, event.name, zone))
        elif event.kind in ("page", "screen"):
            name = "Page Viewed" if event.kind == "page" else "Screen Viewed"
            facts.append(_plain(event, name, zone))
    return facts


def _order(event: Event, zone: ZoneInfo, facts: list[Fact]) -> None:
    """Appends the order and its lines. Nine of ten facts are lines, so what the order says is looked up once."""
    p = event.body.properties
    products: Any = p.get("products")
    items: list[dict[str, Any]] = [item for item in products if isinstance(item, dict)] if _is_list(products) else []
    seq, base, us = event.seq, event.seq * LINES_PER_EVENT, microseconds(event.occurred_at)
    day = _day(us // QUARTER_HOUR_US, zone)
    order_hash = _order_hash(p.get("order_id"))
    store, channel = text(p.get("store_id")), text(p.get("channel")) or CHANNEL_BY_KIND.get(event.source_kind)
    campaign, household = text(p.get("campaign_id")), text(p.get("household_id"))
    pieces = discounts = coupons = 0
    place = len(facts)
    for number, item in enumerate(items[: LINES_PER_EVENT - 1], 1):
        get = item.get
        quantity = count(get("quantity"))
        discount, coupon = cents(get("discount")) or 0, cents(get("coupon_discount")) or 0
        pieces, discounts, coupons = pieces + quantity, discounts + discount, coupons + coupon
        facts.append(
            (
                seq, number, base + number, LINE, us, day,
                _line_cents(item), None, quantity, discount, coupon, None, None, order_hash,
                *_product(get("product_id"), get("category"), get("department"), get("brand")),
                store, channel, campaign, household,
            )
        )  # fmt: skip
    # What stands on the order itself wins over the sum of its lines; lines are often sent without discounts.
    discounts = _or(cents(p.get("discount")), _plausible(discounts))
    coupons = _or(cents(p.get("coupon_discount")), _plausible(coupons))
    revenue = _or(cents(p.get("revenue")), cents(p.get("total")))
    facts.insert(
        place,
        (
            seq, 0, base, ORDER, us, day, revenue, None, pieces, discounts, coupons, None, None, order_hash, None,
            None, None, None, None, store, channel, campaign, household,
        ),
    )  # fmt: skip


def _plain(event: Event, name: str, zone: ZoneInfo) -> Fact:
    p = event.body.properties
    us = microseconds(event.occurred_at)
    amount = cents(p.get("revenue"))
    given_back = name in REFUNDS
    product = text(p.get("product_id"))
    pieces = count(p["quantity"]) if "quantity" in p else None
    return (
        (event.seq, 0, event.seq * LINES_PER_EVENT, name, us, _day(us // QUARTER_HOUR_US, zone))
        + (None if given_back else amount, amount if given_back else None, pieces, None, None)
        # What the stars of a review are to it, the score is to an answer.
        + (_or(whole(p.get("score")), whole(p.get("rating"))), whole(p.get("minutes")), _order_hash(p.get("order_id")))
        + (product_hash(product), text(p.get("category")), text(p.get("department")), text(p.get("brand")), product)
        + (text(p.get("store_id")), text(p.get("channel")) or CHANNEL_BY_KIND.get(event.source_kind))
        + (text(p.get("campaign_id")), text(p.get("household_id")))
    )


def cents(value: Any) -> int | None:
    """Integer cents of a decimal number of the wire (JSON number or text); None for what is no amount.

    A JSON float of two decimals below 10**11 is nearer to its own cent than to any other, so rounding is exact.
    """
    if value is None or value is True or value is False:
        return None
    if type(value) is float:
        return _plausible(round(value * 100)) if -1e11 < value < 1e11 else None
    if isinstance(value, int):
        return _plausible(value * 100)
    return _cents_of_text(value.strip()) if isinstance(value, str) else None


def _cents_of_text(value: str) -> int | None:
    if len(value) > NUMBER_LIMIT_CHARACTERS or not AMOUNT_AS_TEXT.fullmatch(value):
        return None
    amount = Decimal(value)
    return _plausible(int((amount * 100).to_integral_value())) if abs(amount) < 10**11 else None


def _plausible(amount: int) -> int | None:
    return amount if -AMOUNT_LIMIT_CENTS < amount < AMOUNT_LIMIT_CENTS else None


def count(value: Any) -> int:
    """Pieces: whole numbers from 0 to QUANTITY_LIMIT_PIECES as they are, everything else is 1 piece."""
    pieces = whole(value)
    return pieces if pieces is not None and 0 <= pieces <= QUANTITY_LIMIT_PIECES else 1


def whole(value: Any) -> int | None:
    """The whole number a field holds (3, 3.0 or "3"), None where it holds none or one beyond WHOLE_LIMIT."""
    number: int | None = None
    if type(value) is int:
        number = value
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, str):
        number = int(digits) if WHOLE_AS_TEXT.fullmatch(digits := value.strip()) else None
    return number if number is not None and -WHOLE_LIMIT < number < WHOLE_LIMIT else None


def text(value: Any) -> str | None:
    """A short text key: numbers as written, blanks and structures are None, at most TEXT_LIMIT_CHARACTERS."""
    if type(value) is str:
        # A long text is none of the few that come again and again, and 65,536 of them would fill the memory.
        return _text(value) if len(value) <= TEXT_LIMIT_CHARACTERS else _text.__wrapped__(value)
    return str(value) if type(value) is int else None


@lru_cache(maxsize=65_536)
def _text(value: str) -> str | None:
    # White space of any kind is one blank and other control characters are dropped: keys stand in tables and in COPY.
    plain = "".join(c for c in " ".join(value.split()) if c >= " ")
    return plain[:TEXT_LIMIT_CHARACTERS] or None


def _product(product: Any, category: Any, department: Any, brand: Any) -> tuple[Any, ...]:
    """Hash, category, department, brand and id of a product, as a line holds them. The same few products come again."""
    # Written out: this runs for every line there is.
    are_texts = type(product) is type(category) is type(department) is type(brand) is str
    if are_texts and len(product) + len(category) + len(department) + len(brand) <= TEXT_LIMIT_CHARACTERS:
        return _short_product(product, category, department, brand)
    return _any_product(product, category, department, brand)


def _any_product(product: Any, category: Any, department: Any, brand: Any) -> tuple[Any, ...]:
    name = text(product)
    return product_hash(name), text(category), text(department), text(brand), name


_short_product = lru_cache(maxsize=65_536)(_any_product)


def _line_cents(item: dict[str, Any]) -> int | None:
    total = cents(item.get("revenue"))
    if total is not None:
        return total
    price = cents(item.get("price"))
    return None if price is None else _plausible(price * count(item.get("quantity")))


def _order_hash(value: Any) -> int | None:
    """Names an order; what is neither text nor a number names none, and 12.0 is order 12."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() else value
    return hash64("order", value) if value.__class__ in (str, int, float) else None


@lru_cache(maxsize=65_536)
def product_hash(product: str | None) -> int | None:
    """Names a product by a number that every engine orders alike."""
    return None if product is None else hash64("product", product)


@lru_cache(maxsize=4096)
def _day(quarter_hour: int, zone: ZoneInfo) -> int:
    # Zones change their offset on quarter hours only, so all instants of one have the same local date.
    return day_number(from_microseconds(quarter_hour * QUARTER_HOUR_US), zone)


def _or(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
