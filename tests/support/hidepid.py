"""Run commands as an unprivileged user who cannot see other users' processes (``hidepid``).

``ProtectProc=invisible`` of the systemd unit does the same, but systemd needs to be process 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

import pytest

_ID = 65534
_USER = ("setpriv", f"--reuid={_ID}", f"--regid={_ID}", "--clear-groups", "--no-new-privs")
_READS_FILES = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""The interpreter may be in a folder of root."""
_HIDDEN = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"'


def hidepid_command(command: Sequence[str], folder: str = "") -> list[str]:
    """Return the command in its own mount namespace, as user 65534; skip where not possible.

    Args:
        command: Command with its arguments.
        folder: Folder to hand over to the user by chown.
    """
    if not _is_supported():
        pytest.skip("hidepid needs root, unshare, setpriv and permission to mount /proc")
    if folder:
        os.chown(folder, _ID, _ID)
    return _command(command)


def _command(command: Sequence[str]) -> list[str]:
    namespace = ("unshare", "--mount", "--propagation=private", "sh", "-c", _HIDDEN, "sh")
    return [*namespace, *_USER, *_READS_FILES, *command]


@cache
def _is_supported() -> bool:
    if os.getuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        return False
    return subprocess.run(_command(["true"]), capture_output=True, check=False).returncode == 0
