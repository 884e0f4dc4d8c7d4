"""What the journal and what stands before it forget of an erased person."""

from regulars.collect.erasure.events import Retained, bare, erase_events, orders_among, retain
from regulars.collect.erasure.texts import forget_announcements, forget_files, forget_texts, holds, pattern_of

__all__ = [
    "Retained",
    "bare",
    "erase_events",
    "forget_announcements",
    "forget_files",
    "forget_texts",
    "holds",
    "orders_among",
    "pattern_of",
    "retain",
]
