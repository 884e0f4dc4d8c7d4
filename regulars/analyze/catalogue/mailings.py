"""What became of our e-mails."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import count, facts, since

opens, clicks = facts("Email Opened"), facts("Email Link Clicked")

themes.add("mailings")(
    Theme(
        place=70,
        traits=(
            Trait("email_opens_90", "e-mails opened in the last 90 days", count(opens).within(days=90)),
            Trait("email_clicks_90", "e-mail clicks in the last 90 days", count(clicks).within(days=90)),
            Trait("days_since_open", "days since an e-mail was opened", since(opens), "days"),
        ),
    )
)
