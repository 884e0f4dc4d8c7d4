"""Which part of revenue each of the largest categories brings."""

import numpy as np

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class Category:
    """One series a category: moves when tastes move, and not when more is sold of all."""

    name = "category"
    title = "Part of revenue of a category"
    unit: Unit = "share"
    event = "Order Line"
    by: str | None = "category"

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        return np.divide(
            weeks.revenue_cents,
            whole.revenue_cents,
            out=np.full_like(weeks.events, np.nan),
            where=whole.revenue_cents > 0,
        )


series.add(Category.name)(Category())
