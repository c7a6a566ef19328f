"""Create or replace a file as a whole, whatever other processes or a crash do meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def create_once(path: Path, write: Callable[[Path], None]) -> None:
    """Make a file, readable by its owner only, unless it is there already.

    A folder that has to be made for it is its owner's alone (mode 0700), too.

    Others see nothing of it or all of it: it is written under another name in the same
    folder and then linked to its own, which fails where that exists.

    Args:
        path: the file to be; missing folders are made.
        write: writes the content to the path it is given, an empty file of mode 0600.

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
        pass  # somebody else was first; theirs is as good
    finally:
        draft.unlink(missing_ok=True)


def replace_durably(path: Path, content: bytes) -> None:
    """Replace a file's content as a whole; on return it survives a power failure.

    Owner and mode stay, so that an administrator may replace the file of a server's user. The
    draft has one fixed name: one left by a crash is overwritten by the next attempt.

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
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(out.fileno(), before.st_uid, before.st_gid)
            os.fchmod(out.fileno(), before.st_mode & 0o777)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
