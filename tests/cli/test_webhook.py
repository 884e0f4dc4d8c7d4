"""Webhooks on the command line: the address is printed, the secret never."""

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from regulars import collect
from regulars.app import App
from regulars.cli import main
from regulars.collect.hooks import Hooks
from regulars.collect.wires import Request
from tests.collect.vendors import SECRET, SHOPIFY_ORDER, headers, raw

RUN = CliRunner()


@pytest.fixture(autouse=True)
def home(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run on the test's own installation."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", app.settings.database_url)
    monkeypatch.setenv("REGULARS_HOME", app.settings.home)
    monkeypatch.setenv("REGULARS_BASE_URL", "https://customers.example.com")


def run(*words: str, given: str = "") -> Result:
    return RUN.invoke(main, ["webhook", *words], input=given)


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def deliver(app: App, content: Any) -> None:
    sent = [
        (name.lower().encode(), value.encode()) for name, value in headers("shopify", "orders/create", content).items()
    ]
    Hooks()(app, "shop", Request("POST", "", b"", sent, raw(content)))


def test_the_secret_is_asked_for_and_the_address_is_printed(app: App) -> None:
    made = run("add", "shopify", "--source", "shop", given=f"{SECRET}\n")

    assert made.exit_code == 0
    assert "https://customers.example.com/hooks/shop" in made.stdout
    assert "orders/updated" in made.stdout
    assert SECRET not in made.stdout
    deliver(app, SHOPIFY_ORDER)
    listed = answer(run("list", "--json"))["webhooks"]
    assert [(each["url"], each["webhook"]["deliveries"], each["webhook"]["waiting"]) for each in listed] == [
        ("https://customers.example.com/hooks/shop", 1, 1)
    ]
    assert SECRET not in run("list").stdout


def test_a_replay_says_what_it_would_change_and_then_what_it_changed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    run("add", "shopify", "--source", "shop", "--secret", SECRET)
    plug_in = collect.webhooks["shopify"]
    with monkeypatch.context() as before:
        before.setitem(collect.webhooks._found, "shopify", plug_in._replace(map=lambda told: []))
        deliver(app, SHOPIFY_ORDER)
        collect.map_deliveries(app)

    tried, done = answer(run("replay", "shop", "--dry-run", "--json")), answer(run("replay", "shop", "--json"))

    assert (tried["added"], tried["dry_run"], done["added"], done["dry_run"]) == (1, True, 1, False)
    assert "0 for the first time" in run("replay", "shop", "--since", "2026-03-01").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("add", "ebay", "--source", "shop", "--secret", "s"),
        ("add", "custom", "--source", "shop", "--secret", "s", "--option", "header"),
        ("add", "custom", "--source", "shop", "--secret", "s", "--option", "head=x"),
        ("add", "custom", "--source", "Shop!", "--secret", "s"),
        ("replay", "nobody"),
    ],
)
def test_what_cannot_be_is_refused_in_words(app: App, words: tuple[str, ...]) -> None:
    refused = run(*words, "--json")

    assert refused.exit_code == 1
    assert set(answer(refused)["error"]) == {"what", "fix", "code"}
