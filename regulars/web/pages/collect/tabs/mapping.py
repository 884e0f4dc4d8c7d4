"""The mapping of a webhook that a brand edits: which path fills which field, tried live on what was really delivered.

The form holds everything; every button sends all of it and gets it back changed, so nothing needs a script but the
preview while typing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody

from regulars import collect
from regulars.app import App
from regulars.collect import Hook, Preview, SourceUse, paths
from regulars.web import access, audit, render
from regulars.web.pages.collect import tabs as frame
from regulars.web.pages.collect.raw import pretty
from regulars.web.pages.collect.tabs import Tab, tabs
from regulars.web.pages.collect.tabs.deliveries import hook_of
from regulars.web.site import House

VALUE_MAX_CHARACTERS = 500
PATHS_OFFERED_MAX = 200
SAMPLE_CHARACTERS = 40
FIRST = paths.Rule(
    event="Order Completed",
    fields=[paths.Field("properties.order_id"), paths.Field("timestamp"), paths.Field("userId")],
)
PLACES = (
    *("userId", "anonymousId", "timestamp", "properties.order_id", "properties.revenue", "properties.currency"),
    *("properties.email", "properties.phone", "properties.loyalty_card", "properties.channel", "properties.store_id"),
    *("properties.products[].product_id", "properties.products[].quantity", "properties.products[].price"),
    *("traits.email", "traits.phone", "traits.first_name", "traits.last_name"),
)


class Offered(msgspec.Struct, frozen=True):
    """A path of the latest delivery, with what stands there, masked."""

    path: str
    sample: str


def given(app: App, request: Request[Any, Any, Any], use: SourceUse) -> dict[str, object]:
    """The mapping that holds, what it makes of the latest deliveries, and the paths they have."""
    del request
    hook = hook_of(app, use.source.name)
    saved = collect.latest_mapping(app, hook)
    mapping = saved.mapping if saved else paths.Paths([FIRST])
    return {
        "saved": saved,
        "mapping": mapping,
        "wrong": {},
        "readings": paths.READINGS,
        "kinds": ("track", "identify"),
        "places": PLACES,
        "offered": offered(app, hook),
        "done": "",
        "previews": previews(app, hook, mapping if saved else None),
        "faults": 0,
    }


def offered(app: App, hook: Hook) -> list[Offered]:
    """The paths to choose from."""
    latest = collect.deliveries(app, hook)[:1]
    if not latest:
        return []
    content = collect.content_of(collect.raw_delivery(app, hook, latest[0].id)[1]) or {}
    found = list(paths.leaves(content))[:PATHS_OFFERED_MAX]
    return [Offered(path, sample(path, value)) for path, value in found]


def sample(path: str, value: object) -> str:
    """What stands at a path, masked."""
    return str(collect.hidden(value, tuple(path.replace("[]", "").split("."))))[:SAMPLE_CHARACTERS]


def previews(app: App, hook: Hook, mapping: paths.Paths | None) -> list[tuple[Preview, list[str]]]:
    """What this mapping makes of the latest deliveries, each event as masked JSON."""
    return [(each, [pretty(message) for message in each.messages]) for each in collect.preview(app, hook, mapping)]


def read(form: Mapping[str, str]) -> paths.Paths:
    """The mapping that a form holds; rules and fields in the order of their numbers."""
    rules: list[paths.Rule] = []
    while f"{(at := len(rules))}.kind" in form and at <= paths.RULES_MAX:
        fields: list[paths.Field] = []
        while f"{at}.{(n := len(fields))}.place" in form and n <= paths.FIELDS_MAX:
            fields.append(
                paths.Field(
                    *(_told(form, f"{at}.{n}.{name}") for name in ("place", "path", "constant")),
                    reading=_told(form, f"{at}.{n}.reading") or paths.AS_IT_IS,
                )
            )
        rules.append(
            paths.Rule(*(_told(form, f"{at}.{name}") for name in ("kind", "event", "topic", "once")), fields=fields)
        )
    return paths.Paths(rules)


def _told(form: Mapping[str, str], name: str) -> str:
    return str(form.get(name, "")).strip()[:VALUE_MAX_CHARACTERS]


def acted(mapping: paths.Paths, act: str) -> paths.Paths:
    """The mapping after a button was pressed: add-event, drop.RULE, add.RULE, drop.RULE.FIELD; else as it is."""
    rules = list(mapping.rules)
    verb, *numbers = act.split(".")
    if not all(each.isascii() and each.isdecimal() and len(each) < 4 for each in numbers):
        return mapping
    at = [int(each) for each in numbers]
    if verb == "add-event":
        rules.append(paths.Rule(event="", fields=[paths.Field("")]))
    elif at and at[0] < len(rules):
        rule = rules[at[0]]
        if verb == "add":
            rules[at[0]] = msgspec.structs.replace(rule, fields=[*rule.fields, paths.Field("")])
        elif verb == "drop" and len(at) == 1:
            del rules[at[0]]
        elif verb == "drop":
            kept = [field for n, field in enumerate(rule.fields) if n != at[1]]
            rules[at[0]] = msgspec.structs.replace(rule, fields=kept)
    return paths.Paths(rules)


def filled(mapping: paths.Paths) -> paths.Paths:
    """Without the rows that nobody filled in."""
    return paths.Paths(
        [
            msgspec.structs.replace(rule, fields=[each for each in rule.fields if each.path or each.constant])
            for rule in mapping.rules
        ]
    )


@post("/sources/{name:str}/mapping", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def change(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[dict[str, str]]
) -> Response[str]:
    """Save the mapping, or give the form back with a row more or less."""
    mapping, act = read(data), _told(data, "act")
    if act != "save":
        mapping = acted(mapping, act)
        return frame.page(app, request, name, "mapping", mapping=mapping, **tried(app, name, filled(mapping)))
    mapping = filled(mapping)
    wrong = faults_by_place(mapping)
    if wrong:
        return frame.page(app, request, name, "mapping", 400, mapping=mapping, wrong=wrong, **tried(app, name, mapping))
    with app.transaction() as inside:
        version = collect.save_mapping(inside, hook_of(inside, name), mapping, request.user.name)
    audit.write(app, request.user, "saved a mapping", f"source:{name}", f"version {version}")
    return frame.page(app, request, name, "mapping", done=f"Version {version} is saved and maps what comes from now on")


@post("/sources/{name:str}/mapping/preview", opt=access.OFFICE, include_in_schema=False, sync_to_thread=True)
def look(
    app: House, request: Request[Any, Any, Any], name: FromPath[str], data: URLEncodedBody[dict[str, str]]
) -> Response[str]:
    """What the form as it stands makes of the latest deliveries."""
    shown = tried(app, name, filled(read(data)))
    return render.page(app, "pages/collect/tabs/mapping_preview.html", request, **shown)


def tried(app: App, name: str, mapping: paths.Paths) -> dict[str, Any]:
    """What a mapping that is not saved makes of the latest deliveries, or how many of its lines cannot be used."""
    wrong = faults_by_place(mapping)
    with app.transaction() as inside:
        shown = [] if wrong else previews(inside, hook_of(inside, name), mapping)
    return {"previews": shown, "faults": len(wrong)}


def faults_by_place(mapping: paths.Paths) -> dict[str, str]:
    """What is wrong, by the number of its rule, or of rule and field."""
    told: dict[str, str] = {}
    for each in paths.faults(mapping):
        place = f"{each.rule}" if each.field is None else f"{each.rule}.{each.field}"
        told[place] = f"{told[place]}. {each.words}" if place in told else each.words
    return told


def is_edited(use: SourceUse) -> bool:
    """Its mapping is the brand's own."""
    return use.vendor is not None and collect.webhooks[use.vendor].is_edited


tabs.add("mapping")(Tab("Mapping", 41, "pages/collect/tabs/mapping.html", given, is_edited, (change, look)))
