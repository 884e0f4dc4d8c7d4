"""What a brand declares about its profiles holds for everybody, from the moment it is adopted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars import profile
from regulars.app import App
from tests.engage.town import carry, customer_of, message, person, tell

TRUSTING = "trust: {crm: 90, web: 10}\nfields: {shoe_size: {title: Shoe size, type: number}}"


def declare(app: App, text: str) -> None:
    app.settings.home_path.mkdir(parents=True, exist_ok=True)
    (app.settings.home_path / "profile.yaml").write_text(text)


def adopted(app: App) -> int:
    """How many customers were computed by what is declared now."""
    done = 0
    with app.transaction() as inside:
        assert profile.adopt(inside)
    while True:
        with app.transaction() as inside:
            step = profile.refresh(inside)
        if not step:
            return done
        done += step


def ada(app: App) -> profile.Profile:
    customer = customer_of(app, "ada")
    with app.transaction() as inside:
        return profile.read(inside, customer)


def contradict(app: App) -> None:
    """The CRM and, later, the web shop say something different about one person."""
    at, now = app.clock.now() - timedelta(days=3), app.clock.now()
    stated = message("identify", "ada", at + timedelta(minutes=1), traits={"last_name": "Byron", "shoe_size": 38})
    tell(app, "crm", [person("ada", at), stated])
    told = {"last_name": "Lovelace", "email": "ada@example.com"}
    tell(app, "web", [message("identify", "x", now, traits=told)], kind="web")
    carry(app)


def test_every_value_is_kept_with_its_source_and_the_reason_it_does_not_hold(app: App) -> None:
    contradict(app)

    name = next(field for field in ada(app).fields if field.name == "last_name")

    assert (name.value, name.source, name.why) == ("Lovelace", "web", "newest")
    assert [(other.value, other.source, other.why) for other in name.others] == [("Byron", "crm", "newest")]


def test_a_changed_declaration_reaches_those_who_were_there_before(app: App) -> None:
    contradict(app)
    declare(app, TRUSTING)

    done = adopted(app)

    known = {field.name: (field.value, field.why, field.title) for field in ada(app).fields}
    assert done >= 1
    assert known["last_name"] == ("Byron", "trust", None)
    assert known["shoe_size"] == ("38", "only", "Shoe size")


def test_without_a_change_nobody_is_computed_again(app: App) -> None:
    contradict(app)
    declare(app, TRUSTING)
    adopted(app)

    with app.transaction() as inside:
        again = (profile.adopt(inside), profile.refresh(inside))

    assert again == (False, 0)


def test_what_was_declared_before_holds_while_the_file_cannot_be_read(app: App) -> None:
    declare(app, TRUSTING)
    adopted(app)
    declare(app, "trust: {crm: 900}")

    with app.transaction() as inside, pytest.raises(profile.DeclarationRefused, match="RG-1303"):
        profile.adopt(inside)
    contradict(app)

    assert ada(app).value("last_name") == "Byron"


def test_a_folder_in_place_of_the_declaration_is_refused_in_words(app: App) -> None:
    (app.settings.home_path / "profile.yaml").mkdir(parents=True)

    with app.transaction() as inside, pytest.raises(profile.DeclarationRefused, match="is no file"):
        profile.adopt(inside)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fields: {email: {type: text}}", "a field of ours"),
        ("fields: {shoe: {title: Shoe}}", "has no type"),
        ("fields: {Shoe: {type: text}}", "is no name"),
        ("fields: {milk: {type: choice}}", "names its choices"),
        ("fields: {a: {type: text, reads: [x]}, b: {type: text, reads: [x]}}", "read the same trait x"),
        ("fields: {a: {type: text, reads: [b]}, b: {type: text}}", "read the same trait b"),
        ("fields: {shoe_size: {type: number}, b: {type: text, reads: [shoeSize]}}", "read the same trait shoeSize"),
        ("fields: {a: {type: text, reads: ['']}}", "reads an empty name"),
        ("fields: {milk: {type: choice, choices: [oat, Oat]}}", "every choice is another one"),
        ("fields: {milk: {type: choice, choices: ['']}}", "none is empty"),
        ("fields: {milk: {type: text, title: " + "x" * 200 + "}}", "at most 80 characters"),
        ("fields: {email: {survivorship: []}}", "names at least one"),
        ("survivorship: [loudest]", "cannot be read"),
        ("survivorship: !!timestamp soon", "cannot be read"),
    ],
)
def test_a_faulty_declaration_says_what_is_wrong(app: App, text: str, fault: str) -> None:
    declare(app, text)

    with app.transaction() as inside, pytest.raises(profile.DeclarationRefused, match=fault):
        profile.adopt(inside)
