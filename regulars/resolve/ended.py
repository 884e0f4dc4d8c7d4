"""Which of a customer's e-mails and phones changed hands because a source named others, and when: for showing."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import msgspec

from regulars.app import App
from regulars.kit.clock import day_date
from regulars.resolve.clean import keeper_of
from regulars.resolve.implied import Telling, closes_of
from regulars.store import queries

SQL = queries(__package__ or "")


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that a source ended for a login by naming another one."""

    type: str
    value: str
    source: str
    day: date
    """The first on which the source said another one; whoever brings this one later is somebody else. UTC."""
    is_hers: bool
    """It was hers until then; else somebody else's, and hers since."""


def ended_of(app: App, customer: int) -> list[Ended]:
    """By value and day."""
    rows = app.db.execute(SQL.told_of_hers, {"customer": customer}).fetchall()
    names = {keeper_of(name): name for (name,) in app.db.execute(SQL.source_names)} if rows else {}
    told: dict[tuple[int, bool, int, int], list[Telling]] = defaultdict(list)
    shown: dict[int, tuple[str, str]] = {}
    hers: set[tuple[int, bool, int, int]] = set()
    for source, is_mail, space, login, value, first, last, kind, text, whose in rows:
        about = source, is_mail, space, login
        told[about].append(Telling(about, value, first, last))
        if text is not None:
            shown[value] = kind, text
        if whose == customer:
            hers.add(about)
    return sorted(
        (
            Ended(
                type=shown[value][0], value=shown[value][1], source=names.get(about[0], ""), day=day_date(day),
                is_hers=about in hers,
            )
            for about, tellings in told.items()
            for value, days in closes_of(tellings).items() if value in shown
            for day in days
        ),
        key=lambda one: (one.type, one.value, one.day),
    )  # fmt: skip
