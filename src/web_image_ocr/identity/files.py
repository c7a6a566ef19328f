"""Making a file exactly once, whole, whoever else tries at the same time."""

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
