"""What the journal and what stands before it forget of an erased person."""

from regulars.collect.erasure.events import bare, erase_events, retain_orders

__all__ = ["bare", "erase_events", "retain_orders"]
