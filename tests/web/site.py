"""A running installation as tests hold it."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from playwright.sync_api import Browser, BrowserContext

from regulars.app import App
from regulars.web.accounts import Account, Role


@dataclass(frozen=True)
class Site:
    """A running installation: its app, its address, and a signed-in cookie and a key for each role."""

    app: App
    url: str
    cookies: dict[Role, str]
    keys: dict[Role, str]
    accounts: dict[Role, Account]

    def client(self, role: Role | None = None) -> httpx.Client:
        """A browserless client, signed in with a role or nobody."""
        cookies = {"regulars_session": self.cookies[role]} if role else {}
        return httpx.Client(base_url=self.url, cookies=cookies, headers={"accept": "text/html"}, timeout=30)

    def form_token(self, role: Role) -> str:
        """What the forms of this role's pages carry."""
        with self.app.transaction() as inside:
            row = inside.db.execute(
                "select form_token from session where account = %s order by created_at desc limit 1",
                [self.accounts[role].id],
            ).fetchone()
        assert row is not None
        return row[0]


def context_of(browser: Browser, site: Site, role: Role | None, **options: object) -> BrowserContext:
    """A browser window of its own, signed in with a role or nobody."""
    context = browser.new_context(base_url=site.url, **options)  # pyright: ignore
    if role:
        cookie = {"name": "regulars_session", "value": site.cookies[role], "url": site.url}
        context.add_cookies([cookie])  # pyright: ignore
    return context
