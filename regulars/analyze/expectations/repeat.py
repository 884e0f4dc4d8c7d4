"""Newcomers come back: the first order was what they hoped for."""

from regulars.analyze.expectations import SQL, Expectation, expectations

REPEAT = Expectation(
    name="repeat",
    title="Newcomers come back",
    promise=0.6,
    better="high",
    measure="Part of customers who bought again within 60 days of their first order, by the day of the first",
    cases="Customers who bought once and not again",
    wait_days=60,
    count_query=SQL.came_back,
    case_query=SQL.stayed_away,
)

expectations.add(REPEAT.name)(REPEAT)
