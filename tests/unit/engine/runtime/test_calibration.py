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
    answers,
    model,
    needs_instructions,
    noise,
    plus_bias,
)
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime import calibration
from web_image_ocr.engine.runtime.calibration import mean_activations, synthetic_lines
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.quantization import quantize_matmuls
from web_image_ocr.engine.runtime.session import OnnxSession, to_tensor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def convolution(inputs: tuple[str, ...] = ("i", "w"), answer: str = "y") -> Any:
    return helper.make_node("Conv", inputs, [answer])


def product(answer: str = "y") -> Any:
    return helper.make_node("MatMul", ["i", "w"], [answer])


MATRIX = WEIGHTS[:, :, 0, 0].T
PIXELS, ROWS = (1, INPUTS, 5, 5), (1, 25, INPUTS)


@needs_instructions
@pytest.mark.parametrize(
    ("nodes", "constants", "shape"),
    [
        ([convolution()], {"w": WEIGHTS}, PIXELS),
        ([convolution(answer="c"), plus_bias()], {"w": WEIGHTS, "b": BIAS}, PIXELS),
        ([convolution(("i", "w", "b"))], {"w": WEIGHTS, "b": BIAS.reshape(-1)}, PIXELS),
        ([product()], {"w": MATRIX}, ROWS),
        ([product("c"), plus_bias()], {"w": MATRIX, "b": BIAS.reshape(-1)}, ROWS),
    ],
    ids=["convolution", "and a bias", "with its own bias", "product", "and its bias"],
)
def test_what_rounded_weights_lose_on_the_average_is_made_up_for(
    nodes: list[Any], constants: dict[str, Array], shape: tuple[int, ...]
) -> None:
    """Where inputs have a mean, an error of the weights moves all answers of a channel one way."""
    batch, *others = (noise(*shape, seed=seed) + 3 for seed in (1, 2, 3))
    channels = 1 if shape == PIXELS else 2
    lost = []
    for shown in ([], others):
        exact = model([helper.make_node("Identity", ["x"], ["i"]), *nodes], constants, len(shape))
        expected = answers(exact, batch)
        assert quantize_matmuls(exact, calibration_batches=shown) == 1
        error = np.moveaxis(answers(exact, batch) - expected, channels, -1)
        lost.append(float(np.abs(error.reshape(-1, error.shape[-1]).mean(axis=0)).mean()))
    assert lost[1] < lost[0] / 3


def twice() -> ModelProto:
    """Something that is doubled before it is multiplied."""
    doubled = helper.make_node("Add", ["x", "x"], ["i"])
    return model([doubled, convolution()], {"w": WEIGHTS})


def test_a_mean_is_that_of_all_pixels_of_all_batches() -> None:
    whole = twice()
    before = whole.SerializeToString()
    batches = [noise(1, INPUTS, 2, 3), noise(1, INPUTS, 4, 4, seed=1)]
    means = mean_activations(whole, [whole.graph.node[1]], batches)
    expected = np.mean([2 * batch.mean(axis=(0, 2, 3)) for batch in batches], axis=0)
    np.testing.assert_allclose(means["y"], expected, rtol=1e-5, atol=1e-6)
    assert whole.SerializeToString() == before


def test_without_batches_or_of_the_models_own_input_there_is_no_mean() -> None:
    whole = twice()
    assert mean_activations(whole, [whole.graph.node[1]], []) == {}
    assert mean_activations(whole, [whole.graph.node[0]], [noise(1, INPUTS, 2, 3)]) == {}


def test_a_model_that_cannot_be_shown_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    relu = helper.make_node("Relu", ["x"], ["r"])
    product = helper.make_node("Conv", ["r", "w"], ["y"])  # of 96 channels, a line has three
    path.write_bytes(model([relu, product], {"w": WEIGHTS}).SerializeToString())
    with pytest.raises(ServiceError, match="cannot be used: it cannot be run") as caught:
        load_models(EngineConfig(recognition_model=path, precision="int8"))
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


@needs_instructions
@pytest.mark.models
def test_the_carried_recogniser_is_shown_the_drawn_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, rounded = (load_models(EngineConfig(precision=one)) for one in ("float32", "int8"))
    monkeypatch.setattr(calibration, "synthetic_lines", list)
    unshown = load_models(EngineConfig(precision="int8"))
    line = to_tensor(synthetic_lines()[0])
    expected, shown, not_shown = (
        OnnxSession(one.recognition, 1).run(line) for one in (exact, rounded, unshown)
    )
    assert np.abs(shown - expected).mean() < np.abs(not_shown - expected).mean()
    assert rounded.detection == unshown.detection


def test_drawn_lines_hold_text_in_the_recognisers_height() -> None:
    for line in synthetic_lines():
        assert line.shape[0] == 48
        assert line.shape[1] > 200
        inked = (line != line[0, 0]).any(axis=2)
        assert 0.05 < inked.mean() < 0.5
