"""What can go wrong with the demo brand."""

from regulars.kit.errors import RegularsError


class DemoDataMissing(RegularsError):
    """The wheel with the panel data is not installed."""

    code = "RG-1951"


class DemoRefused(RegularsError):
    """The demo was asked for something that would mix two brands in one journal."""

    code = "RG-1952"
