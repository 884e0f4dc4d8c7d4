"""How she came to us."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.catalogue.orders import orders
from regulars.analyze.plan import Trait
from regulars.analyze.traits import first

themes.add("arriving")(Theme(traits=(Trait("first_channel", "channel of the first order", first(orders, "channel")),)))
