"""What other rooms and people ask of this one."""

import random
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from regulars import resolve
from regulars.app import App
from regulars.model import Body, Event, Moment
from regulars.resolve import normalize
from tests.resolve.notation import Rec, event
from tests.resolve.test_stream import carry


def load(app: App, *records: Rec) -> None:
    carry(app, [event(n + 1, rec) for n, rec in enumerate(records)])


def test_a_till_finds_the_customer_by_card_phone_or_address(app: App) -> None:
    load(app, Rec("a", 0, "u1 L1 e1!"), Rec("b", 1, "u2 e2"), Rec("c", 2, "u3 e2"))

    def found(kind: str, value: str) -> int | None:
        with app.transaction() as inside:
            return resolve.look_up(inside, Moment(kind=kind, value=value))

    assert found("card", "l-1") == 1
    assert found("email", " E1@SHOP.example ") == 1
    assert found("customer", "2") == 2
    assert found("email", "e2@shop.example") is None
    assert found("card", "0000") is None


def test_an_explanation_has_a_path_to_every_record_and_every_refusal(app: App) -> None:
    load(app, Rec("a", 0, "u1 p1"), Rec("b", 1, "p1 e1"), Rec("c", 2, "e1 u2"), Rec("d", 3, "u2 c1"))

    with app.transaction() as inside:
        told = resolve.explain(inside, 2)
        (phone,) = [one.value for one in resolve.identifiers(inside, 2) if one.type == "phone"]

    assert told.records == [2, 3, 4]
    hops = [(hop.from_record, hop.to_record, hop.strength) for hop in told.hops]
    assert hops == [(2, 3, "e-mail"), (3, 4, "login")]
    assert told.by_steward == []
    # The e-mail joined record 2 to one login; the phone would have joined it to another.
    refused = [(refusal.strength, refusal.value, refusal.reason, refusal.one) for refusal in told.refusals]
    assert refused == [("phone", phone, "equally near to two", one) for one in (1, 2)]
    with pytest.raises(resolve.CustomerUnknown), app.transaction() as inside:
        resolve.explain(inside, 99)


def test_identifiers_show_what_is_shared(app: App) -> None:
    load(app, Rec("a", 0, "u1 efam"), Rec("b", 1, "u2 efam"))

    with app.transaction() as inside:
        told = {(one.type, one.value): one.shared for one in resolve.identifiers(inside, 1)}

    assert told == {("login:web", "u1"): False, ("email", "efam@shop.example"): True}


def test_our_own_event_follows_the_founder_through_a_merge(app: App) -> None:
    load(app, Rec("a", 0, "e1"), Rec("b", 1, "u1 p1"))
    carry(app, [event(3, Rec("c", 2, "e1 p1"))])
    now = datetime(2024, 1, 2, tzinfo=UTC)
    own = Event(
        seq=4,
        source="regulars",
        source_kind="own",
        login_space="regulars",
        message_id="x",
        kind="track",
        name="Segment Entered",
        occurred_at=now,
        received_at=now,
        body=Body(context={"customer": 2}),
    )

    assert carry(app, [own]).customers == [1]


def known_customers(app: App) -> dict[int, bool]:
    with app.transaction() as inside:
        return dict(inside.db.execute("select id, known from customer").fetchall())


def test_a_basket_with_nothing_but_an_order_number_is_not_a_person_we_know(app: App) -> None:
    carry(app, [basket(1, {"order_id": "o1"}), basket(2, {"order_id": "o2", "payment_token": "t2"})])
    assert known_customers(app) == {1: False, 2: True}

    carry(app, [basket(3, {"order_id": "o1", "payment_token": "t1"})])

    assert known_customers(app) == {1: True, 2: True}


def basket(seq: int, properties: dict[str, object]) -> Event:
    at = datetime(2024, 1, 2, tzinfo=UTC)
    return Event(
        seq=seq,
        source="till",
        source_kind="tills",
        login_space="till",
        message_id=f"b{seq}",
        kind="track",
        name="Order Completed",
        occurred_at=at,
        received_at=at,
        body=Body(properties=properties),
    )


def test_records_that_name_nobody_are_no_customers(app: App) -> None:
    load(app, Rec("a", 0, ""), Rec("b", 1, "", "anna"))

    with app.transaction() as inside:
        assert inside.db.execute("select count(*) from customer").fetchone() == (0,)


@pytest.mark.parametrize(
    "raw", ["", "noemail@store.com", "test@test.com", "not an address", "null", "anonymous", "a@b", "-1"]
)
def test_junk_addresses_identify_nobody(raw: str) -> None:
    assert normalize.email(raw) is None


def mailbox(dice: random.Random) -> str:
    """Something with an @, more often wrong than right."""
    local = "".join(dice.choices("ab1._+-'", k=dice.randrange(1, 6)))
    return f"{local}@" + "".join(dice.choices("ab1-..", k=dice.randrange(3, 12)))


def test_plain_addresses_are_read_as_the_standards_say() -> None:
    dice = random.Random(1)
    raws = [raw for raw in (mailbox(dice) for _ in range(3_000)) if not normalize.is_blocked(raw)]

    assert [normalize.email(raw) for raw in raws] == [normalize.checked_email(raw) for raw in raws]
    assert len({raw for raw in raws if normalize.email(raw)}) > 100


@pytest.mark.parametrize("raw", ["0000000000", "-1", "null", "anonymous", "  ", "000-000-0000", "undefined"])
def test_junk_values_identify_nobody(raw: str) -> None:
    assert normalize.token(raw.strip()) is None
    assert normalize.card(raw) is None
    assert normalize.phone(raw, "US") is None


def test_spellings_of_one_value_are_one() -> None:
    assert normalize.phone("(312) 555-0188", "US") == normalize.phone("+1 312 555 0188", "DE") == "+13125550188"
    assert normalize.email("  Jo.Smith@Shop.EXAMPLE".strip()) == "jo.smith@shop.example"
    assert normalize.card("47-11 8") == "47118"
    assert normalize.name("Élodie Marie") == "elodie"
    assert normalize.birth("1984-02-01") == 19840201


def test_evaluation_counts_pairs_without_looking_at_each() -> None:
    found = resolve.evaluate([1, 1, 1, 2, None, 3], [7, 7, 8, 8, 8, None])

    assert (found.precision, found.recall) == (1 / 3, 1 / 4)
    assert found.b_cubed == pytest.approx(2 * (11 / 15) * (3 / 5) / (11 / 15 + 3 / 5))
    assert (found.largest, found.true_largest, found.records) == (3, 3, 5)


def test_a_birth_from_a_document_decides_whom_a_family_address_joins(app: App) -> None:
    load(
        app,
        Rec("a", 0, "L1", None, 19800102),
        Rec("b", 1, "L1 t1", None, 19800102),
        Rec("c", 3, "efam", None, 20090704),
    )
    carry(app, [event(4, Rec("v", 4, "L1 efam", None, 20090704, verified=True))])

    with app.transaction() as inside:
        customers = inside.db.execute("select distinct customer from signature").fetchall()

    assert customers == [(1,)]


def test_who_does_not_link_files_waits_for_nothing_that_only_linking_needs() -> None:
    program = "import sys, regulars.resolve; print({'scipy', 'pyarrow.compute', 'splink'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize(
    ("raw", "spelling"),
    [
        *(("van der Berg", "vanderberg"), ("Vanderberg", "vanderberg"), ("van Dyk", "vandyk"), ("Van-Dyk", "vandyk")),
        *(("de la Cruz Gomez", "delacruz"), ("O'Brien", "obrien"), ("O Brien", "obrien"), ("St. John", "stjohn")),
        *(("Smith Jones", "smith"), ("Le", "le"), ("Müller", "muller"), ("von", "von"), ("null", None), (" ", None)),
    ],
)
def test_a_last_name_keeps_the_particles_it_begins_with(raw: str, spelling: str | None) -> None:
    assert normalize.surname(raw) == spelling
