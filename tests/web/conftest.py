"""One seeded brand behind one running server for the whole folder; a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from regulars import collect, engage, resolve
from regulars.app import App
from regulars.engage import catcher
from regulars.kit.clock import ManualClock, SystemClock
from regulars.kit.dice import SystemDice
from regulars.kit.settings import Settings
from regulars.lake import Lake
from regulars.store import Store
from regulars.web import SCOPES, Role, add_server_key, create_app, first_run_token
from regulars.web.access import open_session
from regulars.web.accounts import accounts, add_account

from . import seed
from .site import Site, context_of

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if os.path.exists(path)), None)
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 20.0


@pytest.fixture(scope="session")
def brand(server: str, template: str) -> Generator[App, None, None]:
    """A season of a small brand, mail included."""
    name = f"web_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}")
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    folder = Path(tempfile.mkdtemp(prefix="regulars-web-"))
    clock = ManualClock(seed.FIRST)
    store = Store(url)
    store.pool.open()
    try:
        with catcher.serving(folder / "mail", port=0) as port:
            settings = Settings(
                home=str(folder),
                database_url=url,
                brand_name="Corner Market",
                brand_zone="America/New_York",
                smtp_port=port,
                mail_from="hello@corner.example",
            )
            made = App(settings=settings, store=store, lake=Lake(folder / "lake"), clock=clock, dice=SystemDice())
            seed.fill(made, clock, lambda app: engage.deliver(app, 200))
            seed.ask(made)
            collect.flush(made)
            resolve.prepare(made)
        yield made
    finally:
        store.pool.close()
        shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def site(brand: App) -> Generator[Site, None, None]:
    """The seeded brand served by uvicorn on a free port."""
    config = uvicorn.Config(
        create_app(brand), port=0, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )  # pyright: ignore
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    waited = time.monotonic() + START_SECONDS
    while not running.started and time.monotonic() < waited:
        SystemClock().sleep(0.05)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield signed_in(brand, f"http://127.0.0.1:{port}")
    running.should_exit = True
    thread.join(10)


def signed_in(brand: App, url: str) -> Site:
    """A session and a key for each role."""
    first_run_token(brand)
    with brand.transaction() as inside:
        admin = accounts(inside)[0]
        associate = add_account(inside, "Tom Till", "tom", Role.ASSOCIATE)
        both = {Role.ADMIN: admin, Role.ASSOCIATE: associate}
        cookies = {role: open_session(inside, account) for role, account in both.items()}
        reach = {Role.ADMIN: list(SCOPES), Role.ASSOCIATE: ["moment:read"]}
        keys = {role: add_server_key(inside, f"test {role}", reach[role]).key for role in both}
    return Site(app=brand, url=url, cookies=cookies, keys=keys, accounts=both)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page signed in as the administrator, at a desk."""
    context = context_of(browser, site, Role.ADMIN, viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()
