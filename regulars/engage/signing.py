"""Signed links and message ids: nothing in them tells who somebody is, and nobody but us can make one."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from regulars.app import App
from regulars.engage.errors import LinkRefused
from regulars.store import queries

SQL = queries("regulars.engage")
SECRET_BYTES = 32
PURPOSE = "links"
# Longer than any token of ours: what is longer is not read.
TOKEN_MAX_CHARACTERS = 1_000


class Signer:
    """Makes and reads tokens of this installation; one salt a purpose, so that a token of one opens no other door."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._serializers: dict[str, URLSafeSerializer] = {}

    def token(self, purpose: str, content: Any) -> str:
        """A token fit for a URL. Content is readable by anybody: keys of ours, never addresses or names."""
        return str(self._serializer(purpose).dumps(content))

    def read(self, purpose: str, token: str) -> Any:
        """The content of a token that we made for this purpose. Raises LinkRefused."""
        try:
            if len(token) > TOKEN_MAX_CHARACTERS:
                raise BadSignature("too long")
            return self._serializer(purpose).loads(token)
        except BadSignature:
            raise LinkRefused("This link is not one of ours", "Copy it whole from the message") from None

    def message_id(self, key: str, sender: str) -> str:
        """The Message-ID of an outbox row: the same whenever it is asked for, different in every installation."""
        digest = hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()[:32]
        return f"<{digest}@{sender.rpartition('@')[2]}>"

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        if purpose not in self._serializers:
            self._serializers[purpose] = URLSafeSerializer(self._secret, salt=f"regulars.engage.{purpose}")
        return self._serializers[purpose]


def signer(app: App) -> Signer:
    """This installation's signer; its secret is made at the first use and kept in the database with the data."""
    row = app.db.execute(SQL.signing_key, {"purpose": PURPOSE}).fetchone()
    if row is None:
        app.db.execute(SQL.make_signing_key, {"purpose": PURPOSE, "secret": app.dice.token(SECRET_BYTES)})
        row = app.db.execute(SQL.signing_key, {"purpose": PURPOSE}).fetchone()
    assert row is not None
    return Signer(bytes(row[0]))
