"""What Regulars itself finds out and writes into the journal, under the source `regulars`."""

from regulars.collect.properties import WHO, EventSchema, flag, text, whole
from regulars.collect.vocabulary import EXTENSION, Group, groups

SEGMENT_MOVED = (
    text("segment", "Name of the segment", "at_risk", required=True),
    text("title", "What it is called", "At risk"),
)

groups.add("ours")(
    Group(
        title="Found by Regulars",
        origin=EXTENSION,
        meaning="Nobody sends these: rooms announce them, and reports and journeys read them like any other event.",
        events=(
            EventSchema(name="Segment Entered", meaning="A customer came into a segment.", properties=SEGMENT_MOVED),
            EventSchema(name="Segment Left", meaning="A customer left a segment.", properties=SEGMENT_MOVED),
            EventSchema(
                name="Lifecycle Stage Entered",
                meaning="A customer came from one stage of the lifecycle into another; coming to be known is no news.",
                properties=(
                    text("stage", "Name of the stage", "nurture", required=True),
                    text("title", "What it is called", "Nurture"),
                    text("from_stage", "The stage before", "optimize"),
                ),
            ),
            EventSchema(
                name="Opportunity Taken Up",
                meaning="Somebody of ours took up an opportunity this customer is in, to treat her or to hold her out.",
                properties=(
                    text("campaign_id", "The group: held-out ones end in -held-out", "near_tier-12", required=True),
                    text("opportunity", "Name of the opportunity", "near_tier", required=True),
                    text("title", "What it is called", "Near the next tier"),
                    text("because", "The numbers that put her there", "credits 1,420; missing 80"),
                    flag("held_out", "Held out on purpose, so that the effect can be measured", False),
                ),
            ),
            EventSchema(
                name="Customers Merged",
                meaning="Two customers turned out to be one.",
                properties=(whole("loser", "The customer who is now part of this one", 88, required=True),),
            ),
            EventSchema(
                name="Customer Split",
                meaning="One customer turned out to be two.",
                properties=(whole("from", "The customer this one was part of", 88, required=True),),
            ),
            EventSchema(
                name="Message Sent",
                meaning="A message left the outbox.",
                properties=(
                    text("channel", "By which way", "email", required=True),
                    text("template", "Which text", "win_back"),
                    text("outbox_key", "Its row in the outbox", "win-back:88:1"),
                    WHO[2],
                ),
            ),
        ),
    )
)
