"""The whole way, through every room: orders, a lapse, three days, one mail, an unsubscribe that the journal hears."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from regulars import engage, flow
from regulars.app import App
from regulars.engage import catcher
from regulars.kit.clock import ManualClock
from regulars.model import Moment
from tests.engage.town import carry, customer_of, order, person, tell

PEOPLE = ("ada", "bea", "cleo", "dora", "edith", "fay")


def regulars_who_lapsed(app: App, now: datetime) -> None:
    start = now - timedelta(days=120)
    tell(app, "crm", [person(login, start) for login in PEOPLE])
    orders = [order(login, start + timedelta(days=6 * n), "50.00") for login in PEOPLE for n in range(10)]
    tell(app, "crm", orders)
    carry(app)
    with app.transaction() as inside:
        flow.on_tick(inside, now)


def test_lapsing_regulars_get_one_mail_or_are_held_out_and_may_opt_out(app: App, clock: ManualClock) -> None:
    regulars_who_lapsed(app, clock.now())
    clock.move_to(clock.now() + timedelta(days=4))
    with app.transaction() as inside:
        flow.on_tick(inside, clock.now())

    folder = catcher.folder_of(app.settings)
    with catcher.serving(folder, port=0) as port:
        mailing = replace(app, settings=msgspec.structs.replace(app.settings, smtp_port=port))
        sent = engage.deliver(mailing, 50)["sent"]

    with app.transaction() as inside:
        states = dict(inside.db.execute("select state, count(*) from outbox group by state").fetchall())
    assert states == {"sent": sent, "held": len(PEOPLE) - sent}
    mails = catcher.caught(folder)
    assert len({mail.to for mail in mails}) == len(mails) == sent
    assert "500 points" in catcher.opened(folder, mails[0].name).text
    opt_out(app, folder_mail=catcher.opened(folder, mails[0].name))


def opt_out(app: App, folder_mail: engage.Opened) -> None:
    """One click; the decision is in her consents as soon as the journal is carried."""
    link = dict(folder_mail.headers)["List-Unsubscribe"].strip("<>")
    with app.transaction() as inside:
        engage.unsubscribe(inside, link.rpartition("/")[2], app.clock.now())
    carry(app)

    customer = customer_of(app, folder_mail.caught.to.partition("@")[0])
    with app.transaction() as inside:
        decided = inside.db.execute(
            "select allowed from consent_state where customer = %s order by decided_at desc limit 1", [customer]
        ).fetchone()
        card = engage.moment(inside, engage_moment(folder_mail.caught.to))
    assert decided == (False,)
    assert card is not None
    assert (card.customer, card.points, card.action) == (customer, 500, "$5 off your next basket of $25 or more")


def engage_moment(email: str) -> Moment:
    return Moment(kind="email", value=email)
