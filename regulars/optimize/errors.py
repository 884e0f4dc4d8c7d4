"""What can go wrong in reports."""

from regulars.kit.errors import InputRefused


class ParameterRefused(InputRefused):
    """A report was asked with a parameter it does not have, or a value that parameter cannot take."""

    code = "RG-1701"
