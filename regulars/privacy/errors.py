"""What this room refuses."""

from regulars.kit.errors import InputRefused, NotFound, RegularsError


class ErasureRefused(InputRefused):
    """A wish to erase somebody that cannot be taken; nothing was erased."""

    code = "RG-2004"


class MemoryUnreadable(RegularsError):
    """The file that remembers erasures beside the database is damaged: erased people might be here again."""

    code = "RG-2005"


class RetentionRefused(InputRefused):
    """Periods that cannot be read, or that nobody may let take effect yet; nothing was removed."""

    code = "RG-2003"


class NoSuchRequest(NotFound):
    """There is no request of this number."""

    code = "RG-2001"


class StepRefused(RegularsError):
    """A request cannot take this step: it has ended, the law does not know it, or something is missing."""

    code = "RG-2002"
    status = 409
