"""Bodies that the door lets in: the fields a room reads, holding anything that JSON can say."""

from __future__ import annotations

import random
import string
from typing import Any

from hypothesis import strategies as st

from regulars.model import Body

# Beyond this the door refuses a number.
NUMBER_MAX = 10**18 - 1
# PostgreSQL compresses what repeats: only noise is as long in a key as it looks.
NOISE = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=6_000))
TEXTS = (
    *("", " ", "²", "true", "No", "NaN", "1e30", "1e99999", "1e999999999", "-1e999999999", "999999999999999999"),
    *(
        "19.99",
        "email",
        "Email",
        "a@example.com",
        "+1 212 555 0142",
        "2024-02-30",
        "㍿㌀㋿" * 150,
        NOISE,
        "'\"\\{}\x01",
    ),
)
NAMES = (
    *("Order Completed", "Order Refunded", "Item Returned", "Consent Given", "Consent Withdrawn", "Unsubscribed"),
    *("Survey Answered", "Coupon Redeemed", "Segment Entered", "Signed Out"),
)
PARTS = ("id", "type", "street", "city", "postcode", "email", "sms", "Email", "quantity", "price")

numbers = st.integers(-NUMBER_MAX, NUMBER_MAX) | st.floats(-1e17, 1e17, allow_nan=False)
texts = st.sampled_from(TEXTS) | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8
)
plain = st.none() | st.booleans() | numbers | texts
values = texts | plain | st.lists(plain, max_size=3) | st.dictionaries(st.sampled_from(PARTS), plain, max_size=3)
devices = st.fixed_dictionaries({"id": values})
entries = st.lists(st.fixed_dictionaries({"type": values, "id": values}) | plain, max_size=2)


@st.composite
def bodies(draw: st.DrawFn, fields: tuple[str, ...]) -> Body:
    """What the door promises, objects where objects belong and ids of text, in the fields a room reads; no more."""
    bags = st.dictionaries(st.sampled_from(fields), values, max_size=len(fields))
    context: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "traits": bags | values,
                "device": devices | values,
                "externalIds": entries | values,
                "customer": st.booleans() | values,
                "generated": values,
            },
        )
    )
    return Body(
        user_id=draw(st.none() | st.sampled_from(("u1", "u2", NOISE))),
        anonymous_id=draw(st.none() | st.sampled_from(("c1", "²"))),
        properties=draw(bags),
        traits=draw(bags),
        context=context,
    )
