"""What can go wrong when a profile is asked for."""

from regulars.kit.errors import NotFound


class NoSuchCustomer(NotFound):
    """The customer id never existed, or the customer was erased."""

    code = "RG-1301"
