"""An error says what happened, how to mend it, and a code."""

import pytest

from regulars.kit import errors
from regulars.kit.errors import NotFound, RegularsError


def test_an_error_reads_as_what_fix_and_code() -> None:
    fault = NotFound("There is no customer 17", "Search by name or e-mail")

    assert str(fault) == "There is no customer 17. Search by name or e-mail. RG-1003"
    assert (fault.what, fault.fix, fault.code, fault.status) == (
        "There is no customer 17", "Search by name or e-mail", "RG-1003", 404,
    )  # fmt: skip


@pytest.mark.parametrize("kind", RegularsError.__subclasses__())
def test_every_error_answers_http_with_a_refusal_of_its_own(kind: type[RegularsError]) -> None:
    assert 400 <= kind.status < 600
    assert kind.code != RegularsError.code
    assert kind.__doc__


def test_the_kit_knows_its_own_errors_only() -> None:
    mine = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RegularsError)]

    assert all(kind.code.startswith("RG-10") for kind in mine)
