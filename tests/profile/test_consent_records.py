"""What a decision is recorded with, how long it stands, and what is said about it to whoever asks."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from regulars import profile
from regulars.app import App
from regulars.engage.arbiter import Reason
from regulars.kit.clock import ManualClock
from tests.engage.people import intent, states, wish
from tests.engage.town import carry, customer_of, message, person, tell

DECLARED = """
purposes:
  marketing: {title: News and offers, notice: privacy-2026}
  research: {title: Research, channels: [email]}
notices:
  privacy-2026: {version: "2", jurisdiction: GDPR, text: We write to you about what is new.}
"""


def declare(app: App, text: str = DECLARED) -> None:
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    (app.settings.home_path / "purposes.yaml").write_text(text)


def agreed(app: App, **more: Any) -> dict[str, Any]:
    given = {"channel": "email", "collection_point": "checkout", **more}
    return message("track", "ada", app.clock.now(), event="Consent Given", properties=given)


def decisions(app: App) -> list[profile.Decided]:
    with app.transaction() as inside:
        return profile.history(inside, customer_of(app, "ada"))


def test_a_yes_is_recorded_with_the_words_she_saw(app: App) -> None:
    declare(app)
    tell(app, "shop", [person("ada", app.clock.now(), consent=None), agreed(app, legal_basis="consent")])
    carry(app)

    (one,) = decisions(app)

    shown = hashlib.sha256(b"We write to you about what is new.").hexdigest()
    assert (one.notice, one.notice_version, one.notice_hash) == ("privacy-2026", "2", shown)
    assert (one.collection_point, one.basis, one.jurisdiction) == ("checkout", "consent", "GDPR")


def test_a_yes_under_another_version_of_the_notice_does_not_get_the_words_of_this_one(app: App) -> None:
    declare(app)
    tell(app, "shop", [person("ada", app.clock.now(), consent=None), agreed(app, notice_version="1")])
    carry(app)

    (one,) = decisions(app)

    assert (one.notice_version, one.notice_hash) == ("1", None)


def test_a_yes_ends_at_its_date_without_anybody_doing_anything(app: App, clock: ManualClock) -> None:
    until = clock.now() + timedelta(days=2)
    tell(app, "shop", [person("ada", clock.now(), consent=None), agreed(app, expires_at=until.isoformat())])
    carry(app)
    ada = customer_of(app, "ada")
    wish(app, intent(ada, "a"))

    clock.move_to(until)
    wish(app, intent(ada, "b"))

    assert states(app)["a"][0] == "ready"
    assert states(app)["b"] == ("suppressed", Reason.LAPSED)
    with app.transaction() as inside:
        assert [one.allowed for one in profile.read(inside, ada).consents] == [False]


def test_a_yes_whose_end_cannot_be_read_is_none(app: App) -> None:
    tell(app, "shop", [person("ada", app.clock.now(), consent=None), agreed(app, expires_at="next spring")])
    carry(app)

    assert decisions(app) == []


def test_what_the_brand_asks_a_yes_for_needs_one_and_a_receipt_does_not(app: App) -> None:
    declare(app)
    tell(app, "shop", [person("ada", app.clock.now())])
    carry(app)
    ada = customer_of(app, "ada")

    wish(app, intent(ada, "a", purpose="research"), intent(ada, "b", purpose="receipt"))

    assert states(app) == {"a": ("suppressed", "never_asked"), "b": ("ready", "allowed")}


def test_a_receipt_says_what_was_agreed_to_and_whether_it_stands(app: App) -> None:
    declare(app)
    tell(app, "shop", [person("ada", app.clock.now(), consent=None), agreed(app, actor="store 412")])
    carry(app)

    with app.transaction() as inside:
        (one,) = profile.receipts(inside, customer_of(app, "ada"))

    assert one["pii_processing"]["purposes"][0]["purpose"] == "News and offers"
    assert (one["event"]["event_state"], one["event"]["entity_id"]) == ("given", "store 412")
    assert one["party_identification"][0]["party_name"] == "Corner Market"


def test_a_receipt_has_every_field_that_the_standard_demands(app: App) -> None:
    declare(app, DECLARED + "controller: {address: 1 Mill Street, contact: dpo@example.com, storage_locations: [US]}")
    tell(app, "shop", [person("ada", app.clock.now(), consent=None), agreed(app)])
    carry(app)

    with app.transaction() as inside:
        (one,) = profile.receipts(inside, customer_of(app, "ada"))

    (purpose,), (party,) = one["pii_processing"]["purposes"], one["party_identification"]
    assert one.keys() >= {"schema_version", "record_id", "receipt_id", "pii_principal_id"}
    assert one["pii_processing"].keys() >= {"privacy_notice", "language"}
    assert purpose.keys() >= {
        *("purpose", "pii_information", "pii_controllers", "storage_locations", "retention_period", "jurisdiction"),
        *("recipient_third_parties", "withdrawal_method"),
    }
    assert party.keys() >= {"party_id", "party_name", "party_address", "party_contact", "party_type"}
    assert one["event"].keys() >= {"event_time", "validity_duration", "entity_id", "event_type", "event_state"}
    assert (party["party_address"], purpose["storage_locations"]) == ("1 Mill Street", ["US"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("purposes: {Marketing: {title: News}}", "lower case"),
        ("purposes: {marketing: {title: News, notice: lost}}", "lost"),
        ("purposes: {marketing: {title: News, basis: because}}", "because"),
        ("purposes: [", "cannot be read"),
    ],
)
def test_a_file_of_purposes_that_cannot_be_used_says_why(app: App, text: str, named: str) -> None:
    declare(app, text)

    with pytest.raises(profile.PurposesRefused, match=named):
        profile.purposes_of_file(app.settings)


def test_a_broken_file_of_purposes_leaves_what_it_said_before_in_force(app: App) -> None:
    declare(app, "purposes: {recipes: {title: Recipes}}")
    with app.transaction() as inside:
        assert [profile.remember_purposes(inside), profile.remember_purposes(inside)] == [True, False]
    declare(app, "purposes: [")

    with app.transaction() as inside:
        assert "recipes" in profile.purposes(inside).purposes
        with pytest.raises(profile.PurposesRefused):
            profile.remember_purposes(inside)
