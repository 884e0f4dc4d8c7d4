"""A running gateway and a key to it."""

from collections.abc import Generator

import pytest

from regulars import collect
from regulars.app import App
from tests.collect.door_server import Door


@pytest.fixture
def write_key(app: App) -> str:
    """The key of a source of tills."""
    with app.transaction() as inside:
        _, key = collect.register(inside, "till", "tills")
    assert key is not None
    return key


@pytest.fixture
def door(app: App) -> Generator[Door, None, None]:
    """A gateway on this test's App, over real HTTP."""
    with Door(app) as running:
        yield running
