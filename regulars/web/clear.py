"""Showing personal data in the clear: a change of state like any other, for it is posted, reasoned and written down."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request

from regulars.app import App
from regulars.kit.errors import InputRefused
from regulars.web import audit

REASON_MAX_CHARACTERS = 200
ACTION = "saw personal data in the clear"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody needs to see it."""

    reason: str = ""


def note(app: App, request: Request[Any, Any, Any], thing: str, reason: Reason) -> None:
    """Write down who sees which thing in the clear, and why; before it is shown. Raises InputRefused without a why."""
    why = " ".join(reason.reason.replace("\0", "").split())[:REASON_MAX_CHARACTERS]
    if not why:
        raise InputRefused(
            "Personal data is shown in the clear for a reason only", "Say what you need it for; it is written down"
        )
    audit.write(app, request.user, ACTION, thing, why)
