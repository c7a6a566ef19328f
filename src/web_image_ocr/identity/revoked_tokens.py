"""Revoke tokens before they expire.

Threat: a token that was stolen, or left on another machine.
Rule: the database keeps the id of a revoked token until the token would have expired. Each server
looks up the ids of a token and of its ancestors (``TokenClaims.lineage``), cached for at most
five seconds. A sign-out therefore also revokes the tokens rescoped from that token.
Residual risk: temporary keys issued for the token stay valid until they expire, as in the cloud
API. A new password revokes them all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import RevokedTokenRow
from web_image_ocr.identity.audited import audited_as
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.directory import ChangedRecords


class RevokedTokens:
    """Record revoked tokens; ``Directory`` reads them.

    Args:
        database: where they are recorded.
        authorizer: checks who may revoke a token.
        on_change: called with the changed records, to invalidate the caches of this process.
        clock: returns the current time, UTC.
    """

    def __init__(
        self,
        database: Database,
        authorizer: Authorizer,
        on_change: Callable[[ChangedRecords], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._authorizer = authorizer
        self._on_change = on_change
        self._clock = clock

    @audited_as("token_revoked")
    def revoke(self, caller_token: str, subject_token: str) -> None:
        """Revoke the token ``subject_token`` and all tokens rescoped from it.

        Raises:
            ServiceError: as ``Authorizer.inspect_token``.
        """
        claims = self._authorizer.authorize_revocation(caller_token, subject_token)
        with self._database.writing(exclusive=True) as session:
            expired = RevokedTokenRow.expires_at <= self._clock()
            session.execute(delete(RevokedTokenRow).where(expired))
            session.merge(RevokedTokenRow(id=claims.id, expires_at=claims.expires_at))
        self._on_change(ChangedRecords(tokens={claims.id}))
