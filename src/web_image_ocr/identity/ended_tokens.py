"""Tokens that are ended before their time, one by one.

Threat: a token that somebody got hold of, or that is left on a foreign machine.
Rule: what is ended stands in the store, by the id that only our key can have signed into it,
until it would have expired anyway. Every server looks there, at most five seconds late.
What remains open: temporary keys, and tokens for another scope, that were issued for the token
go on until they end by themselves; a new password ends them all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete

from web_image_ocr.identity.database import Database
from web_image_ocr.identity.tables import EndedTokenRow
from web_image_ocr.identity.tokens import TokenClaims


class EndedTokens:
    """Writes down what is ended; ``Directory`` reads it.

    Args:
        database: the store.
        changed: called after each change, so that this process notices at once.
        clock: the time, UTC.
    """

    def __init__(
        self, database: Database, changed: Callable[[], None], clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._changed = changed
        self._clock = clock

    def end(self, claims: TokenClaims) -> None:
        """End a token; no error if it is. What is void is forgotten on the way."""
        with self._database.writing(alone=True) as session:
            session.execute(delete(EndedTokenRow).where(EndedTokenRow.void_at <= self._clock()))
            session.merge(EndedTokenRow(id=claims.id, void_at=claims.expires_at))
        self._changed()
