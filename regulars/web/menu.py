"""The left navigation, in the order in which data flows. Only pages that exist."""

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One line of the navigation; `key` follows `g` on the keyboard."""

    name: str
    path: str
    icon: str
    key: str


class Group(msgspec.Struct, frozen=True):
    """Lines under one heading."""

    name: str
    items: list[Item]


MENU = [
    Group("", [Item("Home", "/", "home", "h")]),
    Group(
        "Data",
        [
            Item("Sources", "/sources", "plug", "a"),
            Item("Live", "/live", "radio", "l"),
            Item("Imports", "/imports", "file", "f"),
            Item("Refusals", "/refusals", "shield", "n"),
            Item("Events", "/vocabulary", "note", "v"),
            Item("Customers", "/customers", "people", "c"),
            Item("Identity", "/identity", "merge", "w"),
            Item("Overlays", "/overlays", "bag", "b"),
            Item("Privacy", "/privacy", "mask", "p"),
        ],
    ),
    Group(
        "Analysis",
        [
            Item("Segments", "/segments", "filter", "s"),
            Item("Personas", "/personas", "people", "k"),
            Item("Shifts", "/shifts", "chart", "z"),
            Item("Lifecycle", "/lifecycle", "route", "y"),
            Item("Scores", "/scores", "target", "e"),
            Item("Best customers", "/best-customers", "star", "g"),
            Item("Affinity", "/affinity", "chat", "q"),
            Item("Traits", "/traits", "gauge", "t"),
            Item("Opportunities", "/opportunities", "bulb", "u"),
            Item("Expectations", "/expectations", "flag", "k"),
        ],
    ),
    Group("Design", [Item("Journeys", "/journeys", "route", "j")]),
    Group(
        "Engagement",
        [
            Item("Outbox", "/outbox", "mail", "o"),
            Item("Mail catcher", "/mail", "bag", "i"),
            Item("Moment card", "/moment", "tablet", "m"),
        ],
    ),
    Group("Optimization", [Item("Reports", "/reports", "chart", "r")]),
    Group("This installation", [Item("Access", "/access", "lock", "x"), Item("API", "/developers", "file", "d")]),
]


def pages() -> list[Item]:
    """Every line once."""
    return [item for group in MENU for item in group.items]
