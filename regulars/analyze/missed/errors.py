"""What can go wrong when opportunities are asked for."""

from regulars.kit.errors import RegularsError


class UnknownOpportunity(RegularsError):
    """No detector of this name has been asked yet, or there is none."""

    code = "RG-1440"
    status = 404


class UnknownExpectation(RegularsError):
    """No expectation of this name has been measured yet, or there is none."""

    code = "RG-1441"
    status = 404


class UnknownPractice(RegularsError):
    """No practice of this name has been looked at yet, or there is none."""

    code = "RG-1442"
    status = 404


class TakenAlready(RegularsError):
    """An opportunity of one search is taken up once: a second time everybody would be dealt anew."""

    code = "RG-1443"
    status = 409


class NothingToTakeUp(RegularsError):
    """What chance explains is no opportunity: nobody is held out of it, and nobody treated."""

    code = "RG-1444"
    status = 409


class TiersRefused(RegularsError):
    """`tiers.yaml` cannot be read, or declares a tier that nobody could reach."""

    code = "RG-1445"
    status = 400
