"""Segments that people make: saved, taken over by the flow, changed, archived, and never silently wrong."""

from datetime import timedelta
from typing import Any

import pytest

from regulars import analyze
from regulars.analyze.errors import RuleRefused, SegmentChanged, SegmentRefused
from regulars.analyze.segments import adoption, made, tree
from regulars.app import App
from tests.analyze.test_engines import differences
from tests.analyze.town import EPOCH, Town, order, track

TODAY = 20_000
TWICE: dict[str, Any] = {"kind": "trait", "trait": "orders", "is": ">=", "value": 2}
# Nothing in the catalogue keeps it.
BREAD: dict[str, Any] = {
    "kind": "did",
    "event": "Order Line",
    "where": [{"column": "category", "value": "BREAD"}],
    "value": 2,
    "days": 33,
}


@pytest.fixture
def shoppers(town: Town) -> Town:
    """Customer 1 bought bread three times, 2 once, 3 never."""
    town.app.clock.move_to(EPOCH + timedelta(days=TODAY))
    town.batch([(1, order(TODAY - 40)), (1, order(TODAY - 20)), (1, order(TODAY - 3)), (2, order(TODAY))])
    town.batch([(3, track("Email Opened", TODAY))])
    return town


def make(town: Town, title: str, rule: dict[str, Any]) -> str:
    """A segment that the flow has taken over."""
    with town.app.transaction() as app:
        name = analyze.create(app, analyze.Draft(title=title, rule=tree.read(rule)), "ada")
    settle(town)
    return name


def settle(town: Town) -> int:
    steps = 0
    while analyze.adopt(town.app):
        steps += 1
        assert steps < 20
    return steps


def who(town: Town, segment: str) -> list[int]:
    with town.app.transaction() as app:
        return [member.customer for member in analyze.members(app, segment)]


def test_a_saved_segment_holds_who_fits_and_follows_every_event(shoppers: Town) -> None:
    name = make(shoppers, "Came twice", TWICE)
    assert (name, who(shoppers, name)) == ("came_twice", [1])

    changes = shoppers.batch([(2, order(TODAY))])

    assert who(shoppers, name) == [1, 2]
    assert (name, 2, True) in {(move.segment, move.customer, move.entered) for move in changes.moves}
    with shoppers.app.transaction() as app:
        first, *_ = [visit for visit in analyze.visits(app, 2) if visit.segment == name]
        (seq,) = app.db.execute("select max(seq) from record where signature = 2").fetchone() or (None,)
    assert (first.reason, first.seq) == ("event", seq)


def test_what_nothing_kept_before_is_folded_from_the_past_while_events_go_on(shoppers: Town) -> None:
    with shoppers.app.transaction() as app:
        name = analyze.create(app, analyze.Draft(title="Bread", rule=tree.read(BREAD)), "ada")
    analyze.adopt(shoppers.app)
    with shoppers.app.transaction() as app:
        assert view(app, name).made.state == "preparing"
    shoppers.batch([(2, order(TODAY, 77))])
    settle(shoppers)

    assert who(shoppers, name) == [1, 2]
    assert shoppers.tick(TODAY + 14).moves[0].segment is not None
    assert who(shoppers, name) == [2]
    assert differences(shoppers) == []


def test_a_number_that_the_catalogue_let_go_of_is_folded_anew_where_a_segment_asks_for_it(shoppers: Town) -> None:
    analyze.ensure_schema(shoppers.app, [trait for trait in analyze.TRAITS if trait.name != "searches_90"], [])
    shoppers.batch([(3, track("Products Searched", TODAY))])

    name = make(shoppers, "Searched", {"kind": "did", "event": "Products Searched", "days": 90})

    assert who(shoppers, name) == [3]


def test_who_is_in_by_the_making_of_a_segment_did_nothing_and_is_no_news(shoppers: Town) -> None:
    name = make(shoppers, "Came twice", TWICE)

    with shoppers.app.transaction() as app:
        told = app.db.execute("select count(*) from announcement where properties ->> 'segment' = %s", [name])
        assert told.fetchone() == (0,)
        assert [v.reason for v in analyze.visits(app, 1) if v.segment == name] == ["rule"]


def test_a_changed_rule_moves_everybody_and_every_version_stays(shoppers: Town) -> None:
    name = make(shoppers, "Came twice", TWICE)

    with shoppers.app.transaction() as app:
        draft = analyze.Draft(title="Came once", rule=tree.read(TWICE | {"value": 1}), reason="too few")
        analyze.edit(app, name, draft, "bob", based_on=1)
    settle(shoppers)

    assert who(shoppers, name) == [1, 2]
    with shoppers.app.transaction() as app:
        saved = [(v.version, v.title, v.author, v.reason) for v in analyze.versions(app, name)]
        assert saved == [(2, "Came once", "bob", "too few"), (1, "Came twice", "ada", "")]
        with pytest.raises(SegmentChanged):
            analyze.edit(app, name, draft, "ada", based_on=1)


def test_an_archived_segment_is_empty_and_comes_back_as_it_was(shoppers: Town) -> None:
    name = make(shoppers, "Bread", BREAD)

    with shoppers.app.transaction() as app:
        analyze.archive(app, name, "ada")
    settle(shoppers)
    assert who(shoppers, name) == []
    with shoppers.app.transaction() as app:
        assert app.db.execute("select count(*) from trait_definition where made").fetchone() == (0,)

    shoppers.batch([(2, order(TODAY, 5)), (3, order(TODAY, 6)), (3, order(TODAY, 7))])
    with shoppers.app.transaction() as app:
        analyze.restore(app, name, "ada")
    settle(shoppers)
    assert who(shoppers, name) == [1, 2, 3]
    assert differences(shoppers) == []


def test_a_segment_looks_at_another_and_follows_its_changes(shoppers: Town) -> None:
    inner = make(shoppers, "Came twice", TWICE)
    outer = make(shoppers, "Not twice", {"kind": "none", "of": [{"kind": "segment", "segment": inner}]})
    assert who(shoppers, outer) == [2, 3]

    with shoppers.app.transaction() as app:
        with pytest.raises(SegmentRefused, match="part of Not twice"):
            analyze.archive(app, inner, "ada")
        analyze.edit(app, inner, analyze.Draft(title="Came", rule=tree.read(TWICE | {"value": 1})), "ada")
    settle(shoppers)

    assert who(shoppers, outer) == [3]


def test_no_segment_looks_at_itself(shoppers: Town) -> None:
    inner = make(shoppers, "Inner", TWICE)
    outer = make(shoppers, "Outer", {"kind": "segment", "segment": inner})

    circle = analyze.Draft(title="Inner", rule=tree.read({"kind": "segment", "segment": outer}))
    with shoppers.app.transaction() as app, pytest.raises(RuleRefused, match="itself"):
        analyze.edit(app, inner, circle, "ada")


def test_segments_that_name_segments_are_refused_before_they_multiply(shoppers: Town) -> None:
    of: list[dict[str, Any]] = [{"kind": "trait", "trait": "orders", "is": ">=", "value": n} for n in range(50)]
    fifty = make(shoppers, "Fifty", {"kind": "any", "of": of})
    ten = make(shoppers, "Ten", {"kind": "any", "of": [{"kind": "segment", "segment": fifty}] * 10})

    rule = tree.read({"kind": "all", "of": [{"kind": "segment", "segment": ten}, TWICE]})
    with shoppers.app.transaction() as app:
        with pytest.raises(RuleRefused, match="more than 500 comparisons"):
            analyze.create(app, analyze.Draft(title="One more", rule=rule), "ada")
        with pytest.raises(RuleRefused, match="more than 500 comparisons"):
            analyze.draft(app, rule)


def test_a_segment_grows_no_further_than_those_that_look_at_it_can_bear(shoppers: Town) -> None:
    inner = make(shoppers, "Inner", TWICE)
    make(shoppers, "Outer", {"kind": "any", "of": [{"kind": "segment", "segment": inner}] * 40})

    wider = tree.read({"kind": "any", "of": [TWICE | {"value": number} for number in range(20)]})
    with shoppers.app.transaction() as app, pytest.raises(RuleRefused, match="'outer' looks at this segment"):
        analyze.edit(app, inner, analyze.Draft(title="Inner", rule=wider), "ada")


def test_segments_rest_on_each_other_no_deeper_than_a_statement_nests(shoppers: Town) -> None:
    def others(app: App, number: int) -> str:
        nobody = {"kind": "none", "of": [{"kind": "segment", "segment": f"not_{number - 1}"}]} if number else TWICE
        return analyze.create(app, analyze.Draft(title=f"Not {number}", rule=tree.read(nobody)), "ada")

    with shoppers.app.transaction() as app:
        for number in range(tree.JOINTS_DEPTH_LIMIT):
            others(app, number)
        with pytest.raises(RuleRefused, match="too deep"):
            others(app, tree.JOINTS_DEPTH_LIMIT)
    settle(shoppers)


def test_segments_that_only_name_another_rest_on_each_other_no_deeper_than_they_may(shoppers: Town) -> None:
    rules = {"s0": tree.written(tree.read(TWICE))}
    rules |= {f"s{n}": tree.written(tree.read({"kind": "segment", "segment": f"s{n - 1}"})) for n in range(1, 3_000)}

    found = made.resolved(dict(reversed(rules.items())), analyze.TRAITS, [], {})

    assert isinstance(found[f"s{made.CHAIN_LIMIT - 1}"], analyze.Segment)
    assert all(isinstance(found[f"s{n}"], RuleRefused) for n in range(made.CHAIN_LIMIT, 3_000))
    assert "too deep" in str(found["s2999"])


def test_a_version_saved_while_another_is_taken_over_comes_next(shoppers: Town, monkeypatch: Any) -> None:
    wanted = made.wanted

    def saved_meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(made, "wanted", wanted)
        with shoppers.app.transaction() as app:
            analyze.edit(app, "came", analyze.Draft(title="Came", rule=tree.read(TWICE | {"value": 1})), "bob")
        return wanted(*given)

    with shoppers.app.transaction() as app:
        analyze.create(app, analyze.Draft(title="Came", rule=tree.read(TWICE)), "ada")
    monkeypatch.setattr(made, "wanted", saved_meanwhile)
    settle(shoppers)

    assert who(shoppers, "came") == [1, 2]


def test_a_fault_of_the_version_before_is_not_told_of_one_saved_meanwhile(shoppers: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(adoption, "COLUMNS_LIMIT", 0)
    wanted = made.wanted

    def saved_meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(made, "wanted", wanted)
        with shoppers.app.transaction() as app:
            analyze.edit(app, "came", analyze.Draft(title="Came", rule=tree.read(TWICE)), "bob")
        return wanted(*given)

    with shoppers.app.transaction() as app:
        analyze.create(app, analyze.Draft(title="Came", rule=tree.read(BREAD)), "ada")
    monkeypatch.setattr(made, "wanted", saved_meanwhile)
    settle(shoppers)

    assert who(shoppers, "came") == [1]


@pytest.mark.parametrize("limit", ["COLUMNS_LIMIT", "SEGMENTS_LIMIT"])
def test_a_segment_for_which_no_row_has_room_says_so_and_holds_nobody_up(
    shoppers: Town, monkeypatch: Any, limit: str
) -> None:
    gone, changed = make(shoppers, "Gone", TWICE), make(shoppers, "Changed", TWICE)
    monkeypatch.setattr(adoption, limit, 0)

    with shoppers.app.transaction() as app:
        bread = analyze.create(app, analyze.Draft(title="Bread", rule=tree.read(BREAD)), "ada")
        analyze.edit(app, changed, analyze.Draft(title="Changed", rule=tree.read(TWICE | {"value": 1})), "ada")
        analyze.archive(app, gone, "ada")
    settle(shoppers)

    assert [who(shoppers, name) for name in (gone, changed, bread)] == [[], [1, 2], []]
    with shoppers.app.transaction() as app:
        assert view(app, bread).made.fault


@pytest.mark.parametrize("title", ["", "  ", "x" * 81, "a\0b", "Best customers", "Came twice", "!!!"])
def test_a_title_that_is_none_or_taken_is_refused(shoppers: Town, title: str) -> None:
    make(shoppers, "Came twice", TWICE)

    with shoppers.app.transaction() as app, pytest.raises(SegmentRefused):
        analyze.create(app, analyze.Draft(title=title, rule=tree.read(TWICE)), "ada")


def test_more_segments_than_a_word_has_bits_are_judged_each_by_its_own_rule(shoppers: Town) -> None:
    with shoppers.app.transaction() as app:
        for number in range(130):
            rule = tree.read(TWICE | {"value": number % 4})
            analyze.create(app, analyze.Draft(title=f"At least {number}", rule=rule), "ada")
    settle(shoppers)

    with shoppers.app.transaction() as app:
        sizes = {v.name: v.size for v in analyze.segments(app) if v.made}
    assert [sizes[f"at_least_{number}"] for number in (0, 1, 62, 63, 125, 128)] == [3, 2, 1, 1, 2, 3]
    assert differences(shoppers) == []


def test_why_names_every_part_with_value_and_events(shoppers: Town) -> None:
    name = make(shoppers, "Bread lovers", {"kind": "all", "of": [TWICE, BREAD]})

    with shoppers.app.transaction() as app:
        why = analyze.why(app, name, 1)

    assert why.is_member
    assert [(clause.value, clause.holds, len(clause.events)) for clause in why.clauses] == [
        ("3", True, 3),
        ("2", True, 2),
    ]
    assert why.clauses[1].rule == 'who bought a product (category "BREAD") at least 2 times in the last 33 days'


def test_why_tells_what_must_not_be_from_what_must(shoppers: Town) -> None:
    neither = {"kind": "none", "of": [BREAD, {"kind": "none", "of": [TWICE]}]}
    name = make(shoppers, "No bread", neither)

    with shoppers.app.transaction() as app:
        why = analyze.why(app, name, 1)

    assert [(clause.wanted, clause.holds) for clause in why.clauses] == [(False, True), (True, True)]


def view(app: Any, name: str) -> Any:
    return next(one for one in analyze.segments(app, archived=True) if one.name == name)


def test_what_the_database_refuses_is_the_fault_of_what_was_saved_and_of_nothing_else(shoppers: Town) -> None:
    make(shoppers, "Came twice", TWICE)
    with shoppers.app.transaction() as app:
        app.db.execute("alter table segment_member add constraint none check (segment <> 'refused') not valid")

    try:
        make(shoppers, "Refused", TWICE | {"value": 1})
        make(shoppers, "Later", TWICE | {"value": 3})
    finally:
        with shoppers.app.transaction() as app:
            app.db.execute("alter table segment_member drop constraint none")

    names = ["came_twice", "refused", "later"]
    with shoppers.app.transaction() as app:
        assert [view(app, name).made.state for name in names] == ["live", "failed", "live"]
        assert view(app, "refused").made.fault.startswith("The database refused it: ")
    assert [who(shoppers, name) for name in names] == [[1], [], [1]]
