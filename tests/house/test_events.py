"""The vocabulary says what the rooms read: every name they wait for or announce is published, and documented."""

import re

from regulars.collect import vocabulary_events
from tests.house.events import TARGET, described
from tests.house.reading import modules, refuse

# Names of facts that are made from an event of another name, or from a page.
MADE_OF_OTHERS = {"Order Line", "Page Viewed", "Screen Viewed"}
READ_OR_TOLD = re.compile(
    r'(?:facts\(|"event": |\bevent=|\bname=|\.name (?:==|!=) |^ORDER = |_signed, \([^)]*)'
    r'"([A-Z][a-z]+(?: [A-Za-z]+)+)"',
    re.MULTILINE,
)
LISTED = re.compile(r"^(?:DECISIONS|HAPPENED|COMPLAINED|REFUNDS|ANONYMOUS_EVENTS)\b.*$", re.MULTILINE)
QUOTED = re.compile(r'"([A-Z][a-z]+(?: [A-Za-z]+)+)"')


def test_the_documented_events_are_the_published_events() -> None:
    assert TARGET.read_text() == described(), "run: make docs"


def test_every_event_that_a_room_reads_or_tells_is_published() -> None:
    named = {
        name: module.place
        for module in modules()
        # What stands in the inventory are names of systems, not of events.
        if not any(part in module.place for part in ("/vocabulary/", "/web/", "audit/systems"))
        for text in [module.text, *LISTED.findall(module.text)]
        for name in (READ_OR_TOLD if text is module.text else QUOTED).findall(text)
    }
    published = set(vocabulary_events()) | MADE_OF_OTHERS

    assert {"Order Completed", "Survey Answered", "Consent Given", "Segment Entered", "Email Bounced"} <= set(named)
    refuse(
        [f"{place} names '{name}'" for name, place in named.items() if name not in published],
        "Give it a line in a group of regulars/collect/vocabulary.",
    )
