"""What design can refuse."""

from regulars.kit.errors import RegularsError


class JourneyRefused(RegularsError):
    """A journey cannot be published as it is drawn; all its faults are named at once."""

    code = "RG-1501"


class LedgerConflict(RegularsError):
    """The same key came with another command: one of the two is a mistake, and nothing was posted."""

    code = "RG-1502"
    status = 409
