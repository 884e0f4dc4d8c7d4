"""The inventory: every system that holds customers, connected or not, and what is commonly missing.

Whatever is connected stands in it by itself; people add what is not, with its owner and how to get at it.
"""

from __future__ import annotations

import re

import msgspec

from regulars.app import App
from regulars.collect.audit.look import SQL
from regulars.collect.errors import SystemRefused
from regulars.collect.keys import OWN_KIND, list_sources

SYSTEM_KINDS = ("transactional", "CRM", "third-party", "behavioral")
CHANNELS = ("store", "web", "app", "e-mail", "phone", "delivery", "social", "other")
STATUSES = ("wanted", "asked", "refused", "connected")
NAME = re.compile(r"\S(?:[^\x00-\x1f]{0,78}\S)?")
NAME_MAX_CHARACTERS = 80
TEXT_MAX_CHARACTERS = 500
SYSTEMS_MAX = 500
# What a source is as a system, and where it meets customers.
BY_SOURCE_KIND = {
    "tills": ("transactional", "store"),
    "web": ("transactional", "web"),
    "shop": ("transactional", "web"),
    "crm": ("CRM", "other"),
    "email": ("behavioral", "e-mail"),
    "calls": ("CRM", "phone"),
    "other": ("third-party", "other"),
}


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One system that holds customers."""

    name: str
    kind: str
    """One of SYSTEM_KINDS."""
    channel: str
    """One of CHANNELS."""
    owner: str = ""
    extract: str = ""
    """How its data can be had."""
    note: str = ""
    status: str = "wanted"
    """One of STATUSES; connected exactly where a source is named."""
    source: str | None = None


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A system that brands like this one commonly have, and what it would add."""

    name: str
    kind: str
    channel: str
    adds: str
    extract: str


COMMON = (
    Missing(
        name="Tills",
        kind="transactional",
        channel="store",
        adds="What is bought in store, with the card or token that was shown",
        extract="Webhook of the till, or a nightly CSV",
    ),
    Missing(
        name="Web store",
        kind="transactional",
        channel="web",
        adds="Orders and baskets on the web, each with an e-mail",
        extract="Webhook or SDK, 1 hour",
    ),
    Missing(
        name="App",
        kind="behavioral",
        channel="app",
        adds="Visits and purchases of people who are signed in, by device",
        extract="SDK in the app, 1 day",
    ),
    Missing(
        name="CRM or loyalty program",
        kind="CRM",
        channel="other",
        adds="Names, addresses, cards and consents: what joins the other sources",
        extract="CSV export or its SQL database",
    ),
    Missing(
        name="E-mail tool",
        kind="behavioral",
        channel="e-mail",
        adds="Who opens, clicks, bounces and leaves",
        extract="Webhook of the tool, 1 hour",
    ),
    Missing(
        name="Call center",
        kind="CRM",
        channel="phone",
        adds="Complaints and questions, by phone number: often the first sign that somebody leaves",
        extract="CSV export, 1 day",
    ),
    Missing(
        name="Delivery partner",
        kind="transactional",
        channel="delivery",
        adds="Orders outside the own web store",
        extract="CSV by SFTP, 1 day",
    ),
    Missing(
        name="Review site",
        kind="third-party",
        channel="social",
        adds="Who recommends the brand, and what disappoints",
        extract="API key, 1 hour",
    ),
    Missing(
        name="Area profile",
        kind="third-party",
        channel="other",
        adds="Household and area, by postcode; needs a license and an expiry date",
        extract="File from a data vendor",
    ),
)


def inventory(app: App) -> list[System]:
    """Every system by name: what people stated, and each connected source that nobody described yet."""
    stated = _stated(app)
    described = {system.source for system in stated}
    connected = [
        System(
            name=use.source.name,
            kind=BY_SOURCE_KIND[use.source.kind][0],
            channel=BY_SOURCE_KIND[use.source.kind][1],
            status="connected",
            source=use.source.name,
        )
        for use in list_sources(app)
        if use.source.kind != OWN_KIND and use.source.name not in described
    ]
    return sorted(stated + connected, key=lambda system: system.name.casefold())


def _stated(app: App) -> list[System]:
    return [
        System(
            name=name, kind=kind, channel=channel, owner=owner, extract=extract, note=note, status=status, source=source
        )
        for name, kind, channel, owner, extract, note, status, source in app.db.execute(SQL.systems)
    ]


def add_system(app: App, system: System) -> System:
    """State a system, or change what was stated; a named source makes it connected. Raises SystemRefused."""
    name = system.name.strip()
    sources = {use.source.name for use in list_sources(app) if use.source.kind != OWN_KIND}
    faults = [
        f"there is no {what} '{given}', but {', '.join(known)}"
        for what, given, known in (
            ("kind", system.kind, SYSTEM_KINDS),
            ("channel", system.channel, CHANNELS),
            ("status", system.status, STATUSES),
        )
        if given not in known
    ]
    if not NAME.fullmatch(name):
        faults.append(f"a name has 1 to {NAME_MAX_CHARACTERS} characters on one line")
    if system.source and system.source not in sources:
        faults.append(f"there is no source '{system.source}'")
    if system.status == "connected" and not system.source:
        faults.append("a connected system names its source")
    others = [each for each in inventory(app) if each.name != name]
    other = next((each.name for each in _stated(app) if each.source == system.source and each.name != name), None)
    if system.source and other:
        faults.append(f"the source '{system.source}' is described by the system '{other}'")
    if any(len(text) > TEXT_MAX_CHARACTERS or "\0" in text for text in (system.owner, system.extract, system.note)):
        faults.append(f"owner, extract and note have at most {TEXT_MAX_CHARACTERS} characters")
    if len(others) >= SYSTEMS_MAX:
        faults.append(f"the inventory holds at most {SYSTEMS_MAX} systems")
    if faults:
        shown = name[:NAME_MAX_CHARACTERS]
        raise SystemRefused(f"The system '{shown}' cannot be stated: {'; '.join(faults)}", "Mend what it names")
    made = msgspec.structs.replace(system, name=name, status="connected" if system.source else system.status)
    app.db.execute(SQL.put_system, msgspec.structs.asdict(made) | {"now": app.clock.now()})
    return made


def remove_system(app: App, name: str) -> None:
    """Take a system out of the inventory; its source, if any, stays connected. Raises SystemRefused."""
    if app.db.execute(SQL.drop_system, {"name": name}).fetchone() is None:
        raise SystemRefused(
            f"Nobody stated a system '{name[:NAME_MAX_CHARACTERS]}'",
            "Look at `regulars system list`; a connected source is in the inventory as long as it is connected",
        )


def missing(systems: list[System]) -> list[Missing]:
    """What brands commonly have and this inventory has not: no system of its name, and none of its kind and channel."""
    names = {system.name.casefold() for system in systems}
    places = {(system.kind, system.channel) for system in systems}
    return [each for each in COMMON if each.name.casefold() not in names and (each.kind, each.channel) not in places]
