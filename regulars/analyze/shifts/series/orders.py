"""How many orders there are."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class Orders:
    """Orders of everybody, known or not."""

    name = "orders"
    title = "Orders a week"
    unit: Unit = "count"
    event = "Order Completed"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.events


series.add(Orders.name)(Orders())
