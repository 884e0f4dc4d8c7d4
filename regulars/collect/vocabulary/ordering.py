"""From a product to an order, and what becomes of the order."""

from regulars.collect.properties import (
    CART_ID,
    CHECKOUT_ID,
    CURRENCY,
    LINES,
    ORDER,
    ORDER_ID,
    PLACE,
    PRODUCT,
    PRODUCTS,
    WHO,
    EventSchema,
    Property,
    amount,
    as_required,
    text,
    whole,
)
from regulars.collect.vocabulary import SEGMENT, Group, groups

ONE_PRODUCT = (*as_required(PRODUCT[0]), *PRODUCT[1:])
VALUE = amount("value", "What it is worth to you", 39.98)
HOUSEHOLD = text("household_id", "Household of panel data, for reports, never identity; ours", "2375")
THE_ORDER = as_required(ORDER_ID)
STEP = (
    CHECKOUT_ID,
    whole("step", "Number of the step", 2),
    text("shipping_method", "How it is to be shipped", "ground"),
    text("payment_method", "How it is to be paid", "card"),
)
COUPONS = amount("coupon_discount", "What coupons took off all lines; ours", 1.0)


def product(name: str, meaning: str, *before: Property) -> EventSchema:
    """An event about one product."""
    return EventSchema(name=name, meaning=meaning, properties=(*before, *ONE_PRODUCT, CURRENCY, VALUE))


def order(name: str, meaning: str, *more: Property) -> EventSchema:
    """An event about a whole order."""
    return EventSchema(
        name=name, meaning=meaning, properties=(*THE_ORDER, *ORDER, LINES, COUPONS, *more, *PLACE, HOUSEHOLD, *WHO)
    )


groups.add("ordering")(
    Group(
        title="Core ordering",
        origin=SEGMENT,
        meaning="The way from a product to an order, and what becomes of the order afterwards. Amounts are in units of"
        " the currency with two decimals.",
        events=(
            product("Product Clicked", "Somebody chose a product from a list."),
            product("Product Viewed", "The page of one product was looked at."),
            product("Product Added", "A product was put into the cart.", CART_ID),
            product("Product Removed", "A product was taken out of the cart.", CART_ID),
            EventSchema(name="Cart Viewed", meaning="The cart was looked at.", properties=(CART_ID, PRODUCTS)),
            EventSchema(
                name="Checkout Started",
                meaning="Somebody began to pay.",
                properties=(ORDER_ID, VALUE, *ORDER, PRODUCTS),
            ),
            EventSchema(name="Checkout Step Viewed", meaning="A step of the checkout was shown.", properties=STEP),
            EventSchema(name="Checkout Step Completed", meaning="A step of the checkout was done.", properties=STEP),
            EventSchema(
                name="Payment Info Entered",
                meaning="Somebody said how they will pay.",
                properties=(ORDER_ID, *STEP),
            ),
            order(
                "Order Completed",
                "Something was bought, on line or at a till. Every line of products is a fact of its own.",
                CHECKOUT_ID,
                amount("subtotal", "Sum of the lines before discounts", 42.98),
            ),
            order("Order Updated", "An order that was completed has changed."),
            order("Order Refunded", "Money went back: the whole order, or what products names."),
            order("Order Cancelled", "An order was called off before it was delivered."),
        ),
    )
)
