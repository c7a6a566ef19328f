"""Revoke tokens one by one, before they expire.

Threat: a token that was stolen, or left on another machine.
Rule: the id of a revoked token stands in the store until the token would have expired. Each
server looks there for the ids of a token and of its ancestors (``TokenClaims.lineage``), at most
five seconds late. So a sign-out also revokes what was rescoped, which expires no later.
What remains open: temporary keys that were issued for the token stay valid until they expire,
as in the cloud API; a new password revokes them all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import RevokedTokenRow
from web_image_ocr.identity.directory import ChangedRecords
from web_image_ocr.identity.tokens import TokenClaims


class RevokedTokens:
    """Record revoked tokens; ``Directory`` reads them.

    Args:
        database: the store.
        changed: called with what has changed, so that this process notices at once.
        clock: the time, UTC.
    """

    def __init__(
        self,
        database: Database,
        changed: Callable[[ChangedRecords], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._changed = changed
        self._clock = clock

    def end(self, claims: TokenClaims) -> None:
        """Revoke a token and all that are rescoped from it; remove rows that are void."""
        with self._database.writing(alone=True) as session:
            session.execute(delete(RevokedTokenRow).where(RevokedTokenRow.void_at <= self._clock()))
            session.merge(RevokedTokenRow(id=claims.id, void_at=claims.expires_at))
        self._changed(ChangedRecords(tokens={claims.id}))
