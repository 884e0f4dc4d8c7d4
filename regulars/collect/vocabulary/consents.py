"""Yes and no to being written to."""

from regulars.collect.properties import EventSchema, choice, text
from regulars.collect.vocabulary import EXTENSION, Group, groups

ASKED = (
    choice("channel", "For which channel", "email", "sms", "post", "call", required=True),
    text("purpose", "For what", "marketing"),
    text("address", "For which address only; all of hers where left out", "clementine@example.com", personal="email"),
    text("collection_point", "Where she was asked", "checkout"),
    text("basis", "Legal basis", "consent"),
    text("notice", "The text she saw, by its name in purposes.yaml", "privacy-2026"),
    text("notice_version", "Its version", "2"),
    text("expires_at", "When a yes ends by itself; unreadable, it is none", "2027-03-31T00:00:00Z"),
    text("jurisdiction", "Under which law", "GDPR"),
    text("actor", "Who entered it, where that was not she", "store 412"),
)

groups.add("consents")(
    Group(
        title="Consent",
        origin=EXTENSION,
        meaning="Every yes and no with its evidence; a later no wins. Nobody is written to without a yes.",
        events=(
            EventSchema(name="Consent Given", meaning="She said yes.", properties=ASKED),
            EventSchema(name="Consent Withdrawn", meaning="She said no.", properties=ASKED),
        ),
    )
)
