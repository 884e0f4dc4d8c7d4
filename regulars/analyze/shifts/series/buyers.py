"""How many customers buy."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class Buyers:
    """Each customer once a week."""

    name = "buyers"
    title = "Customers who buy in a week"
    unit: Unit = "count"
    event = "Order Completed"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.customers


series.add(Buyers.name)(Buyers())
