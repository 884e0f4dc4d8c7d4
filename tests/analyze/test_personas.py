"""Groups are found where there are some, doubted where there are none, and keep their identity."""

from datetime import timedelta

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from regulars import analyze
from regulars.analyze import personas
from regulars.analyze.errors import PersonaRefused, UnknownPersona
from regulars.analyze.personas import mixture
from regulars.analyze.personas.growth import Census, growths, holm
from regulars.analyze.personas.lenses import lenses
from regulars.analyze.personas.portrait import wilson
from regulars.analyze.personas.rehearsal import visitors
from regulars.analyze.scores import TraitTable
from regulars.app import App
from regulars.kit.clock import ManualClock

PEOPLE = 900
PLANTED = 90
WEB = ("page_views_90", "searches_90", "list_adds_90", "promotion_clicks_90")


@pytest.fixture
def brand(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """Visitors of a web store with three planted habits. Few look-alikes: they are not at stake."""
    monkeypatch.setattr(mixture, "LOOK_ALIKES", 3)
    monkeypatch.setattr(mixture, "GROUPS_MAX", 5)
    monkeypatch.setattr("regulars.analyze.personas.keep.STEPS", 1)
    analyze.ensure_schema(app)
    table, _ = visitors(1, PEOPLE, PLANTED)
    with app.transaction() as inside:
        inside.db.execute(
            "insert into trait_state (known, customer, order_days, page_views_90, searches_90, list_adds_90,"
            " promotion_clicks_90) select true, g.c, 0, g.p, g.s, g.l, g.o from unnest(%s::bigint[], %s::bigint[],"
            " %s::bigint[], %s::bigint[], %s::bigint[]) g (c, p, s, l, o)",
            [(table.customers + 1).tolist(), *(table[name].astype(int).tolist() for name in WEB)],
        )
    return app


def web(app: App) -> personas.LensView:
    with app.transaction() as inside:
        return next(view for view in personas.views(inside) if view.name == "web")


def test_planted_habits_are_recovered_and_their_number_is_chosen_by_itself() -> None:
    table, truth = visitors(5, 2_000, 150)

    stability, params = mixture.find(table, lenses["web"].features, seed=1)

    assert stability is not None
    assert params is not None
    assert stability.groups == 4
    found = mixture.judge(table, lenses["web"].features, params).places
    assert adjusted_rand_score(truth, found) >= 0.8


def test_a_base_without_groups_is_said_to_have_none() -> None:
    table, _ = visitors(3, 1_500, 0)

    stability, params = mixture.find(table, lenses["web"].features, seed=3)

    assert stability is not None
    assert not stability.is_stable
    assert params is None


def test_too_few_customers_are_neither_grouped_nor_called_groupless() -> None:
    table, _ = visitors(3, 150, 20)

    assert mixture.find(table, lenses["web"].features, seed=3) == (None, None)


def test_a_look_alike_has_one_hump_and_hangs_together_like_the_original() -> None:
    draw = np.random.default_rng(2)
    column = np.concatenate([draw.normal(0, 1, 700), draw.normal(6, 1, 300)])
    values = np.stack([column, column + draw.normal(0, 2, 1000)], axis=1)

    alike = mixture.look_alike(values, seed=4)

    counts, _ = np.histogram(alike[:, 0], bins=12)
    rises = np.sign(np.diff(np.convolve(counts, np.ones(3), "valid")))
    assert ((rises[:-1] > 0) & (rises[1:] < 0)).sum() <= 1
    assert abs(np.corrcoef(alike.T)[0, 1] - np.corrcoef(values.T)[0, 1]) < 0.15


def test_every_judged_customer_gets_one_persona_with_numbers_to_prove_it(brand: App) -> None:
    fit = personas.fit(brand, "web")

    view = web(brand)
    assert fit.params is not None
    assert {one.name for one in view.current} >= {"List makers", "Searchers", "Offer hunters"}
    assert sum(one.customers for one in view.current) == fit.judged
    lists = next(one for one in view.current if one.name == "List makers")
    fact = next(fact for fact in lists.portrait.facts if fact.trait == "list_adds_90")
    assert fact.low / fact.base > 2
    assert fact.low <= fact.share <= fact.high


def test_the_most_typical_member_comes_first_and_pages_go_on_where_they_ended(brand: App) -> None:
    personas.fit(brand, "web")
    lists = next(one for one in web(brand).current if one.name == "List makers")

    with brand.transaction() as inside:
        first = personas.members(inside, lists.id, limit=5)
        rest = personas.members(inside, lists.id, (first[-1].distance, first[-1].customer), limit=500)

    assert [one.distance for one in first] == sorted(one.distance for one in first)
    assert len({one.customer for one in [*first, *rest]}) == lists.customers


def test_a_name_that_a_marketer_gave_survives_the_next_look(brand: App, clock: ManualClock) -> None:
    personas.fit(brand, "web")
    lists = next(one for one in web(brand).current if one.name == "List makers")
    with brand.transaction() as inside:
        personas.decide(inside, lists.id, by="Maya", name="Planners", state="approved")

    clock.sleep(timedelta(days=28).total_seconds())
    personas.fit(brand, "web")

    again = next(one for one in web(brand).current if one.id == lists.id)
    assert (again.name, again.state, again.decided_by) == ("Planners", "approved", "Maya")
    assert again.overlap is not None
    assert again.overlap > 0.9


def test_a_retired_persona_labels_nobody(brand: App) -> None:
    personas.fit(brand, "web")
    lists = next(one for one in web(brand).current if one.name == "List makers")
    with brand.transaction() as inside:
        (typical,) = personas.members(inside, lists.id, limit=1)
        assert [one.name for one in personas.personas_of(inside, typical.customer)] == ["List makers"]
        personas.decide(inside, lists.id, by="Maya", state="retired")

        assert personas.personas_of(inside, typical.customer) == []
        assert "List makers" not in personas.labels(inside, "web").values()


def test_a_name_must_say_something_and_tell_personas_apart(brand: App) -> None:
    personas.fit(brand, "web")
    lists = next(one for one in web(brand).current if one.name == "List makers")

    with brand.transaction() as inside:
        with pytest.raises(PersonaRefused, match="RG-1451"):
            personas.decide(inside, lists.id, by="Maya", name="  ")
        with pytest.raises(PersonaRefused, match="can be seen"):
            personas.decide(inside, lists.id, by="Maya", name="a\tb")
        with pytest.raises(PersonaRefused, match="Searchers"):
            personas.decide(inside, lists.id, by="Maya", name="Searchers")
        with pytest.raises(UnknownPersona, match="RG-1450"):
            personas.persona(inside, 10**9)


def test_the_day_tick_moves_whoever_acts_otherwise_and_nobody_else(brand: App, clock: ManualClock) -> None:
    personas.fit(brand, "web")
    with brand.transaction() as inside:
        before = personas.labels(inside, "web")
        lists = next(customer for customer, name in before.items() if name == "List makers")
        inside.db.execute("update trait_state set list_adds_90 = 0, searches_90 = 14 where customer = %s", [lists])

    clock.sleep(timedelta(days=1).total_seconds())
    with brand.transaction() as inside:
        personas.label_all(inside, inside.clock.now())
        after = personas.labels(inside, "web")

    assert after[lists] == "Searchers"
    assert {customer for customer in before if before[customer] != after.get(customer)} == {lists}


def test_an_erased_customer_is_in_no_group_at_once(brand: App) -> None:
    personas.fit(brand, "web")
    with brand.transaction() as inside:
        customer = next(iter(personas.labels(inside, "web")))
        analyze.forget(inside, [customer])

        assert personas.personas_of(inside, customer) == []


def test_a_base_that_has_moved_on_raises_the_drift_alarm(brand: App, clock: ManualClock) -> None:
    personas.fit(brand, "web")
    assert not web(brand).is_drifting
    with brand.transaction() as inside:
        inside.db.execute("update trait_state set page_views_90 = 900, searches_90 = 90 where customer % 5 = 0")

    clock.sleep(timedelta(days=1).total_seconds())
    with brand.transaction() as inside:
        personas.label_all(inside, inside.clock.now())

    assert web(brand).is_drifting


def test_a_group_that_grew_is_called_emerging_and_one_that_did_not_is_steady() -> None:
    customers = np.arange(2_000)
    then = Census(day=0, customers=customers, places=np.where(customers < 60, 1, 0))
    now = Census(day=84, customers=customers, places=np.where(customers < 160, 1, np.where(customers < 170, 1, 0)))

    found = growths(then, now, 2)

    assert found is not None
    assert [growth.verdict for growth in found] == ["steady", "emerging"]
    assert found[1].low > 0


def test_chance_alone_calls_a_group_emerging_no_oftener_than_is_said() -> None:
    draw = np.random.default_rng(9)
    customers, alarms = np.arange(800), 0
    for _ in range(200):
        days = [Census(day=day, customers=customers, places=draw.choice(3, 800, p=(0.8, 0.1, 0.1))) for day in (0, 84)]
        found = growths(days[0], days[1], 3)
        assert found is not None
        alarms += any(growth.p < personas.GROWTH_FALSE_ALARM_RATE for growth in found)

    assert alarms / 200 <= 2 * personas.GROWTH_FALSE_ALARM_RATE


def test_holm_corrects_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_wilson_never_leaves_zero_to_one() -> None:
    assert wilson(0.0, 10)[0] == 0
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)


def test_a_picture_says_its_name_and_is_always_the_same() -> None:
    spokes = [personas.portrait.Spoke(trait="a", value=2.0), personas.portrait.Spoke(trait="b", value=-1.0)]

    drawn = personas.drawing(spokes, "List makers & more")

    assert drawn == personas.drawing(spokes, "List makers & more")
    assert 'aria-label="List makers &amp; more"' in drawn


def test_the_same_table_and_seed_give_the_same_groups() -> None:
    table, _ = visitors(5, 600, 60)
    plain = mixture.straightened(table, lenses["web"].features)
    values = mixture.scaled(plain, mixture.scales_of(plain))

    one, other = (mixture.agreements(values[:300], seed=2)[:2] for _ in range(2))

    assert one == other


def test_not_known_counts_as_none_of_it() -> None:
    columns = {name: np.array([np.nan, 3.0]) for name in WEB}
    table = TraitTable(as_of_day=0, customers=np.arange(2), columns=columns)

    assert lenses["web"].can_judge(table).tolist() == [False, True]
