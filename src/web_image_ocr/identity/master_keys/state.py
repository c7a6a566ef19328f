"""Read and write the store's facts on its master keys, by fingerprint; the keys are in a file.

The store decides which key encrypts and signs, since all servers share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web_image_ocr.database.tables import MetadataRow

IN_USE = "master key"
"""Name of the fact that every store has; other stores and foreign files are told by it."""
_PREPARED = "prepared master key"
_FORMER = "former master key"
_FORMER_UNTIL = "former master key until"
_RETIRED = "retired "
"""Followed by the beginning of the fingerprint: a store may have retired several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeyState:
    """Fingerprints of a store's master keys.

    Attributes:
        in_use: the key that encrypts and signs.
        prepared: the key that will be in use next; nothing depends on it yet.
        former: the key in use before, whose tokens may still be valid.
        former_until: when the last of them has expired.
        retired: keys that must not be accepted again.
    """

    in_use: str
    prepared: str | None = None
    former: str | None = None
    former_until: datetime | None = None
    retired: frozenset[str] = frozenset()

    @property
    def needed(self) -> frozenset[str]:
        """Return the keys without which something in the store is lost, or will be."""
        names = (self.in_use, self.prepared, self.former)
        return frozenset(name for name in names if name is not None)


def read_master_key_state(session: Session) -> MasterKeyState | None:
    """Return the facts; None for a store that has no master key yet."""
    facts = {row.name: row.value for row in session.scalars(select(MetadataRow))}
    if IN_USE not in facts:
        return None
    until = facts.get(_FORMER_UNTIL)
    return MasterKeyState(
        in_use=facts[IN_USE],
        prepared=facts.get(_PREPARED),
        former=facts.get(_FORMER),
        former_until=datetime.fromisoformat(until) if until else None,
        retired=frozenset(value for name, value in facts.items() if name.startswith(_RETIRED)),
    )


def write_master_key_state(session: Session, facts: MasterKeyState) -> None:
    """Make these the facts."""
    values = {
        IN_USE: facts.in_use,
        _PREPARED: facts.prepared,
        _FORMER: facts.former,
        _FORMER_UNTIL: facts.former_until.isoformat() if facts.former_until else None,
        **{f"{_RETIRED}{value[:16]}": value for value in facts.retired},
    }
    for name, value in values.items():
        if value is None:
            session.execute(delete(MetadataRow).where(MetadataRow.name == name))
        else:
            session.merge(MetadataRow(name=name, value=value))


def in_use(session: Session) -> str:
    """Return the fingerprint of the key that encrypts, as of this transaction."""
    return session.scalars(select(MetadataRow.value).where(MetadataRow.name == IN_USE)).one()
