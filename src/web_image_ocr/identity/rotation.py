"""Rotate the master key in steps, each of which may be interrupted and repeated.

1. *Prepare*: a new key is added to the file and named in the store. Nothing depends on it yet.
2. *Activate*: the store names it as the one in use. From that transaction on, secrets are encrypted
   with it, and each server signs with it once its cache has expired. Servers that share the file
   read it again when they first meet the new key; others need a copy of the file before this step.
3. *Re-encrypt*: the secrets of access keys, page by page, each row by its own update.
4. *Retire*: once the last token and temporary key of the former key has expired, the store refuses
   the former key and the file loses it.

Every step begins with what the store and the file say, not with what an earlier run intended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from web_image_ocr.identity.config import CACHE_SECONDS_AT_MOST, IdentityConfig
from web_image_ocr.identity.database import Database
from web_image_ocr.identity.key_facts import KeyFacts, read_key_facts, write_key_facts
from web_image_ocr.identity.key_file import KeyFile, random_master_key
from web_image_ocr.identity.keyring import Keyring, MasterKey
from web_image_ocr.identity.keys import LONGEST_TEMPORARY_SECONDS
from web_image_ocr.identity.tables import AccessKeyRow
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_PAGE = 100
"""Rows of one transaction: some milliseconds, so that other writers hardly wait."""
_MARGIN = timedelta(hours=1)
"""For clocks of servers that differ, and for what was issued while a cache still named the former
key."""
_SETTLING_S = CACHE_SECONDS_AT_MOST + 1.0
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
    facts: KeyFacts
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
        longest = max(config.token_lifetime_seconds, LONGEST_TEMPORARY_SECONDS)
        self._longest_life = timedelta(seconds=longest) + _MARGIN
        self._clock = clock
        self._sleep = sleep

    @property
    def needs_copies(self) -> bool:
        """Whether servers on other machines, with files of their own, may share the store."""
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

    def prepare(self) -> KeyFacts:
        """Add a new key to the file and the store, unless a rotation is under way.

        A key in the file that the store does not know is taken in place of a random one: it is of
        an interrupted run, or of an operator whose key file is written by other means.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` when the file cannot be written, holds more
                than one such key, or lacks the prepared key.
        """
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            self._file.reread()
            if facts.prepared or facts.former:
                self._require(facts.prepared)
                return facts
            known = {facts.in_use, *facts.retired}
            held = self._file.accepted()
            unknown = [key for key in held if key.fingerprint not in known]
            if len(unknown) > 1:
                raise ServiceError(
                    ErrorKind.CONFIGURATION_INVALID,
                    f"{self._file.path} holds {len(unknown)} master keys that the store does not "
                    "know: keep one of them",
                )
            if not unknown:
                unknown = [random_master_key()]
                self._file.replace([*held, *unknown])
            facts = replace(facts, prepared=unknown[0].fingerprint)
            write_key_facts(session, facts)
            return facts

    def activate(self) -> KeyFacts:
        """Put the prepared key in use; no error if it is.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` when the file lacks the prepared key.
        """
        with self._database.writing(alone=True) as session:
            facts = _read(session)
            if facts.prepared is None:
                return facts
            self._require(facts.prepared)
            facts = replace(
                facts,
                in_use=facts.prepared,
                prepared=None,
                former=facts.in_use,
                former_until=self._clock() + self._longest_life,
            )
            write_key_facts(session, facts)
            return facts

    def re_encrypt(self, progress: Progress = lambda _done, _all: None) -> int:
        """Encrypt all secrets with the key in use that are not yet; return how many were changed.

        Args:
            progress: called after each page with the keys seen and the keys there are.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` naming the access keys whose secrets no accepted
                master key decrypts; all others are re-encrypted by then.
        """
        facts = self._facts()
        master = self._keyring.key(facts.in_use)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(AccessKeyRow)) or 0
        seen = changed = 0
        lost: list[str] = []
        for rows in self._pages():
            started = time.monotonic()
            stale = [row for row in rows if not _is_under(master, *row)]
            if stale:
                with self._database.writing() as session:
                    for access, encrypted in stale:
                        secret = self._keyring.decrypt_key_secret(encrypted, access)
                        if secret is None:
                            lost.append(access)
                        else:
                            changed += _update(session, master, access, encrypted, secret)
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
            with self._database.writing(alone=True) as session:
                facts = _read(session)
                if facts.former:
                    facts = replace(
                        facts,
                        former=None,
                        former_until=None,
                        retired=facts.retired | {facts.former},
                    )
                    write_key_facts(session, facts)
        self._remove(facts.retired)

    def _check_expired(self, facts: KeyFacts, *, now: bool) -> None:
        until = facts.former_until
        if not now and until is not None and self._clock() < until:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                f"tokens of the former master key may be valid until {until:%Y-%m-%d %H:%M} UTC: "
                "run this again after that, or with --now to revoke them",
            )

    def _remove(self, retired: frozenset[str]) -> None:
        self._file.reread()
        held = self._file.held()
        kept = [key for key in held if key.fingerprint not in retired]
        if len(kept) < len(held):
            self._file.replace(kept)

    def _facts(self) -> KeyFacts:
        with self._database.reading() as session:
            return _read(session)

    def _require(self, fingerprint: str | None) -> None:
        if fingerprint and self._keyring.find(fingerprint) is None:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"{self._file.path} lacks the prepared master key {fingerprint[:8]}: copy the file "
                "from the machine where it was prepared",
            )

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

    def _phase(self, facts: KeyFacts, left: int) -> RotationPhase:
        if facts.prepared:
            return RotationPhase.PREPARED
        if not facts.former:
            return RotationPhase.NONE
        if left:
            return RotationPhase.RE_ENCRYPTING
        expired = facts.former_until is None or self._clock() >= facts.former_until
        return RotationPhase.RETIRABLE if expired else RotationPhase.WAITING


def _read(session: Session) -> KeyFacts:
    facts = read_key_facts(session)
    if facts is None:  # bound at the start
        raise ServiceError(ErrorKind.STORE_UNAVAILABLE, "the store has lost its master key's name")
    return facts


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
