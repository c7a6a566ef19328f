"""Check that the installed code is still the code that runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import web_image_ocr

_PACKAGE = Path(web_image_ocr.__file__).parent


class CodeChangedError(Exception):
    """Report that the installed code is not that of the server.

    Args:
        installed: its fingerprint, as far as is known.
    """

    def __init__(self, installed: str) -> None:
        super().__init__("the installed code changed while the server runs: restart the server")
        self.installed = installed


class InstalledCode:
    """Remember the package's source as it was when this was made.

    A worker imports what is installed when it starts, which may be at any time: after a
    ``git pull`` under a running server it would be a mixture of two versions.
    """

    def __init__(self) -> None:
        self.at_start = fingerprint()

    def check(self, installed: str | None = None) -> None:
        """Raise where the code has changed.

        Args:
            installed: the fingerprint of what a worker has imported; none looks at the files.

        Raises:
            CodeChangedError: it has.
        """
        found = fingerprint() if installed is None else installed
        if found != self.at_start:
            raise CodeChangedError(found)


def fingerprint(package: Path = _PACKAGE) -> str:
    """Return the version that runs and a digest of the installed source: 10 ms or more.

    Contents count, not times: the same code copied or checked out again is the same code.

    Args:
        package: its folder.
    """
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        try:
            content = file.read_bytes()
        except OSError:  # it is being replaced
            content = b""
        digest.update(f"{file.relative_to(package)} {len(content)}\n".encode() + content)
    return f"{web_image_ocr.__version__}+{digest.hexdigest()[:16]}"
