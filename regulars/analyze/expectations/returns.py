"""Orders stay: what is bought is right, and few come back."""

from regulars.analyze.expectations import SQL, Expectation, expectations

RETURNS = Expectation(
    name="returns",
    title="Orders stay",
    promise=0.03,
    better="low",
    measure="Part of orders that came back in whole or in part within 30 days, by the day of the order",
    cases="Returns and refunds",
    wait_days=30,
    count_query=SQL.orders_kept,
    case_query=SQL.returns_newest,
)

expectations.add(RETURNS.name)(RETURNS)
