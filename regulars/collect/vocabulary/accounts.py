"""Accounts and sessions."""

from regulars.collect.properties import WHO, EventSchema, text
from regulars.collect.vocabulary import SEGMENT_OTHER, Group, groups

HOW = text("method", "How", "password")

groups.add("accounts")(
    Group(
        title="Accounts",
        origin=SEGMENT_OTHER,
        meaning="Who has an account, and when she used it. A sign-out ends the session on a shared device.",
        events=(
            EventSchema(name="Signed Up", meaning="An account was made.", properties=(HOW, *WHO[2:])),
            EventSchema(name="Signed In", meaning="Somebody opened a session.", properties=(HOW,)),
            EventSchema(name="Signed Out", meaning="The session ended.", properties=()),
        ),
    )
)
