"""A rule from outside is data: what cannot be read is refused by its place, nothing of it is passed over."""

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regulars import analyze
from regulars.analyze.catalogue import SEGMENTS, TRAITS
from regulars.analyze.errors import RuleRefused
from regulars.analyze.expressions import Op
from regulars.analyze.scores import scores
from regulars.analyze.segments import tree
from regulars.analyze.segments.spoken import heard, said, tidy
from regulars.analyze.segments.standing import CHANNELS, IDENTITIES
from regulars.analyze.segments.tree import CLAUSES_LIMIT, DEPTH_LIMIT, claimed, leaves, read
from regulars.analyze.traits import KEYS, MEASURES, TYPES

BOUGHT: dict[str, Any] = {"kind": "trait", "trait": "orders", "is": ">=", "value": 3}
KNOWN = tree.Vocabulary(
    {trait.name: trait for trait in TRAITS},
    {segment.name: segment.rule for segment in SEGMENTS},
    {segment.name: segment.title for segment in SEGMENTS},
    "USD",
)

law = settings(max_examples=80, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
signs = st.sampled_from([">=", "<=", ">", "<", "="])
whole = st.integers(-(10**9), 10**9)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
numbers = [trait for trait in TRAITS if trait.expression.kind != "text" and trait.unit != "date"]
conditions = st.one_of(
    st.builds(lambda c, v: {"column": c, "is": "=", "value": v}, st.sampled_from(KEYS), texts),
    st.builds(lambda c, s, v: {"column": c, "is": s, "value": v}, st.sampled_from(tree.ADDED_UP), signs, whole),
)
steps = {"event": st.sampled_from(["Order Line", "Email Opened", "A \"new\" one, (and) or not"]),
         "where": st.lists(conditions, max_size=3)}  # fmt: skip
parts = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("trait"), "trait": st.sampled_from([t.name for t in numbers]), "is": signs,
         "value": st.one_of(whole, st.sampled_from([0, 1, 0.1, 2.5, 0.255, 1e-6, -3.0]))}
    ),
    st.builds(lambda t, d: {"kind": "trait", "trait": t, "is": ">=", "value": d},
              st.sampled_from([t.name for t in TRAITS if t.unit == "date"]), st.integers(0, 60_000)),
    st.builds(lambda t, v: {"kind": "trait", "trait": t, "is": "=", "value": v},
              st.sampled_from([t.name for t in TRAITS if t.expression.kind == "text"]), texts),
    st.builds(lambda a, s, b: {"kind": "trait", "trait": a, "is": s, "than": b},
              st.sampled_from([t.name for t in numbers]), signs, st.sampled_from([t.name for t in numbers])),
    st.fixed_dictionaries({"kind": st.just("did"), **steps, "is": signs, "value": st.integers(0, 10**6),
                           "measure": st.sampled_from([None, *tree.ADDED_UP]),
                           "days": st.one_of(st.none(), st.integers(1, 400))}),
    st.fixed_dictionaries({"kind": st.just("last"), **steps, "is": signs, "days": st.integers(0, 400)}),
    st.builds(
        lambda a, b, days, followed: {"kind": "sequence", "then": b["event"], "then_where": b["where"],
                                      "within": days[0], "days": sum(days), "followed": followed, **a},
        st.fixed_dictionaries(steps), st.fixed_dictionaries(steps),
        st.tuples(st.integers(0, 199), st.integers(1, 201)), st.booleans()),
    st.builds(lambda s: {"kind": "segment", "segment": s}, st.sampled_from([s.name for s in SEGMENTS])),
    st.builds(lambda c, p, s: {"kind": "consent", "channel": c, "purpose": p, "said": s},
              st.sampled_from(CHANNELS), texts.filter(bool), st.sampled_from(["yes", "no", "ended", "nothing"])),
    st.builds(lambda t, s, v: {"kind": "identity", "type": t, "is": s, "value": v},
              st.sampled_from(IDENTITIES), signs, st.integers(0, 30)),
    st.builds(lambda s: {"kind": "stage", "stage": s}, st.sampled_from([stage.name for stage in analyze.STAGES])),
    st.builds(lambda n, s, v: {"kind": "score", "score": n, "is": s, "value": v},
              st.sampled_from([*scores]), signs, st.sampled_from([0, 1, 0.5, 2.25, -3.0, 120_000])),
    st.builds(lambda g: {"kind": "grade", "score": g[0], "grade": g[1]},
              st.sampled_from([(name, grade) for name, score in scores.items() for grade in score.grades])),
)  # fmt: skip
trees = st.recursive(
    parts,
    lambda inner: st.builds(
        lambda kind, of: {"kind": kind, "of": of},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
).filter(lambda rule: depth(rule) <= DEPTH_LIMIT)


def depth(rule: dict[str, Any]) -> int:
    return 1 + max(map(depth, rule["of"])) if "of" in rule else 0


def nested(levels: int, joint: str) -> dict[str, Any]:
    rule = BOUGHT
    for _ in range(levels):
        rule = {"kind": joint, "of": [rule]}
    return rule


@law
@given(given_rule=trees)
def test_json_and_sentence_say_the_same_rule_both_ways(given_rule: dict[str, Any]) -> None:
    rule = read(given_rule)

    assert read(tree.written(rule)) == rule
    assert heard(f"Everybody {said(rule, KNOWN)}.", KNOWN) == tidy(rule)


@law
@given(given_rule=trees)
def test_every_rule_that_can_be_read_is_a_claim(given_rule: dict[str, Any]) -> None:
    assert read(given_rule).claim(KNOWN).kind == "truth"


def test_a_sentence_that_says_nothing_is_refused_at_its_word() -> None:
    with pytest.raises(RuleRefused, match="from 'who bought happiness"):
        heard("with at least 3 orders and who bought happiness", KNOWN)
    with pytest.raises(RuleRefused, match="side by side"):
        heard("with at least 3 orders and with no orders or with at least 2 orders", KNOWN)


@pytest.mark.parametrize("joint", ["all", "any", "none"])
def test_a_rule_goes_as_deep_as_it_may_and_no_deeper(joint: str) -> None:
    assert len(list(leaves(read(nested(DEPTH_LIMIT, joint))))) == 1

    with pytest.raises(RuleRefused, match="too deep"):
        read(nested(DEPTH_LIMIT + 1, joint))
    with pytest.raises(RuleRefused, match="too deep"):
        read(nested(3_000, joint))


def test_many_parts_side_by_side_nest_no_deeper_than_their_halves() -> None:
    one = {"kind": "trait", "trait": "orders", "is": ">=", "value": 1}
    claim, depth = claimed(read({"kind": "all", "of": [one] * 50}), KNOWN), 0
    while isinstance(claim, Op) and claim.sign == "and":
        claim, depth = claim.right, depth + 1

    assert depth == 6


def test_lists_within_lists_are_no_way_around() -> None:
    lists: list[Any] = []
    for _ in range(3_000):
        lists = [lists]

    with pytest.raises(RuleRefused, match="too deep"):
        read({"kind": "all", "of": lists})
    with pytest.raises(RuleRefused, match="not JSON"):
        read("[" * 100_000)


def test_a_rule_has_as_many_parts_as_it_may_and_no_more() -> None:
    assert len(list(leaves(read({"kind": "all", "of": [BOUGHT] * CLAUSES_LIMIT})))) == CLAUSES_LIMIT

    for parts_given in (CLAUSES_LIMIT + 1, 5_000):
        with pytest.raises(RuleRefused, match="too many parts"):
            read({"kind": "any", "of": [BOUGHT] * parts_given})


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"kind": "all", "of": [BOUGHT], "any": [BOUGHT]}, r"\$"),
        ({"kind": "all", "of": []}, r"\$\.of"),
        ({"kind": "all", "of": [BOUGHT, BOUGHT | {"within": 30}]}, r"\$\.of\[1\]"),
        ({"kind": "all", "of": [BOUGHT | {"kind": "guess"}]}, r"\$\.of\[0\]\.kind"),
        (BOUGHT | {"is": "!="}, r"\$\.is"),
        (BOUGHT | {"is": ["="]}, r"\$\.is"),
        (BOUGHT | {"value": True}, r"\$\.value"),
        (BOUGHT | {"value": [1]}, r"\$\.value"),
        (BOUGHT | {"value": "x" * 100_000}, r"\$\.value"),
        (BOUGHT | {"value": "a\0b"}, r"\$\.value"),
        (BOUGHT | {"value": "\ud800"}, r"\$\.value"),
        ({"kind": "did", "event": ""}, r"\$\.event"),
        ({"kind": "consent", "channel": "fax"}, r"\$\.channel"),
        ({"kind": "consent", "channel": "email", "said": "maybe"}, r"\$\.said"),
        ({"kind": "identity", "type": "email", "value": -1}, r"\$\.value"),
        ({"kind": "did", "event": "X", "where": [{"column": "store", "value": "a"}] * 6}, r"\$\.where"),
        (3, r"\$"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(rule: Any, place: str) -> None:
    with pytest.raises(RuleRefused, match=f"at {place}:"):
        read(rule)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (BOUGHT | {"trait": "luck"}, r"\$\.trait: There is no trait named 'luck'"),
        (BOUGHT | {"than": "spend_cents"}, r"\$: a comparison needs"),
        (BOUGHT | {"value": "three"}, r"\$: "),
        (BOUGHT | {"trait": "first_order_day", "value": 10**12}, r"\$\.value: "),
        ({"kind": "all", "of": [{"kind": "segment", "segment": "nobody"}]}, r"\$\.of\[0\]\.segment: "),
        ({"kind": "did", "event": "X", "days": 401}, r"\$\.days: "),
        ({"kind": "sequence", "event": "X", "then": "Y", "within": 90}, r"\$\.within: "),
        (
            {
                "kind": "sequence",
                "event": "X",
                "then": "Y",
                "within": 1,
                "then_where": [{"column": "smell", "value": 1}],
            },
            r"\$\.then_where\[0\]\.column: ",
        ),
        ({"kind": "identity", "type": "shoe"}, r"\$\.type: "),
        ({"kind": "stage", "stage": "bliss"}, r"\$\.stage: "),
        ({"kind": "score", "score": "luck", "value": 1}, r"\$\.score: "),
        ({"kind": "grade", "score": "rfm", "grade": "Great"}, r"\$\.grade: "),
        ({"kind": "did", "event": "X", "measure": "smell"}, r"\$\.measure: "),
        ({"kind": "did", "event": "X", "where": [{"column": "smell", "value": "a"}]}, r"\$\.where\[0\]\.column: "),
        ({"kind": "did", "event": "X", "where": [{"column": "store", "value": 1}]}, r"\$\.where\[0\]\.value: "),
        (
            {"kind": "did", "event": "X", "where": [{"column": "store", "is": ">", "value": "a"}]},
            r"\$\.where\[0\]\.is: ",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_at_its_place(rule: Any, place: str) -> None:
    with pytest.raises(RuleRefused, match=f"at {place}"):
        read(rule).claim(KNOWN)


def test_every_column_of_a_fact_has_one_name_in_sentences() -> None:
    rules_said = [said(read({"kind": "did", "event": "X", "measure": column}), KNOWN) for column in MEASURES]

    assert len(set(rules_said)) == len(MEASURES)
    assert set(MEASURES) <= set(TYPES)
