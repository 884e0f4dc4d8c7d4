"""Bought data: matched by hash, kept beside the golden fields, gone when it may be used no longer."""

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from regulars import collect, flow, privacy, profile, resolve
from regulars.app import App
from regulars.cli import main
from regulars.kit.clock import ManualClock
from regulars.profile import OverlayRefused
from regulars.profile.overlays import Loaded, hash_of
from tests.conftest import START
from tests.engage.town import carry, customer_of, message, person, tell

DECLARED = """
title: Household demographics
provider: Acme Data
key: email
column: email_sha256
fields:
  income: {title: Income, type: choice, choices: [low, middle, high], reads: [INC]}
  rooms: {type: number}
license: {text: One year, url: "https://acme.example/license"}
cost_cents_per_match: 2.5
expires_after_days: 365
purpose: profiling
"""


def sha(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


@pytest.fixture
def town(app: App) -> App:
    """Ann said yes to profiling, Ben was never asked; an overlay is declared."""
    said = {"channel": "email", "purpose": "profiling"}
    at = START - timedelta(days=9)
    tell(
        app,
        "crm",
        [person("ann", at), person("ben", at), message("track", "ann", at, event="Consent Given", properties=said)],
    )
    carry(app)
    declare(app, DECLARED)
    return app


def declare(app: App, text: str) -> None:
    folder = app.settings.home_path / "overlays"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demographics.yaml").write_text(text)


def file(app: App, rows: list[tuple[str, str, str]]) -> Path:
    path = app.settings.home_path / "acme.csv"
    path.write_text("email_sha256,INC,rooms\n" + "".join(f"{','.join(row)}\n" for row in rows))
    return path


def load(app: App, rows: list[tuple[str, str, str]]) -> Loaded:
    with app.transaction() as inside:
        return profile.overlays.load(inside, "demographics", file(app, rows))


def bought(app: App, login: str) -> dict[str, str]:
    customer = customer_of(app, login)
    with app.transaction() as inside:
        return {one.field: one.value for one in profile.overlays.bought(inside, customer)}


def test_hashed_and_plain_keys_match_and_only_who_said_yes_is_kept_and_paid_for(town: App) -> None:
    done = load(
        town,
        [
            (sha("ann@example.com"), "High", "4"),
            ("BEN@example.com", "low", "2"),
            (sha("stranger@example.com"), "low", "1"),
        ],
    )

    assert (done.rows, done.matched, done.kept_out.without_yes, done.cost_cents) == (3, 2, 1, 2.5)
    assert bought(town, "ann") == {"income": "high", "rooms": "4"}
    assert bought(town, "ben") == {}
    with town.transaction() as inside:
        assert inside.db.execute("select count(distinct value) from overlay_value").fetchall() == [(1,)]
        assert {field.name for field in profile.read(inside, customer_of(town, "ann")).fields} == {
            "email",
            "first_name",
        }


def test_where_the_purpose_needs_no_yes_everybody_is_kept(town: App) -> None:
    declare(town, DECLARED.replace("purpose: profiling", "purpose: receipt"))

    done = load(town, [(sha("ann@example.com"), "high", "4"), (sha("ben@example.com"), "low", "2")])

    assert done.kept_out.total == 0
    assert bought(town, "ben") == {"income": "low", "rooms": "2"}


def test_a_country_outside_the_license_is_kept_out(town: App) -> None:
    declare(town, DECLARED + "jurisdictions: [DE]\n")

    assert load(town, [(sha("ann@example.com"), "high", "4")]).kept_out.elsewhere == 1


def test_an_e_mail_that_two_people_share_tells_about_neither(town: App) -> None:
    load(town, [(sha("ann@example.com"), "high", "4")])
    twin = person("ann", START)
    tell(town, "shop", [twin | {"userId": "zoe", "traits": twin["traits"] | {"first_name": "Zoe"}}])
    carry(town)

    with town.transaction() as inside:
        whose = [id for (id,) in inside.db.execute("select id from customer where known")]
        told = [one for id in whose for one in profile.overlays.bought(inside, id)]
    assert len(whose) == 3
    assert told == []


def test_what_was_bought_is_out_of_sight_when_the_yes_ends_and_gone_with_the_next_tick(town: App) -> None:
    load(town, [(sha("ann@example.com"), "high", "4")])
    said = {"channel": "email", "purpose": "profiling"}
    tell(town, "crm", [message("track", "ann", START, event="Consent Withdrawn", properties=said)])
    carry(town)

    assert bought(town, "ann") == {}
    assert values(town, ticked=True) == 0


def test_what_was_bought_counts_until_its_day_and_no_longer_than_the_license(town: App, clock: ManualClock) -> None:
    declare(
        town, DECLARED.replace("{text: One year,", f"{{text: One year, until: {START + timedelta(days=30):%Y-%m-%d},")
    )
    done = load(town, [(sha("ann@example.com"), "high", "4")])

    assert done.expires_at < START + timedelta(days=31)
    clock.move_to(START + timedelta(days=29))
    assert bought(town, "ann") != {}
    clock.move_to(START + timedelta(days=31))
    assert bought(town, "ann") == {}
    assert values(town, ticked=True) == 0
    with pytest.raises(OverlayRefused, match="license"):
        load(town, [(sha("ann@example.com"), "high", "4")])


def values(app: App, ticked: bool) -> int:
    with app.transaction() as inside:
        if ticked:
            flow.on_tick(inside, app.clock.now())
        ((count,),) = inside.db.execute("select count(*) from overlay_value").fetchall()
    return count


def test_a_load_takes_the_place_of_the_one_before_and_a_bad_file_changes_nothing(town: App) -> None:
    load(town, [(sha("ann@example.com"), "high", "4")])
    load(town, [(sha("ann@example.com"), "low", "")])
    assert bought(town, "ann") == {"income": "low"}

    with pytest.raises(OverlayRefused, match=r"row 2: income cannot be read; row 3: email_sha256 cannot be read"):
        load(
            town, [(sha("ann@example.com"), "high", "4"), (sha("ben@example.com"), "huge", "4"), ("nobody", "low", "1")]
        )

    assert bought(town, "ann") == {"income": "low"}


def test_what_was_bought_follows_an_erased_person_out(town: App) -> None:
    load(town, [(sha("ann@example.com"), "high", "4")])
    with town.transaction() as inside:
        erased = resolve.erase(inside, customer_of(town, "ann"), START, 1)
        flow.on_erasure(inside, erased, 1)

    assert values(town, ticked=False) == 0
    assert load(town, [(sha("ann@example.com"), "high", "4")]).matched == 0


def test_an_access_request_gets_what_was_bought(town: App) -> None:
    load(town, [(sha("ann@example.com"), "high", "4")])
    packed = io.BytesIO()

    with town.transaction() as inside:
        privacy.export(inside, customer_of(town, "ann"), packed, collect.in_the_clear)

    with zipfile.ZipFile(packed) as archive:
        lines = archive.read("data/overlay_value.jsonl").decode().splitlines()
    (told,) = [msgspec.json.decode(line) for line in lines]
    assert told == {"overlay": "demographics", "said": {"income": "high", "rooms": "4"}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("cost_cents_per_match: -1", "a match costs nothing or more"),
        ("expires_after_days: 0", "it expires after 1 to 3650 days"),
        ("colour: red", "colour"),
    ],
)
def test_a_declaration_that_cannot_be_used_says_what_is_wrong(town: App, wrong: str, said: str) -> None:
    name = wrong.partition(":")[0]
    kept = [line for line in DECLARED.splitlines() if not line.startswith(name)]
    declare(town, "\n".join([*kept, wrong, ""]))

    with pytest.raises(OverlayRefused, match=said):
        profile.overlays.declared(town.settings)


def test_the_command_line_tries_loads_lists_and_drops(town: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_HOME", str(town.settings.home_path))
    monkeypatch.setenv("REGULARS_DATABASE_URL", town.settings.database_url)
    path = str(file(town, [(sha("ann@example.com"), "high", "4")]))

    def said(*args: str) -> str:
        found = CliRunner().invoke(main, ["overlay", *args])
        assert found.exit_code == 0, found.output
        return found.output

    assert "Tried, nothing kept: 1 of 1 (100%) matched for 0.03" in said("try", "demographics", path)
    assert values(town, ticked=False) == 0
    assert "Loaded" in said("load", "demographics", path)
    assert "Acme Data" in said("list")
    assert "it was about 1 identifiers" in said("drop", "demographics")


def test_a_phone_is_hashed_in_its_international_spelling() -> None:
    assert hash_of("(518) 555-0190", "phone", "US") == sha("+15185550190")
    assert hash_of(sha("x").upper(), "email", "US") == sha("x")
    assert hash_of("noemail@store.com", "email", "US") is None
