"""Read and write which master keys the database uses, by fingerprint; the keys are in a file.

The database decides which key encrypts and signs, because all servers share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web_image_ocr.database.tables import MetadataRow

IN_USE = "master key"
"""Metadata that every database has; it also detects a file of another database."""
_PREPARED = "prepared master key"
_FORMER = "former master key"
_FORMER_UNTIL = "former master key until"
_RETIRED = "retired "
"""Prefix, followed by the start of the fingerprint: several keys may be retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeyState:
    """Hold the fingerprints of a database's master keys.

    Attributes:
        in_use: the key that encrypts and signs.
        prepared: the key that will be in use next; nothing depends on it yet.
        former: the previous key, whose tokens may still be valid.
        former_until: when the last of these tokens expires.
        retired: keys that must never be accepted again.
    """

    in_use: str
    prepared: str | None = None
    former: str | None = None
    former_until: datetime | None = None
    retired: frozenset[str] = frozenset()

    @property
    def needed(self) -> frozenset[str]:
        """Return the keys that decrypt, or will decrypt, secrets in the database."""
        names = (self.in_use, self.prepared, self.former)
        return frozenset(name for name in names if name is not None)


def read_master_key_state(session: Session) -> MasterKeyState | None:
    """Return the state; None for a database without a master key."""
    values = {row.name: row.value for row in session.scalars(select(MetadataRow))}
    if IN_USE not in values:
        return None
    until = values.get(_FORMER_UNTIL)
    return MasterKeyState(
        in_use=values[IN_USE],
        prepared=values.get(_PREPARED),
        former=values.get(_FORMER),
        former_until=datetime.fromisoformat(until) if until else None,
        retired=frozenset(value for name, value in values.items() if name.startswith(_RETIRED)),
    )


def write_master_key_state(session: Session, state: MasterKeyState) -> None:
    """Replace the state."""
    values = {
        IN_USE: state.in_use,
        _PREPARED: state.prepared,
        _FORMER: state.former,
        _FORMER_UNTIL: state.former_until.isoformat() if state.former_until else None,
        **{f"{_RETIRED}{value[:16]}": value for value in state.retired},
    }
    for name, value in values.items():
        if value is None:
            session.execute(delete(MetadataRow).where(MetadataRow.name == name))
        else:
            session.merge(MetadataRow(name=name, value=value))


def in_use(session: Session) -> str:
    """Return the fingerprint of the key that encrypts, as of this transaction."""
    return session.scalars(select(MetadataRow.value).where(MetadataRow.name == IN_USE)).one()
