"""Detect an upgrade of the installed code under a running server."""

from __future__ import annotations

import hashlib
from pathlib import Path

import web_image_ocr

_PACKAGE = Path(web_image_ocr.__file__).parent


class CodeChangedError(Exception):
    """Report that the installed code differs from that of the server."""

    def __init__(self, installed: str) -> None:
        super().__init__(
            "the installed code changed while the server was running: restart the server"
        )
        self.installed = installed


class InstalledCode:
    """Hold the fingerprint of the code at the start of the server.

    Workers import the installed code whenever they start. After a ``git pull`` under a running
    server they would mix two versions.
    """

    def __init__(self) -> None:
        self.at_start = fingerprint()

    def check(self, found: str | None = None) -> None:
        """Raise if the code has changed.

        Args:
            found: fingerprint that a worker reports; by default that of the files on disk.

        Raises:
            CodeChangedError: the fingerprints differ.
        """
        if found is None:
            found = fingerprint()
        if found != self.at_start:
            raise CodeChangedError(found)


def fingerprint(package: Path = _PACKAGE) -> str:
    """Return the version and a digest of all source files; takes 10 ms or more.

    Hash contents, not times: a copy or another checkout of the same code is the same.
    """
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        try:
            content = file.read_bytes()
        except OSError:  # it is being replaced
            content = b""
        digest.update(f"{file.relative_to(package)} {len(content)}\n".encode() + content)
    return f"{web_image_ocr.__version__}+{digest.hexdigest()[:16]}"
