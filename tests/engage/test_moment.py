"""The till's question: what the card promises, and a database that does not answer."""

from datetime import timedelta

from regulars import engage
from regulars.app import App
from regulars.engage.moment import REST, moment_asgi
from regulars.kit.clock import ManualClock
from regulars.model import Moment
from tests.engage.mail_server import Script, answering
from tests.engage.people import intent, wish
from tests.engage.town import carry, customer_of, person, tell

QUESTION = "email=ada@example.com"
ADA = Moment(kind="email", value="ada@example.com")


def add_ada(app: App) -> int:
    tell(app, "crm", [person("ada", app.clock.now())])
    carry(app)
    return customer_of(app, "ada")


def test_letter_and_till_name_the_same_last_day_of_an_offer(app: App, clock: ManualClock) -> None:
    script = Script()
    wish(app, intent(add_ada(app)))
    with answering(app, script) as mailing:
        engage.deliver(mailing, 10)

    clock.move_to(clock.now() + timedelta(days=7))
    with app.transaction() as inside:
        last = engage.moment(inside, ADA)
        clock.move_to(clock.now() + timedelta(days=1))
        over = engage.moment(inside, ADA)

    assert b"until 9 March 2026" in script.contents[0]
    assert last is not None
    assert over is not None
    assert (last.action, last.action_why) == ("Five off", "We wrote about it on 2 March; until 9 March")
    assert over.action is None


def test_a_table_that_somebody_holds_costs_one_question_half_a_second_and_the_next_nothing(
    app: App, clock: ManualClock
) -> None:
    add_ada(app)
    till = moment_asgi(app)
    try:
        with app.transaction() as inside:
            inside.db.execute("lock table profile in access exclusive mode")
            status, body = till.answer(QUESTION)
            again, _ = till.answer(QUESTION)
        assert (status, again) == (503, 503)
        assert b"too busy" in body
        clock.move_to(clock.now() + REST)
        assert till.answer(QUESTION)[0] == 200
    finally:
        till.close()
