"""Whether the model files named in the settings are still those of the start."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from web_image_ocr.engine import EngineConfig


class ModelFiles:
    """The files, remembered as they were when this was made.

    A worker reads them when it starts, and workers start at any time: once a file is
    replaced, nobody can tell which model gave an answer. The models of the package need no
    watch, since a worker takes no other bytes than those whose SHA-256 it knows. Looking
    costs some two microseconds a file.

    Args:
        config: the engine's; all its paths are files of models.
    """

    def __init__(self, config: EngineConfig) -> None:
        values = (getattr(config, field.name) for field in fields(config))
        self._paths = [value for value in values if isinstance(value, Path)]
        self._at_start = self._stamps()
        self._changed = False

    def changed(self) -> bool:
        """Whether one has been seen written, replaced or removed; then it stays so."""
        self._changed = self._changed or self._stamps() != self._at_start
        return self._changed

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    # The time of change, unlike that of modification, cannot be set to what it was.
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_ctime_ns
