"""The door in the database: one row a wish, every no with its reason, a cap that nobody can outrun."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from regulars.app import App
from regulars.engage import WEEKLY_CAP, Reason
from regulars.kit.clock import ManualClock
from tests.engage.people import WEEK, add_people, intent, states, wish


def test_the_same_wish_twice_is_one_row(app: App) -> None:
    add_people(app, 1)

    for _ in range(3):
        wish(app, intent(1))

    assert states(app) == {"test:1:mail:1": ("ready", "allowed")}


def test_who_never_agreed_gets_nothing_and_the_row_says_why(app: App) -> None:
    add_people(app, 1, consent=None)
    add_people(app, 1, consent=False, first=2)

    wish(app, intent(1), intent(2))

    assert [reason for _, reason in states(app).values()] == [Reason.NEVER_ASKED, Reason.WITHDRAWN]


def test_quiet_hours_hold_a_wish_until_morning(app: App, clock: ManualClock) -> None:
    add_people(app, 1)
    clock.move_to(clock.now().replace(hour=23))
    wish(app, intent(1))
    assert states(app)["test:1:mail:1"] == ("later", "quiet_hours")

    clock.move_to(clock.now() + timedelta(hours=8))
    wish(app)

    assert states(app)["test:1:mail:1"] == ("ready", "allowed")


def test_a_third_mail_in_a_week_waits_for_monday(app: App, clock: ManualClock) -> None:
    add_people(app, 1)
    wish(app, *(intent(1, f"k{n}", priority=n) for n in range(3)))

    assert states(app) == {"k0": ("later", "weekly_cap"), "k1": ("ready", "allowed"), "k2": ("ready", "allowed")}
    clock.move_to(clock.now() + WEEK)
    wish(app)
    assert states(app)["k0"] == ("ready", "allowed")


def test_a_held_out_wish_takes_its_place_under_the_cap(app: App) -> None:
    add_people(app, 1)

    wish(app, *(intent(1, f"k{n}", held=True) for n in range(3)))

    assert sorted(state for state, _ in states(app).values()) == ["held", "held", "later"]


def test_the_cap_holds_however_many_workers_ask_at_once(app: App) -> None:
    people = add_people(app, 5)

    def worker(number: int) -> None:
        wish(app, *(intent(c, f"{number}:{c}:{n}") for c in people for n in range(2)))

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(worker, range(6)))

    with app.transaction() as inside:
        ready = inside.db.execute("select customer, count(*) from outbox where state = 'ready' group by 1").fetchall()
        slots = inside.db.execute("select count(*) from cap_slot").fetchone()
    assert sorted(ready) == [(c, WEEKLY_CAP) for c in people]
    assert slots == (WEEKLY_CAP * len(people),)


def test_a_wish_follows_a_customer_who_was_found_to_be_another(app: App) -> None:
    add_people(app, 1, first=5)
    with app.transaction() as inside:
        inside.db.execute("insert into redirect (old, customer) values (1, 5)")

    wish(app, intent(1))

    with app.transaction() as inside:
        assert inside.db.execute("select customer, state, address from outbox").fetchall() == [
            (5, "ready", "ada5@example.com")
        ]
