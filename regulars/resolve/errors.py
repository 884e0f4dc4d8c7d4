"""What can go wrong here that a person should read."""

from regulars.kit.errors import InputRefused, NotFound, RegularsError


class CustomerUnknown(NotFound):
    """Nobody has this customer id, and nobody ever had."""

    code = "RG-1201"


class DecisionRefused(InputRefused):
    """A steward's statement that cannot be taken; nothing of it was kept."""

    code = "RG-1202"


class NotCounted(RegularsError):
    """There are so many customers that they are counted beside the flow, and the first count is not through."""

    code = "RG-1203"
    status = 503


class LinkRefused(InputRefused):
    """Records that cannot be linked as asked: a file, a mapping or a model; the message names it."""

    code = "RG-1250"
