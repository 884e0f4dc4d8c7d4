"""Profiles for programs, by any identifier, in the words of Segment's Profile API, so that its clients need no change.

A key with `profiles:read` gets traits, segments and events with what could name or describe somebody masked; with
`customers:read` as well in the clear. Answers carry an ETag; whoever sends it again and nothing has changed gets 304.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from regulars import analyze, collect, profile, resolve
from regulars.app import App
from regulars.kit.clock import EPOCH
from regulars.kit.errors import InputRefused
from regulars.store import queries
from regulars.web import access, audit
from regulars.web.api.profile import once
from regulars.web.api.profiles.shapes import (
    Audience,
    Audiences,
    Cursor,
    EventId,
    ExternalId,
    ExternalIds,
    Link,
    Links,
    Many,
    Metadata,
    MetadataAnswer,
    OneOfMany,
    ProfileEvent,
    ProfileEvents,
    Stated,
    Traits,
    Wanted,
)
from regulars.web.errors import PROFILES, NoSuchProfile
from regulars.web.site import House

SQL = queries("regulars.web")
SPACE = "default"
"""One installation serves one brand: its only space."""
COLLECTION = "users"
TRAITS_DEFAULT, TRAITS_MAX = 10, 200
ROWS_DEFAULT, ROWS_MAX = 10, 100
LINKS_MAX = 20
BATCH_MAX = 100
NAMES_MAX = 200
OWN_SOURCE = "regulars"
"""Where what we compute comes from."""
OWN_ID = "use_"
"""Begins the id of a profile itself: use_17 is the customer with our number 17."""
AT_PROFILE = PROFILES + "{space:str}/collections/users/profiles/{identifier:str}"
FIELD = "field_"
"""Before the name of a brand's own field that a computed trait or a segment has, too: none hides the other."""
CLASSES = ("trait", "computed_trait", "audience")
UNCHANGED = ResponseSpec(None, generate_examples=False, description="What If-None-Match names is still so")
READ = access.office("profiles:read")

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Asker(msgspec.Struct, frozen=True):
    """Whose profile is asked for, by whom, and what the asker may see."""

    customer: int
    is_clear: bool
    url: str


def ask(app: App, request: Request[Any, Any, Any], space: str, identifier: str) -> Asker:
    """Find the profile and write the look-up down. Raises NoSuchProfile."""
    need_space(space)
    with app.transaction() as inside:
        (customer,) = resolve.find(inside, [named(identifier)])
    audit.write(app, request.user, "read a profile", f"customer:{customer}" if customer else "customers")
    if customer is None:
        raise missing()
    return Asker(customer, access.may_read_customers(request.user), request.url.path)


def need_space(space: str) -> None:
    """Raises NoSuchProfile for another space than ours."""
    if space != SPACE:
        raise NoSuchProfile("There is no such space", f"This installation has one space, {SPACE}")


def missing() -> NoSuchProfile:
    """Nobody can be meant."""
    fix = f"Ask by one of {', '.join(resolve.ID_TYPES)}, as type:value; a value that several people share names nobody"
    return NoSuchProfile("Profile was not found", fix)


def named(identifier: str) -> resolve.Named:
    """user_id:17, email:ann@example.com … or the id of a profile itself."""
    if identifier.startswith(OWN_ID):
        return resolve.Named("regulars_id", identifier.removeprefix(OWN_ID))
    kind, _, value = identifier.partition(":")
    return resolve.Named(kind, value)


def bounded(limit: int, most: int) -> int:
    """The limit asked for. Raises InputRefused."""
    if not 1 <= limit <= most:
        raise InputRefused(f"limit is {limit}", f"Use 1 to {most}")
    return limit


def names(text: str) -> list[str] | None:
    """What stands between commas; None when nothing was asked for. Raises InputRefused."""
    found = [name for each in text.split(",") if (name := each.strip())]
    if len(found) > NAMES_MAX:
        raise InputRefused(f"{len(found)} names are asked for", f"Ask for at most {NAMES_MAX} at once")
    return found or None


def instant(text: str, default: datetime) -> datetime:
    """A day or an instant of ISO 8601, in UTC where nothing else is said. Raises InputRefused."""
    if not text:
        return default
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputRefused(f"'{text[:40]}' is no day and no instant", "Write it like 2026-03-02") from None


def traits_of(app: App, customers: Sequence[int], is_clear: bool) -> dict[int, dict[str, tuple[str, Stated]]]:
    """(class, value) by name for each customer: golden fields, computed traits and segments. A few statements."""
    each = list(dict.fromkeys(customers))
    held: dict[int, dict[str, tuple[str, Stated]]] = {customer: {} for customer in each}
    own = OWN_SOURCE
    for customer, since_by_segment in memberships(app, each).items():
        for segment, since in since_by_segment.items():
            held[customer][segment] = ("audience", Stated(value=True, source_id=own, updated_at=since))
    for customer, values in analyze.traits_of_each(app, each).items():
        for trait in values:
            stated = Stated(value=trait.value, source_id=own, updated_at=None)
            held[customer][trait.name] = ("computed_trait", stated)
    for customer, fields in profile.fields_of_each(app, each).items():
        for field in fields:
            if not field.value:
                continue  # a steward said that it is not known
            name = f"{FIELD}{field.name}" if field.name in held[customer] else field.name
            held[customer][name] = ("trait", golden(field, is_clear))
    return {customer: dict(sorted(found.items())) for customer, found in held.items()}


def memberships(app: App, customers: list[int]) -> dict[int, dict[str, datetime]]:
    """When each of these customers came into the segments they are in, by segment."""
    found: dict[int, dict[str, datetime]] = {}
    for customer, segment, since in app.db.execute(SQL.belongings_of_each, {"customers": customers}):
        found.setdefault(customer, {})[segment] = since
    return found


def golden(field: profile.Field, is_clear: bool) -> Stated:
    """A golden value as programs get it; an address as an object."""
    value: Any = msgspec.json.decode(field.value) if field.name == "address" else field.value
    if not is_clear:
        value = collect.hidden({field.name: value}, ("traits",))[field.name]
    return Stated(value=value, source_id=field.source or OWN_SOURCE, updated_at=field.stated_at)


def plain_or(verbose: bool) -> Callable[[Stated], Any]:
    """How a trait is written."""
    return (lambda stated: stated) if verbose else (lambda stated: stated.value)


def cut(asker: Asker, keys: list[str], after: str, limit: int) -> tuple[list[str], Cursor]:
    """One page of sorted keys from `after` on, and where it goes on."""
    rest = [key for key in keys if key >= after]
    page, more = rest[:limit], rest[limit:]
    return page, Cursor(url=asker.url, has_more=bool(more), next=more[0] if more else "", limit=limit)


def external(asker: Asker, found: resolve.Identifier, verbose: bool) -> ExternalId:
    """An identifier as programs get it."""
    return ExternalId(
        collection=COLLECTION,
        type=resolve.type_name(found.type),
        id=found.value if asker.is_clear else collect.masked(found.value),
        encoding="none",
        created_at=found.first_at,
        last_seen_at=found.last_at if verbose else None,
        strength=found.strength if verbose else None,
        shared=found.shared if verbose else None,
    )


def event(asker: Asker, held: profile.HeldEvent) -> ProfileEvent:
    """An event as programs get it."""
    body: dict[str, Any] = held.body if asker.is_clear else collect.hidden(held.body)
    ids = {"user_id": body.get("userId"), "anonymous_id": body.get("anonymousId"), "group_id": body.get("groupId")}
    return ProfileEvent(
        external_ids=[
            EventId(collection=COLLECTION, type=kind, id=value, encoding="none")
            for kind, value in ids.items()
            if isinstance(value, str) and value
        ],
        context=body.get("context") or {},
        type=held.kind,
        message_id=held.message_id if asker.is_clear else collect.hidden({"messageId": held.message_id})["messageId"],
        source_id=held.source,
        timestamp=held.at,
        properties=body.get("traits" if held.kind in ("identify", "group") else "properties") or {},
        event=held.name if asker.is_clear else collect.shown_name(held.name),
        related={COLLECTION: f"{OWN_ID}{asker.customer}"},
    )


def answered(request: Request[Any, Any, Any], body: Answer, at: str = "") -> Response[Answer]:
    """The answer with its tag, or 304 when the asker has it; `at` is where the profile lives by its own id."""
    tag = f'"{hashlib.blake2b(msgspec.json.encode(body), digest_size=16).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "Authorization, Cookie"}
    headers |= {"content-location": at} if at else {}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or ("*" in known and request.method == "GET"):
        nothing: Response[Any] = Response(None, status_code=304, headers=headers)
        return nothing
    return Response(body, headers=headers)


def own_path(asker: Asker) -> str:
    """Where this profile lives by its own id, whichever identifier or former id it was asked by."""
    part = asker.url.rpartition("/")[2]
    return f"{PROFILES}{SPACE}/collections/{COLLECTION}/profiles/{OWN_ID}{asker.customer}/{part}"


@get(AT_PROFILE + "/traits", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_traits(
    app: House,
    request: Request[Any, Any, Any],
    space: FromPath[str],
    identifier: FromPath[str],
    include: FromQuery[str] = "",
    kind: Annotated[str, QueryParameter(name="class")] = "",
    limit: FromQuery[int] = TRAITS_DEFAULT,
    next: FromQuery[str] = "",
    verbose: FromQuery[bool] = False,
) -> Response[Traits]:
    """Traits of a profile: golden fields, computed traits and segments. `class` chooses one of these."""
    wanted, most = names(include), bounded(limit, TRAITS_MAX)
    if kind and kind not in CLASSES:
        raise InputRefused(f"There is no class '{kind[:40]}'", f"Use one of {', '.join(CLASSES)}")
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        held = traits_of(inside, [asker.customer], asker.is_clear)[asker.customer]
    fitting = [name for name, (of, _) in held.items() if kind in ("", of) and (wanted is None or name in wanted)]
    page, cursor = cut(asker, fitting, next, most)
    write = plain_or(verbose)
    return answered(
        request, Traits(traits={name: write(held[name][1]) for name in page}, cursor=cursor), own_path(asker)
    )


@get(AT_PROFILE + "/external_ids", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_external_ids(
    app: House,
    request: Request[Any, Any, Any],
    space: FromPath[str],
    identifier: FromPath[str],
    include: FromQuery[str] = "",
    limit: FromQuery[int] = ROWS_DEFAULT,
    next: FromQuery[str] = "",
    verbose: FromQuery[bool] = False,
) -> Response[ExternalIds]:
    """Identifiers of a profile, strongest first; `include` names types."""
    wanted, most, start = names(include), bounded(limit, ROWS_MAX), place(next)
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        held = [external(asker, each, verbose) for each in once(resolve.identifiers(inside, asker.customer))]
    fitting = [each for each in held if wanted is None or each.type in wanted]
    end = start + most
    more = len(fitting) > end
    cursor = Cursor(url=asker.url, has_more=more, next=str(end) if more else "", limit=most)
    return answered(request, ExternalIds(data=fitting[start:end], cursor=cursor), own_path(asker))


@get(AT_PROFILE + "/events", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_events(
    app: House,
    request: Request[Any, Any, Any],
    space: FromPath[str],
    identifier: FromPath[str],
    start: FromQuery[str] = "",
    end: FromQuery[str] = "",
    include: FromQuery[str] = "",
    exclude: FromQuery[str] = "",
    sort: FromQuery[Literal["asc", "desc"]] = "desc",
    limit: FromQuery[int] = ROWS_DEFAULT,
    next: FromQuery[str] = "",
) -> Response[ProfileEvents]:
    """Events of a profile, all that the journal holds; `include` and `exclude` name events."""
    most = bounded(limit, ROWS_MAX)
    asked = profile.Asked(
        start=instant(start, profile.Asked(limit=1).start),
        end=instant(end, profile.Asked(limit=1).end),
        include=names(include),
        exclude=names(exclude) or [],
        ascending=sort == "asc",
        after=place(next) if next else None,
        limit=most + 1,
    )
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        held = profile.events(inside, asker.customer, asked)
    more, page = len(held) > most, held[:most]
    cursor = Cursor(url=asker.url, has_more=more, next=str(page[-1].seq) if more else "", limit=most)
    return answered(request, ProfileEvents(data=[event(asker, each) for each in page], cursor=cursor), own_path(asker))


@get(AT_PROFILE + "/metadata", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_metadata(
    app: House, request: Request[Any, Any, Any], space: FromPath[str], identifier: FromPath[str]
) -> Response[MetadataAnswer]:
    """When we first and last heard of a profile, its own id, and former ids that lead to it."""
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        life = profile.lifetime(inside, asker.customer)
        former = resolve.former_ids(inside, asker.customer, ROWS_MAX)
    first, last = (event(asker, each) if each else None for each in (life.first, life.last))
    said = Metadata(
        created_at=first.timestamp if first else None,
        updated_at=last.timestamp if last else None,
        expires_at=None,
        first_message_id=first.message_id if first else None,
        first_source_id=first.source_id if first else None,
        last_message_id=last.message_id if last else None,
        last_source_id=last.source_id if last else None,
        profile_id=f"{OWN_ID}{asker.customer}",
        merged_ids=[f"{OWN_ID}{old}" for old in former],
    )
    return answered(request, MetadataAnswer(metadata=said), own_path(asker))


@get(AT_PROFILE + "/links", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_links(
    app: House,
    request: Request[Any, Any, Any],
    space: FromPath[str],
    identifier: FromPath[str],
    limit: FromQuery[int] = LINKS_MAX,
) -> Response[Links]:
    """The household that a profile lives in, and the accounts that group events put it into."""
    most = bounded(limit, LINKS_MAX)
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        home = resolve.household(inside, asker.customer)
        found = profile.groups(inside, asker.customer, most)
    links = [
        Link(
            to_collection="households",
            external_ids=[
                ExternalId(
                    collection="households",
                    type="household_id",
                    id=str(home.household),
                    encoding="none",
                    created_at=EPOCH + timedelta(days=min(mate.from_day for mate in home.mates)),
                )
            ],
        )
        for _ in home.mates[:1]
    ]
    links += [
        Link(
            to_collection="accounts",
            external_ids=[
                ExternalId(collection="accounts", type="group_id", id=group, encoding="none", created_at=since)
            ],
        )
        for group, since in found
    ]
    return answered(request, Links(data=links[:most]), own_path(asker))


@get(AT_PROFILE + "/segments", opt=READ, responses={304: UNCHANGED}, sync_to_thread=True)
def profile_segments(
    app: House,
    request: Request[Any, Any, Any],
    space: FromPath[str],
    identifier: FromPath[str],
    limit: FromQuery[int] = ROWS_DEFAULT,
    next: FromQuery[str] = "",
) -> Response[Audiences]:
    """The segments a profile is in now, and since when."""
    most = bounded(limit, ROWS_MAX)
    asker = ask(app, request, space, identifier)
    with app.transaction() as inside:
        since = memberships(inside, [asker.customer]).get(asker.customer, {})
        titles = {segment.name: segment.title for segment in analyze.segments(inside)}
    page, cursor = cut(asker, sorted(since), next, most)
    data = [Audience(segment=name, title=titles.get(name, name), since=since[name]) for name in page]
    return answered(request, Audiences(data=data, cursor=cursor), own_path(asker))


@post(
    PROFILES + "{space:str}/collections/users/profiles/batch",
    opt=READ,
    responses={304: UNCHANGED},
    status_code=200,
    sync_to_thread=True,
)
def profile_batch(
    app: House, request: Request[Any, Any, Any], space: FromPath[str], data: JSONBody[Wanted]
) -> Response[Many]:
    """Traits of up to 100 profiles, by any identifiers, in the order asked for."""
    need_space(space)
    if len(data.profiles) > BATCH_MAX:
        raise InputRefused(f"{len(data.profiles)} profiles are asked for", f"Ask for at most {BATCH_MAX} at once")
    if len(data.include or ()) > NAMES_MAX:
        raise InputRefused(f"{len(data.include or ())} names are asked for", f"Ask for at most {NAMES_MAX} at once")
    is_clear, write = access.may_read_customers(request.user), plain_or(data.verbose)
    with app.transaction() as inside:
        customers = resolve.find(inside, [named(each) for each in data.profiles])
        held = traits_of(inside, [each for each in customers if each is not None], is_clear)
    known = sorted(held)
    audit.write(app, request.user, "read profiles", "customers", ", ".join(map(str, known)))
    answers = [
        OneOfMany(
            identifier=identifier,
            profile_id=None if customer is None else f"{OWN_ID}{customer}",
            traits={}
            if customer is None
            else {
                name: write(stated)
                for name, (_, stated) in held[customer].items()
                if data.include is None or name in data.include
            },
        )
        for identifier, customer in zip(data.profiles, customers, strict=True)
    ]
    return answered(request, Many(data=answers))


def place(text: str) -> int:
    """Where a list goes on. Raises InputRefused."""
    found = resolve.customer_id(text) if text else 0
    if found is None:
        raise InputRefused("next is not from an answer", "Send what the cursor of the answer before said")
    return found


routes = [
    profile_batch,
    profile_events,
    profile_external_ids,
    profile_links,
    profile_metadata,
    profile_segments,
    profile_traits,
]
