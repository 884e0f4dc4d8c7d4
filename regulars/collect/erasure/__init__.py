"""What the journal and what stands before it forget of an erased person."""

from regulars.collect.erasure.events import RETAINED, Retained, bare, erase_events, is_nobodys, orders_among, retain
from regulars.collect.erasure.texts import forget_announcements, forget_files, forget_texts, holds, pattern_of

__all__ = [
    "RETAINED",
    "Retained",
    "bare",
    "erase_events",
    "forget_announcements",
    "forget_files",
    "forget_texts",
    "holds",
    "is_nobodys",
    "orders_among",
    "pattern_of",
    "retain",
]
