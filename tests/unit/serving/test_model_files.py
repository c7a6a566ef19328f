from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from web_image_ocr.engine import EngineConfig
from web_image_ocr.serving.cache import ModelFiles


def overwrite(path: Path) -> None:
    path.write_bytes(b"longer than before")


def overwrite_keeping_times(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"MODEL")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace_keeping_size_and_times(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(b"other")
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "change", [overwrite, overwrite_keeping_times, replace_keeping_size_and_times, remove]
)
@pytest.mark.parametrize("setting", ["detection_model", "recognition_model"])
def test_a_changed_file_is_detected(
    tmp_path: Path, setting: str, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"model")
    config = EngineConfig(**{setting: path})  # type: ignore[arg-type]
    files = ModelFiles(config)
    assert not files.changed()
    change(path)
    assert files.changed()
    assert not ModelFiles(config).changed(), "a restart accepts the new file"


def test_bundled_models_are_not_watched() -> None:
    assert not ModelFiles(EngineConfig()).changed()


def test_a_file_that_changed_temporarily_stays_changed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"model")
    link = tmp_path / "model.onnx"
    link.symlink_to(tmp_path / "one")
    files = ModelFiles(EngineConfig(recognition_model=link))
    for name in ("two", "one"):  # a worker may have loaded the other one in between
        link.unlink()
        link.symlink_to(tmp_path / name)
        assert files.changed()
