"""What Regulars finds changed in the activity of everybody, a segment, or one customer."""

from regulars.collect.properties import EventSchema, number, text
from regulars.collect.vocabulary import EXTENSION, Group, groups

groups.add("shifts")(
    Group(
        title="Found to have shifted",
        origin=EXTENSION,
        meaning="Nobody sends these: they are announced once for each change, and journeys can start on them.",
        events=(
            EventSchema(
                name="Activity Shifted",
                meaning="A weekly series changed its level by more than chance. About nobody in particular.",
                properties=(
                    text("series", "Which series", "page_views", required=True),
                    text("scope", "A segment; empty: everybody", ""),
                    text("part", "A category, where the series has parts", ""),
                    text("week", "Monday of the first week after the change", "2026-08-03", required=True),
                    number("before", "Weekly mean before", 1180.0, required=True),
                    number("after", "Weekly mean since", 1490.0, required=True),
                ),
            ),
            EventSchema(
                name="Rhythm Broken",
                meaning="A customer is silent longer, or comes more often, than fits her rhythm, or has likely left.",
                properties=(
                    text("kind", "quiet, busy or leaving", "quiet", required=True),
                    number(
                        "chance",
                        "How likely that is in her own rhythm; of leaving, that she still is a customer",
                        0.008,
                        required=True,
                    ),
                ),
            ),
        ),
    )
)
