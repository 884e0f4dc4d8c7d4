"""The journey we ship: win back a lapsing regular before the habit is gone."""

from regulars.design.graph import Branch, End, Entry, Goal, Graph, HoldOut, Send, Wait

DAY_SECONDS = 86_400
# A regular worth more than this gets the richer offer (cents spent so far).
HIGH_SPEND_CENTS = 1_500_00
HELD_OUT_SHARE = 0.20

WIN_BACK = Graph(
    name="win-back",
    title="Win back a lapsing regular",
    entry=Entry(trigger="segment_enter", subject="lapsing_regulars", again_days=90),
    goal=Goal(event="Order Completed", within_days=14),
    start="pause",
    nodes={
        # Many come back by themselves: three days cost nothing and save an offer.
        "pause": Wait(title="Wait 3 days, or until an order", seconds=3 * DAY_SECONDS, then="holdout"),
        "holdout": HoldOut(title="Hold out one in five", share=HELD_OUT_SHARE, then="value"),
        "value": Branch(
            title="Spent $1,500 or more?",
            measure="spend_cents",
            at_least=HIGH_SPEND_CENTS,
            yes="mail_high",
            no="mail_low",
        ),
        "mail_high": Send(
            title="E-mail: double points on the next basket",
            channel="email",
            purpose="marketing",
            template="win_back",
            valid_seconds=7 * DAY_SECONDS,
            payload={"offer": "double_points", "offer_title": "Double points on your next basket", "offer_days": 11},
            then="watch",
        ),
        "mail_low": Send(
            title="E-mail: five dollars off",
            channel="email",
            purpose="marketing",
            template="win_back",
            valid_seconds=7 * DAY_SECONDS,
            payload={"offer": "five_off", "offer_title": "$5 off your next basket of $25 or more", "offer_days": 11},
            then="watch",
        ),
        "watch": Wait(title="Watch for 11 days", seconds=11 * DAY_SECONDS, then="over"),
        "over": End(title="No order within 14 days"),
    },
)
