"""A brand filled once for everybody who asks."""

from collections.abc import Generator

import pytest

from regulars import ask
from regulars.app import App
from tests.ask.brand import filled
from tests.databases import Databases


@pytest.fixture(scope="session")
def brand(databases: Databases) -> Generator[App, None, None]:
    """48 customers, 26 weeks, everything in the lake."""
    with databases.lent() as url, filled(url) as made:
        yield made


@pytest.fixture
def analyst(brand: App) -> ask.Connection:
    """Asks, and sees names masked."""
    return ask.Connection(brand, ask.Reader.ANALYST, seconds=30)


@pytest.fixture
def surroundings(brand: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """The brand, where commands and `connect()` look for one."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", brand.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", brand.settings.home)
    return brand
