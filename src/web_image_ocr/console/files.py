"""The console's files as they are sent: read once, packed once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

PAGE = "index.html"
"""The one page; all other files are parts of it."""

STYLE = "style.css"
"""All sheets as one part, since the first view needs them all."""

_SHEETS = (
    "base",
    "frame",
    "controls",
    "parts",
    "tables",
    "welcome",
    "lines",
    "usage",
    "bench",
    "result",
)
"""The files of ``css/`` in the order in which their rules hold: the later one wins."""

_VERSION = b"@version@"
"""In the page, where the version belongs."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
}
_PACKED = frozenset({".html", ".css", ".js", ".json", ".svg"})
"""What gzip makes smaller; pictures are packed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleFile:
    """A file.

    Attributes:
        media_type: for ``Content-Type``.
        plain: its bytes.
        packed: the same with gzip, or None where that gains nothing.
        etag: for ``ETag``; a weak one, since it stands for both forms.
    """

    media_type: str
    plain: bytes
    packed: bytes | None
    etag: str


@dataclass(frozen=True, slots=True)
class ConsoleFiles:
    """All of them.

    Attributes:
        version: changes whenever any file does; 16 hex digits.
        page: where the browser begins.
        parts: by path, such as ``js/main.js``.
    """

    version: str
    page: ConsoleFile
    parts: dict[str, ConsoleFile]


def load_files() -> ConsoleFiles:
    """The files of this package."""
    contents = dict(_walk(files(__package__) / "static"))
    contents[STYLE] = b"\n".join(contents.pop(f"css/{name}.css") for name in _SHEETS)
    version = _version(contents)  # of what is sent: another order of the sheets is another style
    page = contents.pop(PAGE).replace(_VERSION, version.encode())
    parts = {path: _file(path, content) for path, content in contents.items()}
    return ConsoleFiles(version, _file(PAGE, page), parts)


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
        packed=gzip.compress(content, mtime=0) if suffix in _PACKED else None,
        etag=f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
