"""Follow-up answers are good: whoever is asked after an order would recommend us."""

from regulars.analyze.expectations import SQL, Expectation, expectations

FOLLOW_UP = Expectation(
    name="follow_up",
    title="Follow-up answers are good",
    promise=0.6,
    better="high",
    measure="Part of answers to follow-up questions that were 4 or 5 of 5, by the day of the answer",
    cases="Answers of 1 or 2",
    wait_days=0,
    count_query=SQL.answers,
    case_query=SQL.bad_answers,
)

expectations.add(FOLLOW_UP.name)(FOLLOW_UP)
