"""Source inventory and audit: which systems hold customers, and how full, valid and fresh each field of a source is."""

from regulars.collect.audit.fields import Personal
from regulars.collect.audit.report import (
    DISTINCT_ERROR,
    EventAudit,
    FieldAudit,
    FieldReport,
    SourceAudit,
    field_overview,
    field_report,
)
from regulars.collect.audit.stretches import is_read, journal_until, read_lake, read_until
from regulars.collect.audit.systems import (
    CHANNELS,
    STATUSES,
    SYSTEM_KINDS,
    Missing,
    System,
    add_system,
    inventory,
    missing,
    remove_system,
)

__all__ = [
    "CHANNELS",
    "DISTINCT_ERROR",
    "STATUSES",
    "SYSTEM_KINDS",
    "EventAudit",
    "FieldAudit",
    "FieldReport",
    "Missing",
    "Personal",
    "SourceAudit",
    "System",
    "add_system",
    "field_overview",
    "field_report",
    "inventory",
    "is_read",
    "journal_until",
    "missing",
    "read_lake",
    "read_until",
    "remove_system",
]
