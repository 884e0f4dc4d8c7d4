"""What can go wrong at the web's door."""

from typing import Any

from regulars.kit.errors import InputRefused, RegularsError


class SignInNeeded(RegularsError):
    """Nobody is signed in, and this address is not public."""

    code = "RG-1801"
    status = 401


class SignInRefused(RegularsError):
    """Token or password do not fit an account. Which of the two is wrong is not said."""

    code = "RG-1802"
    status = 401


class FormForged(RegularsError):
    """A change was asked for by a page that is not ours, or by one that has gone stale."""

    code = "RG-1803"
    status = 403


class TooManyTries(RegularsError):
    """Too many wrong passwords for one account; it rests for a while."""

    code = "RG-1804"
    status = 429


class PasswordRefused(RegularsError):
    """A new password is too short or too long."""

    code = "RG-1805"


class PageMissing(RegularsError):
    """No page lives at this address."""

    code = "RG-1806"
    status = 404


class Unexpected(RegularsError):
    """A fault we did not foresee; the log has it."""

    code = "RG-1807"
    status = 500


class RuleNotRun(RegularsError):
    """A rule tried on the traits page cannot be compared."""

    code = "RG-1808"


class ScopeMissing(RegularsError):
    """A server key asked for what none of its scopes names; nothing was done."""

    code = "RG-1809"
    status = 403


class NoSuchProfile(RegularsError):
    """Nobody, or more than one, is known by an identifier that a program asked with."""

    code = "RG-1813"
    status = 404


class MethodUnknown(RegularsError):
    """The address exists and does not answer this method."""

    code = "RG-1814"
    status = 405


class ExportRefused(RegularsError):
    """An export cannot be written now: another one is, or the disk has no room for it."""

    code = "RG-1815"
    status = 409


PROFILES = "/v1/spaces/"
"""What begins so is asked by programs that know profiles by Segment's words."""
OPENDSR = "/opendsr/"
"""What begins so is asked by systems that hand in what people ask about their data."""
SEGMENT_CODES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "authentication_error",
    404: "not_found",
    429: "rate_limit_error",
}


def body_of(fault: RegularsError, path: str) -> dict[str, Any]:
    """What a program is told of a fault; where it speaks Segment's words, in those as well."""
    said: dict[str, Any] = {"what": fault.what, "fix": fault.fix, "code": fault.code}
    if path.startswith(OPENDSR):
        return {"error": {"code": fault.status, "message": f"{fault.what}. {fault.fix}"}} | said
    if not path.startswith(PROFILES):
        return said
    code = SEGMENT_CODES.get(fault.status, "server_error")
    return {"error": {"code": code, "message": f"{fault.what}. {fault.fix}"}} | said


def unreadable() -> InputRefused:
    """What to say when PostgreSQL cannot even hold a value that was asked with: a huge number, a NUL in a text."""
    return InputRefused(
        "A value of the request is too large, or holds a character that no text can hold", "Mend it and send it again"
    )
