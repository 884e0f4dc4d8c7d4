"""What can go wrong when somebody asks."""

from regulars.kit.errors import RegularsError


class QuestionRefused(RegularsError):
    """A statement is no plain question about the documented views."""

    code = "RG-2101"


class QuestionFailed(RegularsError):
    """A statement was read, and the engine could not answer it."""

    code = "RG-2102"


class QuestionTooLong(RegularsError):
    """An answer took longer than it may."""

    code = "RG-2103"
    status = 503


class LibraryMissing(RegularsError):
    """A data frame was asked for, and its library is not installed."""

    code = "RG-2104"


class ViewInUse(RegularsError):
    """A view must be made anew, and something of the brand's own stands on it."""

    code = "RG-2105"
    status = 409
