"""How much is read."""

from regulars.analyze.scores import Floats
from regulars.analyze.shifts.series import Unit, Weeks, series


class EmailOpens:
    """Opens as the e-mail tool reports them."""

    name = "email_opens"
    title = "E-mails opened a week"
    unit: Unit = "count"
    event = "Email Opened"
    by: str | None = None

    def values(self, weeks: Weeks, whole: Weeks) -> Floats:
        del whole
        return weeks.events


series.add(EmailOpens.name)(EmailOpens())
