"""Surveys and ratings."""

from regulars.collect.properties import ORDER_ID, WHO, EventSchema, text, whole
from regulars.collect.vocabulary import EXTENSION, Group, groups

SURVEY = text("survey_id", "The survey", "after-purchase")

groups.add("surveys")(
    Group(
        title="Surveys",
        origin=EXTENSION,
        meaning="What people answer when they are asked.",
        events=(
            EventSchema(name="Survey Sent", meaning="Somebody was asked.", properties=(SURVEY, ORDER_ID, *WHO)),
            EventSchema(
                name="Survey Answered",
                meaning="One question was answered. A number goes into score, words into answer.",
                properties=(
                    SURVEY,
                    text("question", "What was asked", "How likely are you to recommend us?", required=True),
                    whole("score", "The answer as a number", 9),
                    whole("scale_low", "The worst answer there is; 1 where nothing is said", 0),
                    whole("scale_high", "The best answer there is; 5 where nothing is said", 10),
                    text("measure", "What it is about: relevance, helpfulness, feeling or closer", "helpfulness"),
                    text("touch_point", "Where they were asked", "checkout"),
                    text("language", "Of the words; told by their small words where nothing is said", "en"),
                    text("answer", "The answer as text", "Always friendly", personal="free_text"),
                    ORDER_ID,
                    *WHO,
                ),
            ),
        ),
    )
)
