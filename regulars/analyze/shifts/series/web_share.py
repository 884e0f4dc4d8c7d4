"""Which part of orders comes through the web store."""

import numpy as np

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class WebShare:
    """Moves when people change their way of buying, and not when more of them buy."""

    name = "web_share"
    title = "Part of orders on the web"
    unit: Unit = "share"
    event = "Order Completed"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return np.divide(weeks.on_web, weeks.events, out=np.full_like(weeks.events, np.nan), where=weeks.events > 0)


series.add(WebShare.name)(WebShare())
