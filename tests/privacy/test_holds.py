"""What must stay does not go by an erasure either, whichever id the hold names and whenever it was written down."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from regulars import analyze, flow, privacy, resolve
from regulars.app import App
from regulars.cli import main
from regulars.kit.clock import ManualClock
from regulars.resolve import decide
from tests.engage.town import carry, customer_of, order, person, tell

HOLD = "holds: [{{customer: {}, reason: court case 12, until: 2026-06-30}}]"


@pytest.fixture
def app(app: App) -> App:
    """Ada and Ben with an order each."""
    analyze.ensure_schema(app)
    at = app.clock.now() - timedelta(days=40)
    tell(app, "shop", [told for name in ("ada", "ben") for told in (person(name, at), order(name, at))])
    carry(app)
    return app


def declare(app: App, text: str) -> None:
    app.settings.home_path.mkdir(exist_ok=True)
    (app.settings.home_path / "retention.yaml").write_text(text)


def merge(app: App) -> tuple[int, int]:
    """Ada and Ben are one: the id they go by now, and the former one."""
    ada, ben = customer_of(app, "ada"), customer_of(app, "ben")
    with app.transaction() as inside:
        people = decide.merge(
            inside, resolve.Steward("Tess", "one person"), resolve.founder_records(inside, [ada, ben])
        )
        flow.on_decision(inside, people)
        current = resolve.current(inside, ada)
    assert current is not None
    return current, ben if current == ada else ada


def ask(app: App, customer: int) -> int:
    with app.transaction() as inside:
        return privacy.ask_erasure(inside, customer, "officer", "request 1")


def standing(app: App, id: int) -> tuple[str, str | None]:
    with app.transaction() as inside:
        now = privacy.erasure(inside, id)
    return now.state, now.held_because


@pytest.mark.parametrize(("named", "asked"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_hold_on_any_id_she_ever_had_holds_her_under_all_of_them(app: App, named: int, asked: int) -> None:
    ids = merge(app)
    declare(app, HOLD.format(ids[named]))

    with pytest.raises(privacy.ErasureRefused, match="court case 12"):
        ask(app, ids[asked])


@pytest.mark.parametrize("text", [HOLD, "holds: ["])
def test_an_erasure_that_was_asked_before_the_hold_waits_and_goes_on_after_it(
    app: App, clock: ManualClock, text: str
) -> None:
    ada = customer_of(app, "ada")
    id = ask(app, ada)
    declare(app, text.format(ada))

    assert not privacy.carry_erasure(app, id)
    assert privacy.open_erasures(app) == {id: "held"}
    state, why = standing(app, id)
    assert (state, why is not None and ("court case 12" in why or "cannot be read" in why)) == ("held", True)
    assert customer_of(app, "ada") == ada

    if text == HOLD:
        clock.sleep(timedelta(days=200).total_seconds())
    else:
        declare(app, "{}")
    while privacy.carry_erasure(app, id):
        pass
    assert standing(app, id) == ("done", None)


def test_a_hold_that_comes_while_she_is_taken_out_keeps_her(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = customer_of(app, "ada")
    id = ask(app, ada)
    stop = decide.stop_the_flow

    def late(inside: App) -> int:
        declare(app, HOLD.format(ada))
        return stop(inside)

    monkeypatch.setattr(decide, "stop_the_flow", late)

    assert not privacy.carry_erasure(app, id)

    assert (customer_of(app, "ada"), standing(app, id)) == (ada, ("held", "court case 12"))


def test_who_was_merged_while_her_erasure_waited_is_erased_under_her_new_id(app: App) -> None:
    id = ask(app, customer_of(app, "ben"))
    other = ask(app, customer_of(app, "ada"))
    merge(app)

    for one in (id, other):
        while privacy.carry_erasure(app, one):
            pass

    with app.transaction() as inside:
        assert inside.db.execute("select count(*) from profile where first_name is not null").fetchall() == [(0,)]


def test_all_that_are_under_way_are_resumed_also_before_a_proof_is_shown(app: App) -> None:
    id = ask(app, customer_of(app, "ada"))
    at_home = {"REGULARS_HOME": app.settings.home, "REGULARS_DATABASE_URL": app.settings.database_url}

    done = CliRunner().invoke(main, ["erasures", "--proof", str(id), "--resume", "--json"], env=at_home)

    assert (done.exit_code, json.loads(done.stdout)["erasure"]["state"]) == (0, "done")


def test_nobody_is_asked_to_confirm_an_erasure_that_lacks_a_reason(app: App) -> None:
    refused = CliRunner().invoke(main, ["erase", "ada@example.com", "--yes"])

    assert (refused.exit_code, "without a reason" in refused.output) == (1, True)
    assert "Nobody is known" not in refused.output
