"""Rotate the master key in steps, each of which may be interrupted and repeated.

1. *Prepare*: a new key is added to the file and named in the store. Nothing depends on it yet.
2. *Activate*: the store names it as the one in use. From that transaction on, secrets are encrypted
   with it, and each server signs with it once its cache has expired. Servers that share the file
   read it again when they first meet the new key; others need a copy of the file before this step.
3. *Re-encrypt*: the secrets of access keys, page by page, each row by its own update.
4. *Retire*: once the last token and temporary key of the former key has expired, the store refuses
   the former key and the file loses it.

Every step begins with what the store and the file say, not with what an earlier run intended.

Threat: the file is put back, or another command rotates, between two steps or within one.
Rule: every change is made in a transaction that no other server or command shares, from facts and
a file that are read in it. Nothing is encrypted with a key unless the file on disk holds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import AccessKeyRow
from web_image_ocr.identity.config import (
    MAX_CACHE_SECONDS,
    MAX_TEMPORARY_KEY_SECONDS,
    IdentityConfig,
)
from web_image_ocr.identity.master_keys.key_file import KeyFile, random_master_key
from web_image_ocr.identity.master_keys.keyring import Keyring, MasterKey
from web_image_ocr.identity.master_keys.state import (
    MasterKeyState,
    read_master_key_state,
    write_master_key_state,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_PAGE = 100
"""Rows of one transaction: some milliseconds, so that other writers hardly wait."""
_MARGIN = timedelta(hours=1)
"""For clocks of servers that differ, and for what was issued while a cache still named the former
key."""
_SETTLING_S = MAX_CACHE_SECONDS + 1.0
"""Seconds after which no server has a row in its cache that the former key encrypted."""

Progress = Callable[[int, int], None]


class RotationPhase(StrEnum):
    """Where a rotation stands."""

    NONE = "none"
    PREPARED = "prepared"
    RE_ENCRYPTING = "re-encrypting"
    WAITING = "waiting"
    RETIRABLE = "retirable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationStatus:
    """Where a rotation stands.

    Attributes:
        phase: of the rotation.
        facts: fingerprints of the keys.
        keys: access keys in the store.
        left: those that the key in use does not decrypt.
    """

    phase: RotationPhase
    facts: MasterKeyState
    keys: int
    left: int


class Rotation:
    """Rotates the master key of one store.

    Args:
        database: the store.
        file: of the master keys, the copy of this machine.
        keyring: of both.
        config: lifetime of tokens.
        clock: the time, UTC.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        *,
        database: Database,
        file: KeyFile,
        keyring: Keyring,
        config: IdentityConfig,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._database = database
        self._file = file
        self._keyring = keyring
        longest = max(config.token_lifetime_seconds, MAX_TEMPORARY_KEY_SECONDS)
        self._longest_life = timedelta(seconds=longest) + _MARGIN
        self._clock = clock
        self._sleep = sleep

    @property
    def needs_copies(self) -> bool:
        """Return whether servers on other machines, each with its own file, may share the store."""
        return self._database.is_shared

    def status(self) -> RotationStatus:
        """Return where the rotation stands; counts all keys."""
        facts = self._facts()
        master = self._keyring.key(facts.in_use)
        keys = left = 0
        for rows in self._pages():
            keys += len(rows)
            left += sum(not _is_under(master, *row) for row in rows)
        return RotationStatus(phase=self._phase(facts, left), facts=facts, keys=keys, left=left)

    def prepare(self) -> MasterKeyState:
        """Add a new key to the file and the store, unless a rotation is under way.

        A key in the file that the store does not know is taken in place of a random one: it is of
        an interrupted run, or of an operator whose key file is written by other means.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` when the file cannot be written, holds more
                than one such key, or lacks a key that the store needs.
        """
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            held = self._on_disk(facts.needed)
            if facts.prepared or facts.former:
                return facts
            known = facts.needed | facts.retired
            unknown = [key for name, key in held.items() if name not in known]
            if len(unknown) > 1:
                raise ServiceError(
                    ErrorKind.CONFIGURATION_INVALID,
                    f"{self._file.path} holds {len(unknown)} master keys that the store does not "
                    "know: keep one of them",
                )
            if not unknown:
                unknown = [random_master_key()]
                self._file.rewrite(lambda keys: [*_without_retired(keys, facts), *unknown])
            prepared = replace(facts, prepared=unknown[0].fingerprint)
            write_master_key_state(session, prepared)
            return prepared

    def activate(self) -> MasterKeyState:
        """Put the prepared key in use; no error if it is.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` when the file on disk lacks the prepared key
                or the one in use.
        """
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            if facts.prepared is None:
                return facts
            self._on_disk(facts.needed)
            facts = replace(
                facts,
                in_use=facts.prepared,
                prepared=None,
                former=facts.in_use,
                former_until=self._clock() + self._longest_life,
            )
            write_master_key_state(session, facts)
            return facts

    def re_encrypt(self, progress: Progress = lambda _done, _all: None) -> int:
        """Encrypt all secrets with the key in use that are not yet; return how many were changed.

        Args:
            progress: called after each page with the keys seen and the keys there are.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` naming the access keys whose secrets no accepted
                master key decrypts; all others are re-encrypted by then. The same when the file
                on disk lacks the key in use; no further page is re-encrypted then.
        """
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(AccessKeyRow)) or 0
        seen = changed = 0
        lost: list[str] = []
        for rows in self._pages():
            started = time.monotonic()
            master = self._keyring.key(self._facts().in_use)
            if not all(_is_under(master, *row) for row in rows):
                changed += self._re_encrypt_page(rows, lost)
                # SQLite does not queue writers, they poll: leave them half of the time.
                self._sleep(time.monotonic() - started)
            seen += len(rows)
            progress(seen, max(seen, total))
        if lost:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"{len(lost)} access keys cannot be decrypted with any accepted master key, for "
                f"example {lost[0]}: put the missing key back into {self._file.path}, or delete "
                "them (admin key delete), and run this again",
            )
        return changed

    def retire(self, *, now: bool = False, progress: Progress = lambda _done, _all: None) -> None:
        """Refuse the former key from now on; no error if there is none.

        Args:
            now: revoke the tokens and temporary keys that depend on it, rather than wait.
            progress: as in ``re_encrypt``.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` while tokens depend on the former key, or a
                prepared key is not in use; as ``re_encrypt``.
        """
        facts = self._facts()
        if facts.prepared:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                "the prepared master key is not in use yet: run this command without --retire",
            )
        if facts.former:
            self._check_expired(facts, now=now)
            # Only a server of an earlier version can have encrypted with it meanwhile.
            if self.re_encrypt(progress) or now:
                self._sleep(_SETTLING_S)
            self._refuse_from_now_on(facts.former)
        self._remove()

    def _re_encrypt_page(self, rows: list[tuple[str, bytes]], lost: list[str]) -> int:
        """Return how many rows were changed; add the keys that cannot be decrypted to ``lost``."""
        changed = 0
        with self._database.writing(alone=True) as session:
            in_use = _read(session).in_use  # another command may have changed it since
            master = self._on_disk({in_use})[in_use]
            for access, encrypted in rows:
                if _is_under(master, access, encrypted):
                    continue
                secret = self._keyring.decrypt_key_secret(encrypted, access)
                if secret is None:
                    lost.append(access)
                else:
                    changed += _update(session, master, access, encrypted, secret)
        return changed

    def _refuse_from_now_on(self, former: str) -> None:
        """Retire this key in the store, unless another command has."""
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            if facts.former != former:
                return
            self._on_disk({facts.in_use})
            retired = facts.retired | {former}
            facts = replace(facts, former=None, former_until=None, retired=retired)
            write_master_key_state(session, facts)

    def _check_expired(self, facts: MasterKeyState, *, now: bool) -> None:
        until = facts.former_until
        if not now and until is not None and self._clock() < until:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                f"tokens of the former master key may be valid until {until:%Y-%m-%d %H:%M} UTC: "
                "run this again after that, or with --now to revoke them",
            )

    def _remove(self) -> None:
        """Remove the retired keys from the file."""
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            self._on_disk({facts.in_use})
            self._file.rewrite(lambda keys: _without_retired(keys, facts))

    def _facts(self) -> MasterKeyState:
        with self._database.reading() as session:
            return _read(session)

    def _on_disk(self, needed: Collection[str]) -> dict[str, MasterKey]:
        """Return the keys on disk by fingerprint, which survive a power failure.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` unless all that are needed are among them.
        """
        held = {key.fingerprint: key for key in self._file.read_durably()}
        if missing := sorted(name[:8] for name in needed if name not in held):
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"{self._file.path} lacks the master key {' and '.join(missing)}: put its line "
                "back, or copy the file from the machine where the key was prepared",
            )
        return held

    def _pages(self) -> Iterator[list[tuple[str, bytes]]]:
        """Yield access keys and their encrypted secrets, those included that are made meanwhile."""
        last = ""
        while True:
            query = select(AccessKeyRow.access, AccessKeyRow.sealed_secret)
            query = query.where(AccessKeyRow.access > last).order_by(AccessKeyRow.access)
            with self._database.reading() as session:
                rows = [(row[0], row[1]) for row in session.execute(query.limit(_PAGE))]
            if not rows:
                return
            yield rows
            last = rows[-1][0]

    def _phase(self, facts: MasterKeyState, left: int) -> RotationPhase:
        if facts.prepared:
            return RotationPhase.PREPARED
        if not facts.former:
            return RotationPhase.NONE
        if left:
            return RotationPhase.RE_ENCRYPTING
        expired = facts.former_until is None or self._clock() >= facts.former_until
        return RotationPhase.RETIRABLE if expired else RotationPhase.WAITING


def _read(session: Session) -> MasterKeyState:
    facts = read_master_key_state(session)
    if facts is None:  # bound at the start
        raise ServiceError(
            ErrorKind.DATABASE_UNAVAILABLE, "the store has lost its master key's name"
        )
    return facts


def _without_retired(keys: Sequence[MasterKey], facts: MasterKeyState) -> list[MasterKey]:
    """Return the keys without those retired; one that the store needs stays in any case."""
    removed = facts.retired - facts.needed
    return [key for key in keys if key.fingerprint not in removed]


def _is_under(master: MasterKey, access: str, encrypted: bytes) -> bool:
    return master.key_secrets.decrypt(encrypted, access.encode()) is not None


def _update(session: Session, master: MasterKey, access: str, encrypted: bytes, secret: str) -> int:
    """Re-encrypt one row unless it has changed; return how many rows were."""
    done = session.execute(
        update(AccessKeyRow)
        .where(AccessKeyRow.access == access, AccessKeyRow.sealed_secret == encrypted)
        .values(sealed_secret=master.key_secrets.encrypt(secret.encode(), access.encode()))
        .returning(AccessKeyRow.access)
    )
    return len(done.all())
