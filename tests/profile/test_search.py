"""Search as you type: every spelling of a name, an e-mail, a phone and a card, on a real PostgreSQL."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any

import pytest

from regulars import collect, profile, resolve
from regulars.app import App
from regulars.profile.search import CANDIDATES, Match, Word, query_words, with_typos

PEOPLE: list[dict[str, Any]] = [
    {"first_name": "Zoë", "last_name": "O'Neil", "email": "zoe.oneil@acme.example", "phone": "(212) 555-0142"},
    {"first_name": "Maria", "last_name": "Gonzalez", "email": "mg@mail.example", "loyalty_card": "CM 4711-0815"},
    {"first_name": "Mario", "last_name": "Gonzales", "phone": "+44 20 7946 0018"},
    {"first_name": "Marianne", "last_name": "Gruber"},
    {"first_name": "Σοφία", "last_name": "Παπαδοπούλου"},
    {"loyalty_card": "990000004242"},
]
COMMON = 2 * CANDIDATES
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def town(app: App) -> App:
    """The people above, and far more Anna Bauers than one look takes in, one of them with a name of her own."""
    people = PEOPLE + [{"first_name": "Anna", "last_name": "Bauer"} for _ in range(COMMON)]
    # Neither Vogt is among the first Annas, nor that Anna among the first Vogts.
    people += [{"first_name": name, "last_name": "Vogt"} for name in ("Anton", "Zed") for _ in range(COMMON // 2 + 20)]
    people += [{"first_name": "Anna", "last_name": "Vogt"}]
    events = [
        {"type": "identify", "messageId": f"m{n}", "userId": f"u{n}", "traits": traits, "timestamp": AT.isoformat()}
        for n, traits in enumerate(people)
    ]
    with app.transaction() as inside:
        source, _ = collect.register(inside, "crm", "crm")
        collect.accept(inside, source, events, received_at=AT)
        batch = collect.claim(inside, len(events))
        assert batch is not None
        profile.apply(inside, resolve.identify(inside, batch))
    return app


def names(town: App, text: str, limit: int = 20) -> list[str]:
    with town.transaction() as inside:
        return [hit.name for hit in profile.search(inside, text, limit)]


def test_somebody_is_found_by_every_way_of_typing_what_she_is_known_by(town: App) -> None:
    expected = {
        "zo": "Zoë O'Neil", "neil zo": "Zoë O'Neil", "ZOE ONEIL": None, "oneil": "Zoë O'Neil",
        "zoe.oneil@ac": "Zoë O'Neil", "@acme": "Zoë O'Neil", "acme": None, "zoe.oniel@acme.example": "Zoë O'Neil",
        "212 555-01": "Zoë O'Neil", "+1 (212) 5550142": "Zoë O'Neil", "001 212 555 0142": "Zoë O'Neil",
        "020 7946": "Mario Gonzales", "+44 (0)20 7946 0018": "Mario Gonzales", "0044 20 7946": "Mario Gonzales",
        "20 7964 0018": "Mario Gonzales", "gonzales 020 7946": "Mario Gonzales",
        "cm47110815": "Maria Gonzalez", "0815": "Maria Gonzalez", "1-0815": "Maria Gonzalez",
        "maria 0815": "Maria Gonzalez",
        "mario 0815": None, "4711": None, "παπαδοπουλου": "Σοφία Παπαδοπούλου", "σοφια": "Σοφία Παπαδοπούλου",
    }  # fmt: skip

    found = {text: next(iter(names(town, text)), None) for text in expected}

    # "ZOE ONEIL" is found: her e-mail has both as words.
    assert found == expected | {"ZOE ONEIL": "Zoë O'Neil"}


def test_a_card_without_a_name_is_found_by_its_last_digits(town: App) -> None:
    with town.transaction() as inside:
        (hit,) = profile.search(inside, "4242")

    assert (hit.name, hit.email, hit.similar) == (f"Customer {hit.customer}", None, False)


@pytest.mark.parametrize(
    "typed",
    ["gonzalz maria", "gonzaalez maria", "gonzaelz maria", "gonzakez maria", "fonzalez maria", "gonsal", "marja gonz"],
)
def test_one_typing_error_in_a_word_is_forgiven(town: App, typed: str) -> None:
    assert "Maria Gonzalez" in names(town, typed)


def test_two_errors_in_one_word_are_too_many(town: App) -> None:
    assert names(town, "gontsalez maria") == []


def test_typing_errors_are_forgiven_in_other_alphabets(town: App) -> None:
    assert names(town, "Παπαδοπούλο") == names(town, "Παπαδοπιύλου") == ["Σοφία Παπαδοπούλου"]


def test_what_was_typed_comes_before_its_beginnings_and_those_before_what_is_similar(town: App) -> None:
    with town.transaction() as inside:
        hits = profile.search(inside, "maria")

    assert [(hit.name, hit.similar) for hit in hits] == [
        ("Maria Gonzalez", False),
        ("Marianne Gruber", False),
        ("Mario Gonzales", True),
    ]


def test_a_pair_of_common_names_finds_the_one_who_has_both(town: App) -> None:
    assert names(town, "anna vogt") == names(town, "vogt anna") == names(town, "ann vog anna") == ["Anna Vogt"]
    assert names(town, "anna vgot") == ["Anna Vogt"]


def test_a_word_that_a_good_part_of_everybody_has_is_asked_for_among_the_holders_of_the_others(
    town: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = names(town, "an vogt", 50)
    # Of "an…" there are more than of Vogt; this town is too small for the usual bound.
    monkeypatch.setattr(importlib.import_module("regulars.profile.search"), "COUNTED", COMMON + 100)

    assert names(town, "an vogt", 50) == read
    assert set(names(town, "an vogt", 500)) == {"Anton Vogt", "Anna Vogt"}


def test_a_search_gives_no_more_than_asked(town: App) -> None:
    assert names(town, "bauer", 7) == ["Anna Bauer"] * 7
    assert names(town, "0815 4711 or something else that nobody is called") == names(town, " \0 ") == []


def test_every_word_one_error_away_is_among_the_spellings() -> None:
    typed = with_typos(query_words("anna")[0])

    # 4 left out, 3 swapped, 25 others in 4 places, 26 in 5 places; what comes out twice counts once.
    assert len(typed.typos) == 3 + 2 + 4 * 25 + 5 * 26 - 4
    assert {"ana", "nana", "anja", "annna", "hanna"} <= typed.typos
    assert "anna" not in typed.typos
    assert typed.met_by(["hanna"]) is Match.SIMILAR
    assert typed.met_by(["annabel", "hanna"]) is Match.BEGINNING
    assert Word(("ann",)).met_by(["nan"]) is None
