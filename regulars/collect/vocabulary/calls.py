"""The call center and other talks."""

from regulars.collect.properties import WHO, EventSchema, choice, flag, text, whole
from regulars.collect.vocabulary import EXTENSION, Group, groups

TALK = (
    text("reason", "What it was about", "delivery late"),
    whole("minutes", "How long it was", 6),
    text("agent_id", "Who answered, by number", "agent-7", personal="identifier"),
    flag("resolved", "Whether it was settled", True),
    *WHO,
)
TICKET = text("ticket_id", "The case", "case-5512")

groups.add("calls")(
    Group(
        title="Calls and service",
        origin=EXTENSION,
        meaning="Who talked with you, about what, and for how long.",
        events=(
            EventSchema(name="Call Received", meaning="A customer called.", properties=(TICKET, *TALK)),
            EventSchema(name="Call Made", meaning="A customer was called.", properties=(TICKET, *TALK)),
            EventSchema(name="Chat Ended", meaning="A written talk is over.", properties=(TICKET, *TALK)),
            EventSchema(
                name="Complaint Filed",
                meaning="Somebody complained, in whatever way.",
                properties=(
                    TICKET,
                    text("reason", "About what", "damaged goods", required=True),
                    choice("severity", "How bad it is", "low", "medium", "high"),
                    *WHO,
                ),
            ),
            EventSchema(name="Complaint Resolved", meaning="The complaint is settled.", properties=(TICKET, *WHO)),
        ),
    )
)
