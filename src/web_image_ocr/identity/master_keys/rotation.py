"""Rotate the master key in steps that can be interrupted and repeated.

1. *Prepare*: add a new key to the file and record it in the database. Nothing depends on it yet.
2. *Activate*: put it in use. From that transaction on, it encrypts secrets, and each server signs
   with it once its cache has expired. Servers that share the file read it again when they need the
   new key; others need a copy of the file before this step.
3. *Re-encrypt*: the secrets of access keys, page by page, one update per row.
4. *Retire*: when the last token and temporary key of the former key has expired, reject the former
   key and remove it from the file.

Every step starts from the current state of database and file, not from an earlier run's intention.

Threat: the file is restored, or another command rotates, between two steps or within one.
Rule: every change is made in an exclusive transaction, from a state and a file that are read in it.
No key encrypts unless the file on disk holds it.
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
"""Rows of one transaction, which takes milliseconds: other writers hardly wait."""
_MARGIN = timedelta(hours=1)
"""For clock differences, and for tokens issued while a cache still named the former key."""
_CACHE_EXPIRY_S = MAX_CACHE_SECONDS + 1.0
"""Time until no server caches a row that the former key encrypted, seconds."""

Progress = Callable[[int, int], None]


class RotationPhase(StrEnum):
    """Define the phases of a rotation."""

    NONE = "none"
    PREPARED = "prepared"
    RE_ENCRYPTING = "re-encrypting"
    WAITING = "waiting"
    RETIRABLE = "retirable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationStatus:
    """Describe the progress of a rotation.

    Attributes:
        phase: of the rotation.
        state: fingerprints of the keys.
        keys: number of access keys.
        left: number of those that the key in use does not decrypt.
    """

    phase: RotationPhase
    state: MasterKeyState
    keys: int
    left: int


class Rotation:
    """Rotate the master key of one database."""

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
        """Return whether other machines, each with its own file, may share the database."""
        return self._database.is_shared

    def status(self) -> RotationStatus:
        """Return the progress; counts all keys."""
        state = self._state()
        master = self._keyring.key(state.in_use)
        keys = left = 0
        for rows in self._pages():
            keys += len(rows)
            left += sum(not _encrypted_with(master, *row) for row in rows)
        return RotationStatus(phase=self._phase(state, left), state=state, keys=keys, left=left)

    def prepare(self) -> MasterKeyState:
        """Add a new key to the file and the database, unless a rotation is in progress.

        A key in the file that is unknown to the database is used instead of a random one: an
        interrupted run, or the operator's own tool, has written it.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` if the file cannot be written, holds more
                than one such key, or lacks a key that the database needs.
        """
        with self._database.writing(exclusive=True) as session:
            state = _read(session)
            held = self._on_disk(state.needed)
            if state.prepared or state.former:
                return state
            known = state.needed | state.retired
            unknown = [key for name, key in held.items() if name not in known]
            if len(unknown) > 1:
                raise ServiceError(
                    ErrorKind.CONFIGURATION_INVALID,
                    f"{self._file.path} holds {len(unknown)} master keys that are unknown to the "
                    "database: keep one of them",
                )
            if not unknown:
                unknown = [random_master_key()]
                self._file.rewrite(lambda keys: [*_without_retired(keys, state), *unknown])
            prepared = replace(state, prepared=unknown[0].fingerprint)
            write_master_key_state(session, prepared)
            return prepared

    def activate(self) -> MasterKeyState:
        """Put the prepared key in use; do nothing if it is.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` if the file on disk lacks the prepared key
                or the one in use.
        """
        with self._database.writing(exclusive=True) as session:
            state = _read(session)
            if state.prepared is None:
                return state
            self._on_disk(state.needed)
            state = replace(
                state,
                in_use=state.prepared,
                prepared=None,
                former=state.in_use,
                former_until=self._clock() + self._longest_life,
            )
            write_master_key_state(session, state)
            return state

    def re_encrypt(self, progress: Progress = lambda _done, _all: None) -> int:
        """Encrypt all secrets with the key in use; return how many were changed.

        Args:
            progress: called after each page with the number of keys done and of all keys.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` if no accepted master key decrypts some
                secrets, after re-encrypting all others; also if the file on disk lacks the key
                in use, and then no further page is re-encrypted.
        """
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(AccessKeyRow)) or 0
        seen = changed = 0
        lost: list[str] = []
        for rows in self._pages():
            started = time.monotonic()
            master = self._keyring.key(self._state().in_use)
            if not all(_encrypted_with(master, *row) for row in rows):
                changed += self._re_encrypt_page(rows, lost)
                # SQLite writers poll instead of queueing: leave them half of the time.
                self._sleep(time.monotonic() - started)
            seen += len(rows)
            progress(seen, max(seen, total))
        if lost:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"{len(lost)} access keys cannot be decrypted with any accepted master key, for "
                f"example {lost[0]}: restore the missing key in {self._file.path}, or delete "
                "them (admin key delete), and run this again",
            )
        return changed

    def retire(self, *, now: bool = False, progress: Progress = lambda _done, _all: None) -> None:
        """Reject the former key from now on; do nothing if there is none.

        Args:
            now: revoke the tokens and temporary keys that depend on it instead of waiting.
            progress: as in ``re_encrypt``.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` while tokens depend on the former key or a prepared
                key is not in use; as ``re_encrypt``.
        """
        state = self._state()
        if state.prepared:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                "the prepared master key is not in use yet: run this command without --retire",
            )
        if state.former:
            self._check_expired(state, now=now)
            # Only a server of an earlier version can have encrypted with it meanwhile.
            if self.re_encrypt(progress) or now:
                self._sleep(_CACHE_EXPIRY_S)
            self._retire(state.former)
        self._remove()

    def _re_encrypt_page(self, rows: list[tuple[str, bytes]], lost: list[str]) -> int:
        """Return the number of changed rows; append undecryptable keys to ``lost``."""
        changed = 0
        with self._database.writing(exclusive=True) as session:
            in_use = _read(session).in_use  # another command may have changed it since
            master = self._on_disk({in_use})[in_use]
            for access, encrypted in rows:
                if _encrypted_with(master, access, encrypted):
                    continue
                secret = self._keyring.decrypt_key_secret(encrypted, access)
                if secret is None:
                    lost.append(access)
                else:
                    changed += _update(session, master, access, encrypted, secret)
        return changed

    def _retire(self, former: str) -> None:
        """Retire this key in the database, unless another command has."""
        with self._database.writing(exclusive=True) as session:
            state = _read(session)
            if state.former != former:
                return
            self._on_disk({state.in_use})
            retired = state.retired | {former}
            state = replace(state, former=None, former_until=None, retired=retired)
            write_master_key_state(session, state)

    def _check_expired(self, state: MasterKeyState, *, now: bool) -> None:
        until = state.former_until
        if not now and until is not None and self._clock() < until:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                f"tokens of the former master key may be valid until {until:%Y-%m-%d %H:%M} UTC: "
                "run this again after that, or with --now to revoke them",
            )

    def _remove(self) -> None:
        """Remove the retired keys from the file."""
        with self._database.writing(exclusive=True) as session:
            state = _read(session)
            self._on_disk({state.in_use})
            self._file.rewrite(lambda keys: _without_retired(keys, state))

    def _state(self) -> MasterKeyState:
        with self._database.reading() as session:
            return _read(session)

    def _on_disk(self, needed: Collection[str]) -> dict[str, MasterKey]:
        """Return the keys on disk by fingerprint, after syncing the file.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` if a needed one is missing.
        """
        held = {key.fingerprint: key for key in self._file.read_durably()}
        if missing := sorted(name[:8] for name in needed if name not in held):
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"{self._file.path} lacks the master key {' and '.join(missing)}: restore its "
                "line, or copy the file from the machine where the key was prepared",
            )
        return held

    def _pages(self) -> Iterator[list[tuple[str, bytes]]]:
        """Yield access keys and their encrypted secrets, including keys created meanwhile."""
        last = ""
        while True:
            query = select(AccessKeyRow.access, AccessKeyRow.encrypted_secret)
            query = query.where(AccessKeyRow.access > last).order_by(AccessKeyRow.access)
            with self._database.reading() as session:
                rows = [(row[0], row[1]) for row in session.execute(query.limit(_PAGE))]
            if not rows:
                return
            yield rows
            last = rows[-1][0]

    def _phase(self, state: MasterKeyState, left: int) -> RotationPhase:
        if state.prepared:
            return RotationPhase.PREPARED
        if not state.former:
            return RotationPhase.NONE
        if left:
            return RotationPhase.RE_ENCRYPTING
        expired = state.former_until is None or self._clock() >= state.former_until
        return RotationPhase.RETIRABLE if expired else RotationPhase.WAITING


def _read(session: Session) -> MasterKeyState:
    state = read_master_key_state(session)
    if state is None:  # recorded at the start
        raise ServiceError(
            ErrorKind.DATABASE_UNAVAILABLE, "the database no longer names its master key"
        )
    return state


def _without_retired(keys: Sequence[MasterKey], state: MasterKeyState) -> list[MasterKey]:
    """Return the keys without retired ones; a key that the database needs stays."""
    removed = state.retired - state.needed
    return [key for key in keys if key.fingerprint not in removed]


def _encrypted_with(master: MasterKey, access: str, encrypted: bytes) -> bool:
    return master.key_secrets.decrypt(encrypted, access.encode()) is not None


def _update(session: Session, master: MasterKey, access: str, encrypted: bytes, secret: str) -> int:
    """Re-encrypt one row unless it has changed; return the number of changed rows."""
    done = session.execute(
        update(AccessKeyRow)
        .where(AccessKeyRow.access == access, AccessKeyRow.encrypted_secret == encrypted)
        .values(encrypted_secret=master.key_secrets.encrypt(secret.encode(), access.encode()))
        .returning(AccessKeyRow.access)
    )
    return len(done.all())
