from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, helper

from tests.unit.engine.small_models import (
    BIAS,
    INPUTS,
    WEIGHTS,
    Array,
    model,
    noise,
    plus_bias,
    requires_vnni,
    run_model,
)
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime import calibration
from web_image_ocr.engine.runtime.calibration import mean_activations, synthetic_lines
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.quantization import quantize_matmuls
from web_image_ocr.engine.runtime.session import OnnxSession, to_tensor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def convolution(inputs: tuple[str, ...] = ("i", "w"), output: str = "y") -> Any:
    return helper.make_node("Conv", inputs, [output])


def product(output: str = "y") -> Any:
    return helper.make_node("MatMul", ["i", "w"], [output])


MATRIX = WEIGHTS[:, :, 0, 0].T
PIXELS, ROWS = (1, INPUTS, 5, 5), (1, 25, INPUTS)


@requires_vnni
@pytest.mark.parametrize(
    ("nodes", "constants", "shape"),
    [
        ([convolution()], {"w": WEIGHTS}, PIXELS),
        ([convolution(output="c"), plus_bias()], {"w": WEIGHTS, "b": BIAS}, PIXELS),
        ([convolution(("i", "w", "b"))], {"w": WEIGHTS, "b": BIAS.reshape(-1)}, PIXELS),
        ([product()], {"w": MATRIX}, ROWS),
        ([product("c"), plus_bias()], {"w": MATRIX, "b": BIAS.reshape(-1)}, ROWS),
    ],
    ids=["convolution", "and a bias", "with its own bias", "product", "and its bias"],
)
def test_bias_correction_compensates_the_mean_quantization_error(
    nodes: list[Any], constants: dict[str, Array], shape: tuple[int, ...]
) -> None:
    """Where inputs have a mean, an error of the weights shifts all outputs of a channel."""
    batch, *others = (noise(*shape, seed=seed) + 3 for seed in (1, 2, 3))
    channels = 1 if shape == PIXELS else 2
    mean_errors = []
    for batches in ([], others):
        onnx_model = model(
            [helper.make_node("Identity", ["x"], ["i"]), *nodes], constants, len(shape)
        )
        expected = run_model(onnx_model, batch)
        assert quantize_matmuls(onnx_model, calibration_batches=batches) == 1
        error = np.moveaxis(run_model(onnx_model, batch) - expected, channels, -1)
        mean_errors.append(float(np.abs(error.reshape(-1, error.shape[-1]).mean(axis=0)).mean()))
    assert mean_errors[1] < mean_errors[0] / 3


def doubling() -> ModelProto:
    """Return a model whose input is doubled before the convolution."""
    doubled = helper.make_node("Add", ["x", "x"], ["i"])
    return model([doubled, convolution()], {"w": WEIGHTS})


def test_a_mean_is_over_all_pixels_of_all_batches() -> None:
    onnx_model = doubling()
    before = onnx_model.SerializeToString()
    batches = [noise(1, INPUTS, 2, 3), noise(1, INPUTS, 4, 4, seed=1)]
    means = mean_activations(onnx_model, [onnx_model.graph.node[1]], batches)
    expected = np.mean([2 * batch.mean(axis=(0, 2, 3)) for batch in batches], axis=0)
    np.testing.assert_allclose(means["y"], expected, rtol=1e-5, atol=1e-6)
    assert onnx_model.SerializeToString() == before


def test_without_batches_or_for_the_models_input_there_is_no_mean() -> None:
    onnx_model = doubling()
    assert mean_activations(onnx_model, [onnx_model.graph.node[1]], []) == {}
    assert mean_activations(onnx_model, [onnx_model.graph.node[0]], [noise(1, INPUTS, 2, 3)]) == {}


def test_a_model_that_does_not_accept_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    relu = helper.make_node("Relu", ["x"], ["r"])
    convolution = helper.make_node("Conv", ["r", "w"], ["y"])  # of 96 channels, a line has three
    path.write_bytes(model([relu, convolution], {"w": WEIGHTS}).SerializeToString())
    with pytest.raises(ServiceError, match="cannot be used: the model does not accept") as caught:
        load_models(EngineConfig(recognition_model=path, precision="int8"))
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


@requires_vnni
@pytest.mark.models
def test_the_bundled_recognizer_is_calibrated_on_synthetic_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, calibrated = (load_models(EngineConfig(precision=one)) for one in ("float32", "int8"))
    monkeypatch.setattr(calibration, "synthetic_lines", list)
    uncalibrated = load_models(EngineConfig(precision="int8"))
    line = to_tensor(synthetic_lines()[0])
    expected, with_lines, without = (
        OnnxSession(one.recognition, 1).run(line) for one in (exact, calibrated, uncalibrated)
    )
    assert np.abs(with_lines - expected).mean() < np.abs(without - expected).mean()
    assert calibrated.detection == uncalibrated.detection


def test_synthetic_lines_have_text_and_the_recognizers_height() -> None:
    for line in synthetic_lines():
        assert line.shape[0] == 48
        assert line.shape[1] > 200
        inked = (line != line[0, 0]).any(axis=2)
        assert 0.05 < inked.mean() < 0.5
