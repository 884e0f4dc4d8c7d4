"""What can go wrong when opportunities are asked for."""

from regulars.kit.errors import RegularsError


class UnknownOpportunity(RegularsError):
    """No detector of this name has been asked yet, or there is none."""

    code = "RG-1440"
    status = 404
