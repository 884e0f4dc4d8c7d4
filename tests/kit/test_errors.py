"""An error says what happened, how to mend it, and a code."""

import importlib
import pkgutil

import pytest

import regulars
from regulars.kit import errors
from regulars.kit.errors import NotFound, RegularsError


def test_an_error_reads_as_what_fix_and_code() -> None:
    fault = NotFound("There is no customer 17", "Search by name or e-mail")

    assert str(fault) == "There is no customer 17. Search by name or e-mail. RG-1003"
    assert (fault.what, fault.fix, fault.code, fault.status) == (
        "There is no customer 17", "Search by name or e-mail", "RG-1003", 404,
    )  # fmt: skip


def every_kind(kind: type[RegularsError] = RegularsError) -> list[type[RegularsError]]:
    """All errors of the house, whoever they descend from."""
    return [each for below in kind.__subclasses__() for each in (below, *every_kind(below))]


# An error is known once its module is: walked without all rooms, the test would judge whichever came first.
for room in pkgutil.walk_packages(regulars.__path__, "regulars."):
    if not room.name.endswith("__main__"):
        importlib.import_module(room.name)


def test_the_errors_of_every_room_are_judged() -> None:
    codes = {kind.code[:5] for kind in every_kind() if kind.__module__.startswith("regulars.")}

    assert codes == {f"RG-{area}" for area in range(10, 22)}


@pytest.mark.parametrize("kind", every_kind())
def test_every_error_answers_http_with_a_refusal_of_its_own(kind: type[RegularsError]) -> None:
    assert 400 <= kind.status < 600
    assert kind.code != RegularsError.code
    assert kind.__doc__


def test_the_kit_knows_its_own_errors_only() -> None:
    mine = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RegularsError)]

    assert all(kind.code.startswith("RG-10") for kind in mine)
