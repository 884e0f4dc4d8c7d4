"""What she answered when asked."""

from regulars.analyze.catalogue import Theme, themes
from regulars.analyze.plan import Trait
from regulars.analyze.traits import Scalar, count, facts, latest, sd, total

answers = facts("Survey Answered", value="score").above(score=0)

themes.add("surveys")(
    Theme(
        place=60,
        traits=(
            Trait("survey_answers", "survey answers", count(answers)),
            Trait("survey_mean", "mean survey score", total(answers) / count(answers), history=True),
            Trait("last_score", "latest survey score", latest(answers, carry="score")),
            Trait("last_answer_day", "day of the latest survey answer", Scalar("max", answers, "day"), "date"),
            Trait("survey_sd", "spread of the survey scores", sd(answers)),
        ),
    )
)
