"""What happens in a store of bricks."""

from regulars.collect.properties import (
    CURRENCY,
    LINES,
    ORDER_ID,
    PLACE,
    WHO,
    EventSchema,
    amount,
    as_required,
    choice,
    text,
    whole,
)
from regulars.collect.vocabulary import EXTENSION, Group, groups

STORE = as_required(PLACE[0])
STAFF = text("associate_id", "Who of the staff, by number", "staff-14", personal="identifier")

groups.add("stores")(
    Group(
        title="In the store",
        origin=EXTENSION,
        meaning="What on-line vocabularies lack: receipts, returns over the counter, visits, and who helped."
        " A sale at a till is an Order Completed like any other; these stand beside it.",
        events=(
            EventSchema(
                name="Receipt Issued",
                meaning="The till gave a receipt: the way to send one on paper, by e-mail or by code.",
                properties=(
                    text("receipt_id", "Number of the receipt", "367-20260302-0113", required=True),
                    ORDER_ID,
                    choice("delivery", "How it was given", "paper", "email", "sms", "code", "none"),
                    text("till_id", "The till", "till-3"),
                    amount("total", "What was paid", 46.98),
                    CURRENCY,
                    *STORE,
                    *WHO,
                ),
            ),
            EventSchema(
                name="Item Returned",
                meaning="Goods came back. revenue is what was given back, as a positive amount.",
                properties=(
                    ORDER_ID,
                    amount("revenue", "What was given back, positive", 21.49, required=True),
                    CURRENCY,
                    text("reason", "Why it came back", "wrong size"),
                    choice("refunded_as", "How it was given back", "money", "credit", "exchange"),
                    LINES,
                    *PLACE,
                    text("household_id", "Household of panel data, for reports, never identity", "2375"),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Visit Started",
                meaning="Somebody known came into the store: a check-in, an app near a door, an appointment.",
                properties=(
                    *STORE,
                    choice("recognized_by", "By what", "app", "card", "appointment", "associate"),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Visit Ended",
                meaning="The visit is over.",
                properties=(*STORE, whole("minutes", "How long it was", 24), *WHO),
            ),
            EventSchema(
                name="Associate Assisted",
                meaning="Somebody of the staff helped a customer.",
                properties=(
                    *STORE,
                    STAFF,
                    text("topic", "With what", "fitting"),
                    whole("minutes", "For how long", 8),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Product Tried",
                meaning="A product was tried on, tasted or tested in the store.",
                properties=(
                    *STORE,
                    text("product_id", "The product", "981760", required=True),
                    STAFF,
                    *WHO,
                ),
            ),
        ),
    )
)
