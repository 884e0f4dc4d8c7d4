"""Properties of events as declared things: name, type, meaning, an example. What the vocabulary and a plan are made of.

Types are JSON Schema's (string, number, integer, boolean, object, array) and datetime, which is a string on the wire.
"""

from __future__ import annotations

from typing import Any

import msgspec

TYPES = ("string", "number", "integer", "boolean", "datetime", "array", "object")
PERSONAL = ("email", "phone", "name", "address", "birth_date", "identifier", "location", "free_text")
"""Classes of personal data a property may hold; identifier is a card, a token, a login."""


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """One property of an event. `of` holds the properties of an object, or of the objects of an array."""

    name: str
    type: str
    """One of TYPES; empty: any."""
    meaning: str = ""
    example: Any = None
    required: bool = False
    one_of: tuple[Any, ...] = ()
    pattern: str = ""
    at_least: float | None = None
    personal: str = ""
    """A class of PERSONAL, empty where it says nothing of a person."""
    of: tuple[Property, ...] = ()


class EventSchema(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its properties."""

    name: str
    meaning: str
    properties: tuple[Property, ...]

    def example(self) -> dict[str, Any]:
        """A message of this event, as it would be sent."""
        return {"type": "track", "event": self.name, "userId": "u-1042", "properties": example_of(self.properties)}


def example_of(properties: tuple[Property, ...]) -> dict[str, Any]:
    """The examples of these properties as one object; what has none is left out."""
    given: dict[str, Any] = {}
    for each in properties:
        if each.of:
            inside = example_of(each.of)
            given[each.name] = [inside] if each.type == "array" else inside
        elif each.example is not None:
            given[each.name] = each.example
    return given


def text(name: str, meaning: str, example: str, *, required: bool = False, personal: str = "") -> Property:
    """Text."""
    return Property(name=name, type="string", meaning=meaning, example=example, required=required, personal=personal)


def choice(name: str, meaning: str, *values: str, required: bool = False) -> Property:
    """One of these texts; the first is the example."""
    return Property(name=name, type="string", meaning=meaning, example=values[0], one_of=values, required=required)


def amount(name: str, meaning: str, example: float, *, required: bool = False) -> Property:
    """Money, in units of the currency with two decimals."""
    return Property(name=name, type="number", meaning=meaning, example=example, required=required)


def number(name: str, meaning: str, example: float, *, required: bool = False) -> Property:
    """A measure."""
    return Property(name=name, type="number", meaning=meaning, example=example, required=required)


def whole(name: str, meaning: str, example: int, *, required: bool = False) -> Property:
    """A whole number."""
    return Property(name=name, type="integer", meaning=meaning, example=example, required=required)


def flag(name: str, meaning: str, example: bool) -> Property:
    """Yes or no."""
    return Property(name=name, type="boolean", meaning=meaning, example=example)


def instant(name: str, meaning: str, example: str, *, required: bool = False) -> Property:
    """A time."""
    return Property(name=name, type="datetime", meaning=meaning, example=example, required=required)


def rows(name: str, meaning: str, *of: Property, required: bool = False) -> Property:
    """A list of objects."""
    return Property(name=name, type="array", meaning=meaning, of=of, required=required)


def as_required(*properties: Property) -> tuple[Property, ...]:
    """The same properties, all of them needed."""
    return tuple(msgspec.structs.replace(each, required=True) for each in properties)


ORDER_ID = text("order_id", "The order's own number, the same in every event about it", "10452")
CART_ID = text("cart_id", "The cart", "cart-77")
CHECKOUT_ID = text("checkout_id", "One walk through the checkout", "checkout-5")
CURRENCY = text("currency", "ISO 4217 code of all amounts", "USD")
COUPON = text("coupon", "Code of the coupon", "SPRING10")

PRODUCT = (
    text("product_id", "The product, as your catalogue names it", "981760"),
    text("sku", "Stock keeping unit", "CT-18LB"),
    text("category", "Category of the product", "CAT FOOD"),
    text("name", "What the product is called", "Dry cat food, 18 lb"),
    text("brand", "Who makes it", "National"),
    text("variant", "Size, color, flavor", "18 lb"),
    amount("price", "Price of one piece", 21.49),
    number("quantity", "Pieces", 2),
    COUPON,
    whole("position", "Place in the list it was shown in, from 1", 3),
    text("url", "Address of its page", "https://shop.example/p/981760"),
    text("image_url", "Address of its picture", "https://shop.example/p/981760.jpg"),
)
SALE = (
    text("department", "Department of the store; ours", "GROCERY"),
    amount("revenue", "What was paid for the line; ours, wins over price times quantity", 39.98),
    amount("discount", "Price reduction of the line; ours", 3.0),
    amount("coupon_discount", "What coupons took off the line; ours", 1.0),
)
PRODUCTS = rows("products", "The products, one object each", *as_required(PRODUCT[0]), *PRODUCT[1:])
LINES = rows("products", "The lines, one object each", *as_required(PRODUCT[0]), *PRODUCT[1:], *SALE)
ORDER = (
    text("affiliation", "Store or partner in whose name it was sold", "Corner Market online"),
    amount("total", "What is to be paid, shipping and tax included", 46.98),
    amount("revenue", "What was sold, shipping and tax excluded", 39.98),
    amount("shipping", "Cost of shipping", 4.0),
    amount("tax", "Tax", 3.0),
    amount("discount", "Price reductions of all lines", 3.0),
    COUPON,
    CURRENCY,
)
PLACE = (
    text("store_id", "The store; ours", "367"),
    text("channel", "store, web, app or call; ours, guessed from the source where left out", "store"),
    text("campaign_id", "The campaign behind it; ours", "campaign-18"),
)
WHO = (
    text("loyalty_card", "Number of the loyalty card; ours", "7004218833", personal="identifier"),
    text("payment_token", "Token of the payment card, never its number; ours", "tok_5fa1", personal="identifier"),
    text("email", "E-mail of whoever it is about; ours", "clementine@example.com", personal="email"),
    text("phone", "Phone in international form; ours", "+12125550142", personal="phone"),
)
