"""Points, tiers and rewards, also of a program that is run elsewhere."""

from regulars.collect.properties import ORDER_ID, WHO, EventSchema, instant, text, whole
from regulars.collect.vocabulary import EXTENSION, Group, groups

POINTS = whole("points", "How many", 120, required=True)
BALANCE = whole("balance", "Points she then has", 1840)
REASON = text("reason", "What for", "order")

groups.add("loyalty")(
    Group(
        title="Loyalty",
        origin=EXTENSION,
        meaning="What a loyalty program of yours tells us. Points of our own ledger are booked there, not by these.",
        events=(
            EventSchema(
                name="Loyalty Joined",
                meaning="Somebody became a member.",
                properties=(
                    text("program", "The program", "Corner Club"),
                    text("tier", "Her first rank", "Bronze"),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Points Earned",
                meaning="Points were given.",
                properties=(
                    POINTS,
                    BALANCE,
                    REASON,
                    ORDER_ID,
                    instant("expires_at", "When they run out", "2027-03-31T23:59:59Z"),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Points Redeemed",
                meaning="Points were spent.",
                properties=(POINTS, BALANCE, text("reward", "On what", "Free coffee"), ORDER_ID, *WHO),
            ),
            EventSchema(name="Points Expired", meaning="Points ran out unused.", properties=(POINTS, BALANCE, *WHO)),
            EventSchema(
                name="Points Adjusted",
                meaning="Points were set right by hand; negative where they were taken.",
                properties=(POINTS, BALANCE, REASON, *WHO),
            ),
            EventSchema(
                name="Tier Changed",
                meaning="A member rose or fell in rank.",
                properties=(
                    text("tier", "The rank she has now", "Silver", required=True),
                    text("previous_tier", "The rank she had", "Bronze"),
                    *WHO,
                ),
            ),
            EventSchema(
                name="Tier Credit Granted",
                meaning="Credits towards a tier besides those for spend; the search for opportunities counts both.",
                properties=(whole("quantity", "How many, at most 999", 250, required=True), REASON, *WHO),
            ),
            EventSchema(
                name="Reward Claimed",
                meaning="A benefit other than points was taken.",
                properties=(text("reward", "Which", "Birthday cake", required=True), *WHO),
            ),
        ),
    )
)
