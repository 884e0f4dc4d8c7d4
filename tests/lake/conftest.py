"""A town whose events go into the lake."""

import pytest

from regulars.app import App
from tests.analyze.town import Town


@pytest.fixture
def town(app: App) -> Town:
    """Nobody lives there yet."""
    return Town(app)
