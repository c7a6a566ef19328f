from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from web_image_ocr.engine import EngineConfig
from web_image_ocr.serving.model_files import ModelFiles


def overwritten(path: Path) -> None:
    path.write_bytes(b"longer than before")


def overwritten_in_secret(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"MODEL")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced_by_its_like(path: Path) -> None:
    like = path.with_suffix(".new")
    like.write_bytes(b"other")
    times = path.stat()
    os.utime(like, ns=(times.st_atime_ns, times.st_mtime_ns))
    like.replace(path)


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "change", [overwritten, overwritten_in_secret, replaced_by_its_like, removed]
)
@pytest.mark.parametrize("setting", ["detection_model", "recognition_model"])
def test_a_file_that_is_not_that_of_the_start_is_seen(
    tmp_path: Path, setting: str, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"model")
    config = EngineConfig(**{setting: path})  # type: ignore[arg-type]
    files = ModelFiles(config)
    assert not files.changed()
    change(path)
    assert files.changed()
    assert not ModelFiles(config).changed(), "a new start begins anew"


def test_the_models_of_the_package_do_not_change() -> None:
    assert not ModelFiles(EngineConfig()).changed()


def test_a_file_that_was_another_for_a_while_is_not_trusted_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"model")
    link = tmp_path / "model.onnx"
    link.symlink_to(tmp_path / "one")
    files = ModelFiles(EngineConfig(recognition_model=link))
    for name in ("two", "one"):  # a worker may have started in between, and has the other
        link.unlink()
        link.symlink_to(tmp_path / name)
        assert files.changed()
