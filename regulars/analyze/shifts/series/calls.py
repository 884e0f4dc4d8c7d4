"""How often people call."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class Calls:
    """Calls received."""

    name = "calls"
    title = "Calls a week"
    unit: Unit = "count"
    event = "Call Received"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.events


series.add(Calls.name)(Calls())
