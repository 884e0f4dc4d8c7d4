"""What this room refuses."""

from regulars.kit.errors import InputRefused, RegularsError


class ErasureRefused(InputRefused):
    """A wish to erase somebody that cannot be taken; nothing was erased."""

    code = "RG-1710"


class MemoryUnreadable(RegularsError):
    """The file that remembers erasures beside the database is damaged: erased people might be here again."""

    code = "RG-1711"
