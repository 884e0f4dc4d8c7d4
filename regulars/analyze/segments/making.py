"""Making, changing and archiving segments. What is saved here the flow takes over by itself: see adoption."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from regulars import profile
from regulars.analyze.errors import RuleRefused, SegmentChanged, SegmentRefused, UnknownSegment
from regulars.analyze.past import SQL
from regulars.analyze.plan import Segment
from regulars.analyze.schema import SEGMENTS_LIMIT, ready
from regulars.analyze.segments import made, tree
from regulars.analyze.traits import Expression
from regulars.app import App

TITLE_LIMIT = 80
REASON_LIMIT = 200
NAME_LIMIT = 60


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as somebody wants it."""

    title: str
    rule: tree.Rule
    reason: str = ""
    """What for; kept with the version."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as somebody once saved it."""

    version: int
    title: str
    rule: tree.Rule
    author: str
    reason: str
    at: datetime


def create(app: App, draft: Draft, author: str) -> str:
    """Save a new segment; gives its name, which is made of its title. Raises SegmentRefused, RuleRefused."""
    title = _title(draft.title)
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:NAME_LIMIT]
    rows = made.stored(app.db)
    if not name or name in {segment.name for segment in ready(app).declared}:
        raise SegmentRefused(f"A segment cannot be called '{title}'", "Choose another title")
    _check(app, rows, name, draft)
    there_were = {*ready(app).bits, *(row.name for row in rows)}
    if len(there_were) >= SEGMENTS_LIMIT:
        raise SegmentRefused(f"There were {len(there_were):,} segments", "Change one from the archive instead")
    if app.db.execute(SQL.add_made, {"name": name, "at": app.clock.now()}).fetchone() is None:
        raise SegmentRefused(f"There is a segment called '{title}' already", "Choose another title, or change that one")
    _keep(app, name, 1, draft, author, archived=False)
    return name


def edit(app: App, name: str, draft: Draft, author: str, based_on: int | None = None) -> int:
    """Save a new version; gives its number. `based_on`: refused where somebody else saved one since."""
    row = _locked(app, name)
    if based_on is not None and based_on != row.version:
        raise SegmentChanged(
            f"'{row.title}' was changed by {row.author} meanwhile: version {row.version}",
            "Look at that version and make your change to it",
        )
    _check(app, made.stored(app.db), name, draft)
    _keep(app, name, row.version + 1, draft, author, archived=row.archived)
    return row.version + 1


def archive(app: App, name: str, author: str, reason: str = "") -> int:
    """Let nobody be in it any more; its history and versions stay. Gives the version that says so."""
    row = _locked(app, name)
    rows = made.stored(app.db)
    users = [r.title for r in rows if not r.archived and name in tree.named_segments(tree.read(r.rule))]
    if users:
        raise SegmentRefused(
            f"'{row.title}' is part of {', '.join(users)}", "Take it out of those rules first, or archive them"
        )
    return _turned(app, row, author, reason or "archived", archived=True)


def restore(app: App, name: str, author: str, reason: str = "") -> int:
    """Take it back out of the archive, with its newest rule."""
    row = _locked(app, name)
    _check(app, made.stored(app.db), name, Draft(title=row.title, rule=tree.read(row.rule)))
    return _turned(app, row, author, reason or "restored", archived=False)


def versions(app: App, name: str) -> list[Version]:
    """Everything that was ever saved under this name, newest first."""
    found = app.db.execute(SQL.versions_of, {"name": name}).fetchall()
    return [
        Version(version=number, title=title, rule=tree.read(rule), author=author, reason=reason, at=at)
        for number, title, rule, author, reason, at in found
    ]


def vocabulary(app: App, but: str = "") -> tree.Vocabulary:
    """What rules may name, segments as they are wanted; `but`: without this one and those that look at it."""
    catalogue = ready(app)
    rows = made.stored(app.db)
    found = made.wanted([row for row in rows if row.name != but], catalogue.plan.traits, catalogue.declared)
    claims: dict[str, Expression] = {segment.name: segment.rule for segment in catalogue.declared}
    claims |= {name: one.rule for name, one in found.items() if isinstance(one, Segment)}
    titles = {s.name: s.title for s in catalogue.declared} | {row.name: row.title for row in rows}
    traits = {trait.name: trait for trait in catalogue.plan.traits}
    return tree.Vocabulary(traits, claims, titles, app.settings.brand_currency)


def _check(app: App, rows: list[made.Row], name: str, draft: Draft) -> None:
    """The rule can be run, and so can the rules that look at this segment."""
    title = _title(draft.title)
    taken = {segment.title for segment in ready(app).declared} | {row.title for row in rows if row.name != name}
    if title in taken:
        raise SegmentRefused(f"There is a segment called '{title}' already", "Choose another title")
    if len(draft.reason) > REASON_LIMIT or "\0" in draft.reason:
        raise SegmentRefused("The reason is too long", f"Use at most {REASON_LIMIT} characters")
    rules: Mapping[str, str] = {row.name: row.rule for row in rows if not row.archived} | {
        name: tree.written(draft.rule)
    }
    catalogue = ready(app)
    found = made.resolved(rules, catalogue.plan.traits, catalogue.declared, {})
    if isinstance(refusal := found[name], RuleRefused):
        raise refusal
    _refuse_unheard(app, draft.rule)
    before = made.wanted(rows, catalogue.plan.traits, catalogue.declared)
    for other, one in found.items():
        if isinstance(one, RuleRefused) and isinstance(before.get(other), Segment):
            raise RuleRefused(f"'{other}' looks at this segment, and could not be run any more: {one.what}", one.fix)


def _refuse_unheard(app: App, rule: tree.Rule) -> None:
    """A purpose that nobody declared and nobody decided about is a typing error: it would hold nobody, or everybody."""
    declared = profile.purposes(app).asked()
    named = {leaf.purpose for leaf in tree.leaves(rule) if isinstance(leaf, tree.Consent)} - declared.keys()
    rows = app.db.execute(SQL.purposes_decided, {"purposes": sorted(named)}).fetchall()
    if unheard := sorted(named - {row[0] for row in rows}):
        raise RuleRefused(
            f"Nobody was ever asked for '{unheard[0][:60]}'",
            f"Choose one of {', '.join(declared)}, or declare it in purposes.yaml first",
        )


def _locked(app: App, name: str) -> made.Row:
    if app.db.execute(SQL.lock_made, {"name": name}).fetchone() is None:
        if name in {segment.name for segment in ready(app).declared}:
            raise SegmentRefused(f"'{name}' belongs to the catalogue", "Make a segment of your own like it")
        raise UnknownSegment(f"There is no segment named '{name}'", "See the list of segments")
    return next(row for row in made.stored(app.db) if row.name == name)


def _turned(app: App, row: made.Row, author: str, reason: str, *, archived: bool) -> int:
    if row.archived is archived:
        raise SegmentRefused(f"'{row.title}' is {'in' if archived else 'not in'} the archive", "Nothing was changed")
    draft = Draft(title=row.title, rule=tree.read(row.rule), reason=reason[:REASON_LIMIT])
    _keep(app, row.name, row.version + 1, draft, author, archived=archived)
    return row.version + 1


def _keep(app: App, name: str, version: int, draft: Draft, author: str, *, archived: bool) -> None:
    now = app.clock.now()
    given = {"name": name, "version": version, "title": _title(draft.title), "rule": tree.written(draft.rule)}
    app.db.execute(SQL.add_segment_version, given | {"author": author, "reason": draft.reason, "at": now})
    app.db.execute(SQL.set_made, {"name": name, "version": version, "archived": archived, "at": now})


def _title(title: str) -> str:
    said = " ".join(title.split())
    if not 0 < len(said) <= TITLE_LIMIT or not said.isprintable():
        raise SegmentRefused("A segment needs a title", f"Write 1 to {TITLE_LIMIT} characters")
    return said
