from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime import models
from web_image_ocr.engine.runtime.models import BundledModel, load_models
from web_image_ocr.engine.runtime.session import OnnxSession
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@pytest.mark.models
def test_bundled_models_pass_their_check() -> None:
    loaded = load_models(EngineConfig(precision="float32"))
    assert len(loaded.detection) > 9_000_000
    assert len(loaded.recognition) > 20_000_000


@pytest.mark.models
def test_altered_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    altered = BundledModel(name=models.DETECTION.name, sha256="0" * 64)
    monkeypatch.setattr(models, "DETECTION", altered)
    with pytest.raises(ServiceError, match=r"SHA-256 of .* differs.*rapidocr==") as caught:
        load_models(EngineConfig())
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


def test_missing_model_package_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODEL_PACKAGE", "no_such_package_here")
    with pytest.raises(ServiceError, match="install no_such_package_here==3") as caught:
        load_models(EngineConfig())
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


def test_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"absent\.onnx") as caught:
        load_models(EngineConfig(detection_model=tmp_path / "absent.onnx"))
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


def test_bytes_that_are_not_a_model_are_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        OnnxSession(b"", 1)
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


@pytest.mark.models
def test_flushing_subnormals_does_not_change_the_output() -> None:
    folder = models.bundled_models_folder()
    stored = (folder / models.DETECTION.name).read_bytes()
    flushed = load_models(EngineConfig(precision="float32")).detection
    assert flushed != stored, "this model has subnormal weights"
    image = np.random.default_rng(5).uniform(-1, 1, (1, 3, 96, 96)).astype(np.float32)
    before = OnnxSession(stored, 1).run(image)
    np.testing.assert_allclose(OnnxSession(flushed, 1).run(image), before, rtol=0, atol=1e-6)
