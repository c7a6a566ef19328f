"""Create, read and replace files atomically, also against concurrent processes and crashes."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_NOTHING_TO_SYNC = {errno.EINVAL, errno.EROFS, errno.ENOSYS, errno.EOPNOTSUPP}
"""Errors of file systems that are read-only or in memory, such as a mounted secret."""
_POLL_S = 0.02


def create_if_missing(path: Path, write: Callable[[Path], None]) -> None:
    """Create a file of mode 0600 unless it exists.

    Other processes see nothing or the whole file: it is written under another name in the same
    folder and then hard-linked, which fails if the name exists.

    Args:
        path: the file; missing folders are created with mode 0700.
        write: writes the content to its argument, the path of an empty file of mode 0600.

    Raises:
        OSError: the folder cannot be written.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first; its file is equivalent
    finally:
        draft.unlink(missing_ok=True)


def replace_durably(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically; on return it survives a power failure.

    Owner and mode stay, so that root may replace the file of a server's user. The draft has a
    fixed name: the next attempt overwrites one that a crash left.

    Args:
        path: an existing file; a symbolic link to it stays.
        content: the new content.

    Raises:
        OSError: the folder cannot be written, or the owner cannot be kept.
    """
    path = path.resolve()
    before = path.stat()
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            _give_to_owner(out.fileno(), before)
            os.fchmod(out.fileno(), before.st_mode & 0o777)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_durably(path: Path) -> bytes:
    """Return the content of a file; on return it survives a power failure.

    Args:
        path: the file; another program may have written it without syncing.

    Raises:
        OSError: it cannot be read or synced.
    """
    path = path.resolve()
    with path.open("rb") as file:
        content = file.read()
        _sync_if_possible(file.fileno())
    _sync_folder(path.parent)
    return content


@contextmanager
def locked(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold an exclusive lock for changes of a file; the kernel releases that of a killed process.

    The lock is on a separate file, because the file itself is replaced.

    Args:
        path: an existing file; the lock file gets its owner.
        wait_seconds: time to wait for another holder.

    Raises:
        TimeoutError: another process or thread still holds it.
        OSError: the lock file cannot be created.
    """
    path = path.resolve()
    owner = path.stat()
    lock = path.with_name(f".{path.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _give_to_owner(handle, owner)
        _lock(handle, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise TimeoutError from None
            time.sleep(_POLL_S)
        else:
            return


def _give_to_owner(handle: int, owner: os.stat_result) -> None:
    found = os.fstat(handle)
    if (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync_if_possible(folder)
    finally:
        os.close(folder)


def _sync_if_possible(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOTHING_TO_SYNC:
            raise
