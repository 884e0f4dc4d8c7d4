"""The page of how who is who stands, of a brand too large to be counted while somebody waits."""

from __future__ import annotations

from importlib import import_module

import pytest

from regulars.web.accounts import Role

from .site import Site


def test_a_large_brand_whose_first_count_is_not_through_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("regulars.resolve.desk.health"), "READ_AT_ONCE", 1)

    with site.client(Role.ADMIN) as client:
        page, told = client.get("/identity"), client.get("/api/identity")

    assert (page.status_code, "Everybody is being counted" in page.text) == (200, True)
    assert (told.status_code, "RG-1203" in told.text) == (503, True)
