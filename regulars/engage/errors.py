"""What engage can refuse."""

from regulars.kit.errors import RegularsError


class LinkRefused(RegularsError):
    """A link in a message was altered, cut off, or signed by somebody else."""

    code = "RG-1601"


class TemplateRefused(RegularsError):
    """A template cannot be used: it does not compile, or it asks for more than templates may."""

    code = "RG-1602"


class MailUnreachable(RegularsError):
    """The mail server does not take a connection; what waits stays ready and is tried again."""

    code = "RG-1603"
    status = 503


class CatcherMissing(RegularsError):
    """The local mail catcher needs the demo extra."""

    code = "RG-1604"


class AskingRefused(RegularsError):
    """An answer is none of those that a question has, or a question cannot be asked so."""

    code = "RG-1605"
