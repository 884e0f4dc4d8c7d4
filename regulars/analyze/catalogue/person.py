"""What her profile says."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import field

themes.add("person")(
    Theme(
        place=120,
        traits=(
            Trait("home_country", "country", field("country")),
            Trait("spoken_language", "language", field("language")),
        ),
    )
)
