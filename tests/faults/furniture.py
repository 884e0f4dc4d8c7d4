"""What a brand has after a year, so that every address of the API finds something there."""

from __future__ import annotations

from regulars import analyze, engage, flow
from regulars.analyze import missed
from regulars.analyze.scores.channel_breadth import MIN_CUSTOMERS
from regulars.app import App
from regulars.kit.clock import day_number
from tests.engage import town

SEGMENT = "made_here"
BUYS = {"kind": "all", "of": [{"kind": "trait", "trait": "orders", "is": ">=", "value": 1}]}
BUYERS = "Buyers"
# One customer is no group and changes no series: these stand as if they had been found.
PERSONA = """
    insert into persona (lens, place, name, state, found_at, portrait, customers, spend_cents) values (
        'web', 0, 'Searchers', 'found', %(now)s,
        '{"sentence": "They search.", "facts": [], "spokes": [], "growth": null}', 1, 2000
    )
"""
SHIFT = """
    insert into shift (scope, series, part, day, low_day, high_day, before, after, p, shape, found_at)
    values ('', 'orders', '', %(day)s - 70, %(day)s - 77, %(day)s - 63, 10, 20, 0.001, 'step', %(now)s)
"""
# What is done once is undone before it is done again.
UNDO = {
    "post /api/segments": ("delete from segment_made where name = 'buyers'",),
    "post /api/segments/{name}/archive": (f"update segment_made set archived = false where name = '{SEGMENT}'",),
    "post /api/segments/{name}/restore": (f"update segment_made set archived = true where name = '{SEGMENT}'",),
    "post /api/follow-ups/{ident}/done": ("update follow_up set state = 'open', ended_at = null",),
    "post /api/shifts/{ident}/acknowledge": ("update shift set acknowledged_at = null",),
    "post /api/opportunities/{name}/take-up": (
        "update opportunity set is_found = true",
        "delete from opportunity_taken",
        "delete from segment_made where name like 'overdue_regulars_%'",
    ),
    "post /api/surveys/answers": ("update survey_asking set answered_at = null",),
}


def furnish_analysis(app: App, customer: int) -> str:
    """A segment, a persona, a shift, a bad answer, a search, scores; gives the address of a question that was asked."""
    now = app.clock.now()
    answer = {"survey_id": "found-it", "question": "Well?", "score": 1}
    town.tell(app, "crm", [town.order(f"buyer{n}", now) for n in range(MIN_CUSTOMERS)])
    town.tell(app, "crm", [town.message("track", "ann", now, event="Survey Answered", properties=answer)])
    town.carry(app)
    with app.transaction() as inside:
        inside.db.execute(PERSONA, {"now": now})
        inside.db.execute(SHIFT, {"now": now, "day": day_number(now, app.settings.zone)})
        analyze.create(inside, analyze.Draft(title="Made here", rule=analyze.read(BUYS)), "Ada")
        asked = engage.ask(inside, "found-it", customer, "link", now)
        flow.on_tick(inside, now)
    missed.search(app)
    return asked.url


def undo(app: App, operation: str) -> None:
    """Before this operation: as if nobody had done it yet."""
    with app.transaction() as inside:
        for statement in UNDO.get(operation, ()):
            inside.db.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
