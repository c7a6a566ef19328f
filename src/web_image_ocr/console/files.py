"""Load the console's files, compressed and versioned."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

PAGE = "index.html"
"""The page; all other files are its assets."""

STYLE = "style.css"
"""All style sheets as one asset, because the first view needs them all."""

_SHEETS = (
    "base",
    "layout",
    "controls",
    "components",
    "tables",
    "welcome",
    "lines",
    "usage",
    "try_it",
    "result",
)
"""Files of ``css/`` in cascade order."""

_VERSION = b"@version@"
"""Placeholder of the version in the page."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
}
_COMPRESSIBLE = frozenset({".html", ".css", ".js", ".json", ".svg"})
"""Types to compress; images are compressed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleFile:
    """Represent a file.

    Attributes:
        media_type: value of ``Content-Type``.
        plain: content.
        gzipped: compressed content, or None for types that are compressed already.
        etag: value of ``ETag``, weak because it covers both encodings.
    """

    media_type: str
    plain: bytes
    gzipped: bytes | None
    etag: str


@dataclass(frozen=True, slots=True)
class ConsoleFiles:
    """Hold all files.

    Attributes:
        version: digest of all files, 16 hex digits.
        page: the page.
        assets: all other files by path, such as ``js/main.js``.
    """

    version: str
    page: ConsoleFile
    assets: dict[str, ConsoleFile]


def load_files() -> ConsoleFiles:
    """Load the files of this package."""
    contents = dict(_walk(files(__package__) / "static"))
    contents[STYLE] = b"\n".join(contents.pop(f"css/{name}.css") for name in _SHEETS)
    version = _version(contents)  # after joining: the order of the sheets matters
    page = contents.pop(PAGE).replace(_VERSION, version.encode())
    assets = {path: _file(path, content) for path, content in contents.items()}
    return ConsoleFiles(version, _file(PAGE, page), assets)


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif PurePosixPath(path).suffix in _TYPES:
            yield path, entry.read_bytes()


def _version(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path in sorted(contents):
        digest.update(hashlib.sha256(path.encode()).digest())
        digest.update(hashlib.sha256(contents[path]).digest())
    return digest.hexdigest()[:16]


def _file(path: str, content: bytes) -> ConsoleFile:
    suffix = PurePosixPath(path).suffix
    return ConsoleFile(
        media_type=_TYPES[suffix],
        plain=content,
        gzipped=gzip.compress(content, mtime=0) if suffix in _COMPRESSIBLE else None,
        etag=f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
