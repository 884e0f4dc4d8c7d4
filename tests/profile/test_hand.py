"""What is stated by hand stands above sources, goes with the person, and can be taken back as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from regulars import flow, profile
from regulars.app import App
from regulars.model import People
from regulars.profile import Author, hand
from regulars.resolve import Steward, decide
from tests.engage.town import carry, customer_of, message, person, tell
from tests.worker.test_withdrawal import PROJECTIONS

ADA = Author("ada", "she told me")
STEWARD = Steward("ada", "one person")


@pytest.fixture
def brand(app: App) -> App:
    at = app.clock.now() - timedelta(days=2)
    tell(app, "crm", [person("p1", at), person("p2", at)])
    carry(app)
    return app


def state(app: App, people: Callable[[App], People]) -> None:
    with app.transaction() as inside:
        flow.on_decision(inside, people(inside))


def values(app: App, customer: int) -> dict[str, tuple[str, str]]:
    with app.transaction() as inside:
        return {field.name: (field.value, field.why) for field in profile.read(inside, customer).fields}


def fields(app: App) -> list[str]:
    with app.transaction() as inside:
        return sorted(map(repr, inside.db.execute(PROJECTIONS["fields"])))


def name(app: App, customer: int) -> str | None:
    return values(app, customer).get("first_name", (None, ""))[0]


def test_what_is_stated_by_hand_stands_above_what_sources_say_later(brand: App) -> None:
    p1 = customer_of(brand, "p1")

    state(brand, lambda inside: hand.set_field(inside, ADA, p1, "first_name", "Pauline"))
    tell(brand, "crm", [message("identify", "p1", brand.clock.now(), traits={"first_name": "Paul"})])
    carry(brand)

    assert values(brand, p1)["first_name"] == ("Pauline", "steward")


def test_a_field_that_was_cleared_is_not_known_until_that_is_taken_back(brand: App) -> None:
    p1 = customer_of(brand, "p1")

    state(brand, lambda inside: hand.clear_field(inside, ADA, p1, "first_name"))
    cleared = name(brand, p1)
    with brand.transaction() as inside:
        shown = inside.db.execute("select first_name from profile where customer = %s", [p1]).fetchone()
        (entry,) = hand.entries(inside, p1)
    state(brand, lambda inside: hand.undo(inside, ADA, p1, entry.id))

    assert (cleared, shown) == ("", (None,))
    assert name(brand, p1) == "P1"


def test_undoing_an_undo_states_it_again(brand: App) -> None:
    p1 = customer_of(brand, "p1")
    state(brand, lambda inside: hand.set_field(inside, ADA, p1, "first_name", "Pauline"))
    seen: list[str | None] = []

    for _ in range(3):
        with brand.transaction() as inside:
            newest = hand.entries(inside, p1)[0].id
        state(brand, lambda inside, newest=newest: hand.undo(inside, ADA, p1, newest))
        seen.append(name(brand, p1))

    assert seen == ["P1", "Pauline", "P1"]


def test_merging_and_taking_it_back_returns_to_each_what_was_stated_about_them(brand: App) -> None:
    p1, p2 = customer_of(brand, "p1"), customer_of(brand, "p2")
    state(brand, lambda inside: hand.set_field(inside, ADA, p2, "first_name", "Petra"))
    state(brand, lambda inside: hand.note(inside, Author("bo"), p2, "Comes on Fridays"))
    before = fields(brand)

    state(brand, lambda inside: decide.merge(inside, STEWARD, [p1, p2]))
    merged = name(brand, p1)
    with brand.transaction() as inside:
        noted = [one.value for one in hand.entries(inside, p1) if one.kind == "note"]
    with brand.transaction() as inside:
        [(subject,)] = inside.db.execute("select distinct subject from decision").fetchall()
    state(brand, lambda inside: decide.undo(inside, STEWARD, subject))

    assert (merged, noted) == ("Petra", ["Comes on Fridays"])
    assert fields(brand) == before


def test_an_entry_outlives_the_rebuild_of_everybody(brand: App) -> None:
    p1 = customer_of(brand, "p1")
    state(brand, lambda inside: hand.set_field(inside, ADA, p1, "last_name", "Byron"))
    before = fields(brand)

    with brand.transaction() as inside:
        bound = decide.stop_the_flow(inside)
        (batch,) = [hand.note(inside, ADA, p1, "x").batch]
        everybody = [id for (id,) in inside.db.execute("select id from customer")]
        profile.apply(inside, People(batch=batch, customers=[], created=[], merged=[], recompute=everybody))

    assert bound == batch.last_seq
    assert fields(brand) == before


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("shoe", "38", "no field"),
        ("birth_date", "soon", "is no birth date"),
        ("birth_date", "2999-01-01", "is no birth date"),
        ("birth_date", "0001-01-01", "is no birth date"),
        ("address", "[" * 5_000, "is no address"),
        ("email", "nobody", "is no email"),
    ],
)
def test_what_cannot_be_a_value_is_refused(brand: App, field: str, value: str, fault: str) -> None:
    p1 = customer_of(brand, "p1")

    with brand.transaction() as inside, pytest.raises(profile.HandRefused, match=fault):
        hand.set_field(inside, ADA, p1, field, value)


def test_the_reason_of_a_note_is_kept_short_and_clean(brand: App) -> None:
    p1 = customer_of(brand, "p1")

    state(brand, lambda inside: hand.note(inside, Author("ada", "she\0 said " * 1_000), p1, "Allergic to nuts"))

    with brand.transaction() as inside:
        (entry,) = hand.entries(inside, p1)
    assert entry.reason.startswith("she said she said")
    assert len(entry.reason) <= hand.REASON_MAX_CHARACTERS


def test_a_correction_without_a_reason_is_refused(brand: App) -> None:
    p1 = customer_of(brand, "p1")

    with brand.transaction() as inside, pytest.raises(profile.HandRefused, match="left empty"):
        hand.clear_field(inside, Author("ada", "  "), p1, "first_name")


def test_what_was_written_down_about_somebody_who_is_erased_goes_with_them(brand: App) -> None:
    p1 = customer_of(brand, "p1")
    state(brand, lambda inside: hand.set_field(inside, ADA, p1, "first_name", "Pauline"))

    with brand.transaction() as inside:
        profile.forget(inside, [p1], {})
        left = inside.db.execute("select count(*) from profile_hand").fetchall()

    assert left == [(0,)]
