"""How much the web store is looked at."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class PageViews:
    """Pages of visitors, known or not."""

    name = "page_views"
    title = "Page views a week"
    unit: Unit = "count"
    event = "Page Viewed"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.events


series.add(PageViews.name)(PageViews())
