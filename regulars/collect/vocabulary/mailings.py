"""Campaigns, and what the e-mail tool reports of its letters."""

from regulars.collect.properties import WHO, EventSchema, Property, choice, text
from regulars.collect.vocabulary import EXTENSION, SEGMENT_OTHER, Group, groups

EMAIL = WHO[2]
LETTER = (
    EMAIL,
    text("campaign_id", "The campaign", "campaign-18"),
    text("campaign_name", "What the campaign is called", "Spring letter"),
    text("email_id", "The letter", "letter-2231"),
    text("email_subject", "Its subject", "Your cats will like this"),
)


def letter(name: str, meaning: str, *more: Property) -> EventSchema:
    """An event about one letter."""
    return EventSchema(name=name, meaning=meaning, properties=(*LETTER, *more))


groups.add("mailings")(
    Group(
        title="E-mail",
        origin=SEGMENT_OTHER,
        meaning="What mail tools report. A bounce for good and a complaint stop every letter to that address.",
        events=(
            letter("Email Delivered", "The letter reached the mailbox."),
            letter("Email Opened", "The letter was opened, as far as pictures tell."),
            letter(
                "Email Link Clicked",
                "A link of the letter was followed.",
                text("url", "Which", "https://shop.example/cats"),
            ),
            letter(
                "Email Bounced",
                "The letter came back. Of type hard or permanent: the address is gone.",
                choice("type", "For good or for now", "hard", "permanent", "soft", "transient"),
                text("reason", "What the other side said", "mailbox unknown"),
            ),
            letter("Email Marked as Spam", "The reader called it spam."),
            letter(
                "Unsubscribed",
                "The reader wants no more letters.",
                text("channel", "Of which channel; e-mail where left out", "email"),
            ),
        ),
    )
)

groups.add("campaigns")(
    Group(
        title="Campaigns",
        origin=EXTENSION,
        meaning="Whom a campaign reached, on paper too.",
        events=(
            EventSchema(
                name="Campaign Sent",
                meaning="Somebody was sent a campaign, by post, e-mail or text message.",
                properties=(
                    text("campaign_id", "The campaign", "campaign-18", required=True),
                    text("campaign_type", "Of which type", "TypeA"),
                    text("channel", "By which way", "post"),
                    text("household_id", "Household of panel data, for reports, never identity", "2375"),
                ),
            ),
            letter("Email Complained", "The same as Email Marked as Spam, in other tools' words."),
        ),
    )
)
