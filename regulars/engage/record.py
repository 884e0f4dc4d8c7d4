"""What the first mail server we own says it took: our own catcher's folder, or Postfix's log. Asked after a kill."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from regulars.engage import catcher
from regulars.kit.settings import Settings

# Postfix's cleanup writes one such line for every message that it has taken into its queue:
#   Nov 22 21:40:01 mx postfix/cleanup[1234]: 4Fk2Y: message-id=<0123@example.com>
TAKEN = re.compile(r"postfix(?:/[\w-]+)*/cleanup\[\d+\]: \S+: message-id=(<[^>]+>)")
# A line of Postfix begins with its instant: as above, in the machine's zone and without a year, or with both.
LINE = re.compile(r"(?P<iso>\d{4}-\d\d-\d\dT\S+)? ?(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)? ?\S+ postfix/")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LOG_VARIABLE = "REGULARS_SMTP_LOG"


class Told(NamedTuple):
    """What a log says: the ids of ours it took, and the lines with which its story begins and ends."""

    ids: set[str]
    first: str | None
    last: str | None
    has_taken_any: bool


def accepted(settings: Settings, sent_at: Mapping[str, datetime]) -> dict[str, bool]:
    """Did the mail server take these ids, on their way since then? What its record cannot answer for is left out."""
    log = settings.smtp_log
    if log:
        return in_postfix_log(Path(log), sent_at)
    folder = catcher.folder_of(settings)
    if catcher.is_ours(folder, settings.smtp_host, settings.smtp_port):
        return {id: catcher.has(folder, id) for id in sent_at}
    return {}


def in_postfix_log(log: Path, sent_at: Mapping[str, datetime]) -> dict[str, bool]:
    """What a Postfix log (and the one rotated last) says about these ids.

    Its silence means "not taken" only where it notes what is taken at all, began before the message left and was still
    written to afterwards: a log that was rotated away, filtered or left behind says nothing, and nothing goes twice.
    """
    try:
        told = _read([log.with_name(log.name + ".1"), log], set(sent_at))
    except OSError:
        return {}
    return {id: id in told.ids for id, at in sent_at.items() if id in told.ids or _covers(told, at)}


def _read(files: list[Path], wanted: set[str]) -> Told:
    ids, first, last, any_taken = set[str](), None, None, False
    for path in files:
        if path != files[-1] and not path.exists():
            continue
        with path.open(errors="replace") as lines:
            for line in lines:
                if LINE.match(line) is None:
                    continue
                first, last = first or line, line
                if hit := TAKEN.search(line):
                    any_taken = True
                    ids |= wanted & {hit[1]}
    return Told(ids, first, last, any_taken)


def _covers(told: Told, at: datetime) -> bool:
    if told.first is None or told.last is None or not told.has_taken_any:
        return False
    begin, end = _instant(told.first, at), _instant(told.last, at)
    # The log may count in whole seconds.
    return begin is not None and end is not None and begin < at and end >= at.replace(microsecond=0)


def _instant(line: str, near: datetime) -> datetime | None:
    """When a line was written; a year it does not name is the one that brings it nearest to `near`."""
    said = LINE.match(line)
    if said is None or not (said["iso"] or said["old"]):
        return None
    try:
        if said["iso"]:
            return datetime.fromisoformat(said["iso"]).astimezone()
        month, (hour, minute, second) = MONTHS.index(said["old"][:3]) + 1, map(int, said["old"][7:].split(":"))
        day = int(said["old"][4:6])
    except ValueError:  # not an instant after all, a month nobody knows
        return None
    # The machine's own zone: that of the mail server beside us. A 29 February is not in every year.
    years = [year for year in (near.year - 1, near.year, near.year + 1) if (month, day) != (2, 29) or isleap(year)]
    written = [datetime(year, month, day, hour, minute, second).astimezone() for year in years]
    return min(written, key=lambda instant: abs(instant - near), default=None)
