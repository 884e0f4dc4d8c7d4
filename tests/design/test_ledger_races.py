"""Many tills at once: no interleaving may spend a point twice."""

from concurrent.futures import ThreadPoolExecutor

from regulars import design
from regulars.app import App
from regulars.design import Redeem
from tests.design.books import ADA, Shop, check_books

TILLS = 8
ATTEMPTS = 20
POINTS = 10
BALANCE = 1_000


def test_s21_at_most_the_balance_is_granted_however_many_tills_ask(app: App) -> None:
    Shop(app).earn(0, BALANCE)

    def till(number: int) -> int:
        granted = 0
        for attempt in range(ATTEMPTS):
            with app.transaction() as inside:
                command = Redeem(key=f"till-{number}-{attempt}", day=1, points=POINTS)
                granted += design.post(inside, ADA, command).refused is None
        return granted

    with ThreadPoolExecutor(TILLS) as tills:
        granted = sum(tills.map(till, range(TILLS)))

    assert granted == BALANCE // POINTS
    assert Shop(app).on(1) == (0, 0, 0)
    check_books(app)


def test_a_naive_read_then_write_would_have_been_caught(app: App) -> None:
    """The control: two tills that both read before either writes overspend, and the wallet's own check refuses it."""
    Shop(app).earn(0, POINTS)

    with app.transaction() as one:
        seen = one.db.execute("select available from wallet where customer = %s", [ADA]).fetchone()
    Shop(app).redeem(1, POINTS)

    assert seen == (POINTS,)
    try:
        with app.transaction() as one:
            one.db.execute("update wallet set available = available - %s where customer = %s", [POINTS, ADA])
        caught = False
    except Exception as fault:
        caught = "wallet_available_check" in str(fault)
    assert caught


def test_the_same_key_from_many_tills_counts_once(app: App) -> None:
    Shop(app).earn(0, BALANCE)

    def till(_: int) -> bool:
        with app.transaction() as inside:
            return design.post(inside, ADA, Redeem(key="one", day=1, points=POINTS)).repeated

    with ThreadPoolExecutor(TILLS) as tills:
        repeated = sum(tills.map(till, range(TILLS)))

    assert repeated == TILLS - 1
    assert Shop(app).on(1) == (BALANCE - POINTS, 0, 0)
