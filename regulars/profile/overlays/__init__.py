"""The shelf of bought data: what a provider says about the holders of an e-mail or a phone, beside the golden fields.

`declared` is what the brand buys, `loading` takes a provider's file in, `asking` asks a provider over HTTPS by one of
`protocols`, `bought` is what holds about a customer and when it goes.
"""

from regulars.profile.overlays.asking import Asked, Outlook, Progress, ask, askings, cut_off, due, outlook
from regulars.profile.overlays.bought import Bought, bought, bought_of_each, forget, lapse
from regulars.profile.overlays.declared import License, Overlay, asked_by, declared
from regulars.profile.overlays.loading import KeptOut, Loaded, drop, hash_of, load, loads

__all__ = [
    "Asked",
    "Bought",
    "KeptOut",
    "License",
    "Loaded",
    "Outlook",
    "Overlay",
    "Progress",
    "ask",
    "asked_by",
    "askings",
    "bought",
    "bought_of_each",
    "cut_off",
    "declared",
    "drop",
    "due",
    "forget",
    "hash_of",
    "lapse",
    "load",
    "loads",
    "outlook",
]
