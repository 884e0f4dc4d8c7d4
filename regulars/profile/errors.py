"""What can go wrong when a profile is asked for."""

from regulars.kit.errors import NotFound, RegularsError


class NoSuchCustomer(NotFound):
    """The customer id never existed, or the customer was erased."""

    code = "RG-1301"


class PurposesRefused(RegularsError):
    """purposes.yaml cannot be used: what it said before holds until it is mended."""

    code = "RG-1302"


class HandRefused(RegularsError):
    """Something stated by hand cannot be taken; nothing of it was kept."""

    code = "RG-1304"


class DeclarationRefused(RegularsError):
    """profile.yaml cannot be used: what was declared before holds until it is mended."""

    code = "RG-1303"


class OverlayRefused(RegularsError):
    """Bought data cannot be taken: its declaration or its file is wrong, or its license has ended; nothing was kept."""

    code = "RG-1305"


class OverlayBusy(RegularsError):
    """A provider is being asked already, by another process; nothing was done."""

    code = "RG-1306"


class ProviderAway(RegularsError):
    """A provider of bought data does not answer, or not as its protocol says; what it answered before is kept."""

    code = "RG-1307"
