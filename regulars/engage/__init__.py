"""ENGAGE: do it, if we may: one door to the customer, one outbox, exactly-once mail, and the card for a moment.

Takes: Plays (intents) from design; a Moment from a till, a page or a call; clicks on links of ours.
Gives: rows of the outbox, each with its reason; messages on their way; a Card; what comes back, as events; the file of
    a segment for those who send outside (`mailing`).
Writes tables: outbox, cap_slot, suppression, line_rest, signing_key,
    survey_asking.
Never: decides what we want, sends without asking consent at that moment, or sends anything twice.
"""

from regulars.engage import catcher
from regulars.engage.arbiter import WEEKLY_CAP, WHY, Reason
from regulars.engage.asking import (
    ASKED_AT_ONCE_MAX,
    KIOSK_ANSWERS_A_MINUTE,
    OPEN_DAYS,
    PRUNED_AT_ONCE_MAX,
    WORDS_MAX_CHARACTERS,
    Asked,
    Question,
    answer,
    answer_at_kiosk,
    ask,
    ask_segment,
    askings,
    at_kiosk,
    kiosk_link,
    new_view,
    prune_askings,
    question,
)
from regulars.engage.catcher import Caught, Opened
from regulars.engage.channels import Answer, Channel, Line, Parcel, channels
from regulars.engage.decide import cancel, decide
from regulars.engage.deliver import deliver
from regulars.engage.erasure import forget, forget_letters
from regulars.engage.errors import AskingRefused, CatcherMissing, LinkRefused, MailUnreachable, TemplateRefused
from regulars.engage.feedback import click, hear
from regulars.engage.mailing import Mailing, MailingChannel, as_csv, mailing
from regulars.engage.moment import moment, moment_asgi
from regulars.engage.preferences import Preferences, prefer, preferences
from regulars.engage.templates import Letter, render
from regulars.engage.unsubscribe import Unsubscribed, subscribed, unsubscribe

__all__ = [
    "ASKED_AT_ONCE_MAX",
    "KIOSK_ANSWERS_A_MINUTE",
    "OPEN_DAYS",
    "PRUNED_AT_ONCE_MAX",
    "WEEKLY_CAP",
    "WHY",
    "WORDS_MAX_CHARACTERS",
    "Answer",
    "Asked",
    "AskingRefused",
    "CatcherMissing",
    "Caught",
    "Channel",
    "Letter",
    "Line",
    "LinkRefused",
    "MailUnreachable",
    "Mailing",
    "MailingChannel",
    "Opened",
    "Parcel",
    "Preferences",
    "Question",
    "Reason",
    "TemplateRefused",
    "Unsubscribed",
    "answer",
    "answer_at_kiosk",
    "as_csv",
    "ask",
    "ask_segment",
    "askings",
    "at_kiosk",
    "cancel",
    "catcher",
    "channels",
    "click",
    "decide",
    "deliver",
    "forget",
    "forget_letters",
    "hear",
    "kiosk_link",
    "mailing",
    "moment",
    "moment_asgi",
    "new_view",
    "prefer",
    "preferences",
    "prune_askings",
    "question",
    "render",
    "subscribed",
    "unsubscribe",
]
