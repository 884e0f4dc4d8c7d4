"""What was decided, when and on what grounds: the history of one customer, and a receipt for each decision.

A receipt has the fields that ISO/IEC TS 27560:2023 demands, under its names: header, processing, parties, event. What
it adds to them are the hash of the notice and what was said (`evidence`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from regulars.app import App
from regulars.profile.purposes import Purpose, purposes
from regulars.store import queries

SQL = queries(__package__ or "")
HISTORY_MAX = 200
RECEIPT_SCHEMA = "ISO/IEC TS 27560:2023"
# How a decision stands, in the words of the Data Privacy Vocabulary.
STATES = {"given": "given", "ended": "expired", "withdrawn": "withdrawn"}


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as it was recorded."""

    seq: int
    """The event that states it."""
    channel: str
    purpose: str
    address: str
    allowed: bool
    decided_at: datetime
    evidence: str
    collection_point: str
    basis: str | None
    notice: str | None
    notice_version: str | None
    notice_hash: str | None
    """SHA-256 of the notice's text as it stood when the decision was recorded; None: it was not declared."""
    jurisdiction: str | None
    actor: str | None
    """Who entered it; None: nobody else was named."""
    expires_at: datetime | None

    def stands(self, now: datetime) -> str:
        """given, ended (by its date), or withdrawn."""
        if not self.allowed:
            return "withdrawn"
        return "ended" if self.expires_at is not None and self.expires_at <= now else "given"


def history(app: App, customer: int, limit: int = HISTORY_MAX) -> list[Decided]:
    """Every decision of this customer, latest first."""
    rows = app.db.execute(SQL.consent_history, {"customer": customer, "limit": limit})
    return [Decided(**dict(zip(Decided.__struct_fields__, row, strict=True))) for row in rows]


def receipts(app: App, customer: int) -> list[dict[str, Any]]:
    """A receipt for each decision of this customer, latest first."""
    now = app.clock.now()
    return [receipt(app, customer, one, now) for one in history(app, customer)]


def receipt(app: App, customer: int, one: Decided, now: datetime) -> dict[str, Any]:
    """One decision for whoever wants to prove or move it. What the brand has not declared is null."""
    declared = purposes(app)
    purpose = declared.purposes.get(one.purpose) or Purpose(title=one.purpose)
    notice = declared.notices.get(one.notice or "")
    controller, name = declared.controller, app.settings.brand_name
    id = f"{one.seq}:{one.channel}:{one.purpose}"
    return {
        "schema_version": RECEIPT_SCHEMA,
        "receipt_id": id,
        "record_id": id,
        "pii_principal_id": str(customer),
        "pii_processing": {
            "privacy_notice": {"id": one.notice, "version": one.notice_version, "sha256": one.notice_hash},
            "language": notice.language if notice else None,
            "purposes": [
                {
                    "purpose": purpose.title,
                    "purpose_type": one.purpose,
                    "lawful_basis": one.basis or (purpose.basis if one.purpose in declared.purposes else None),
                    "pii_information": [{"pii_type": one.channel, "pii_attribute_id": one.address or None}],
                    "pii_controllers": [name],
                    "collection_method": one.collection_point,
                    "storage_locations": list(controller.storage_locations) or None,
                    "retention_period": purpose.retention or None,
                    "jurisdiction": one.jurisdiction,
                    "recipient_third_parties": list(purpose.recipients),
                    "withdrawal_method": f"{app.settings.base_url.rstrip('/')}, or the link in every message",
                }
            ],
        },
        "party_identification": [
            {
                "party_id": name,
                "party_name": name,
                "party_role": "PII controller",
                "party_type": "organization",
                "party_address": controller.address or None,
                "party_contact": controller.contact or None,
                "party_url": app.settings.base_url,
            }
        ],
        "event": {
            "event_time": one.decided_at,
            "event_type": "consent",
            "event_state": STATES[one.stands(now)],
            "validity_duration": one.expires_at,
            "entity_id": one.actor or str(customer),
            "evidence": one.evidence,
        },
    }
