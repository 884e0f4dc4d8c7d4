"""How much is sold."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class Revenue:
    """Revenue as paid."""

    name = "revenue"
    title = "Revenue a week"
    unit: Unit = "cents"
    event = "Order Completed"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.revenue_cents


series.add(Revenue.name)(Revenue())
