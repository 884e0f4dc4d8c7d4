"""How often and how long we talked."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, facts, total

calls = facts("Call Received", value="minutes")

themes.add("calls")(
    Theme(
        place=90,
        traits=(
            Trait("calls_90", "calls in the last 90 days", count(calls).within(days=90)),
            Trait("call_minutes", "minutes on the phone", total(calls)),
        ),
    )
)
