"""What can go wrong here that a person should read."""

from regulars.kit.errors import InputRefused, NotFound


class CustomerUnknown(NotFound):
    """Nobody has this customer id, and nobody ever had."""

    code = "RG-1201"


class DecisionRefused(InputRefused):
    """A steward's statement that cannot be taken; nothing of it was kept."""

    code = "RG-1202"


class LinkRefused(InputRefused):
    """Records that cannot be linked as asked: a file, a mapping or a model; the message names it."""

    code = "RG-1250"
