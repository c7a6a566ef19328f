from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.unit.engine.small_models import (
    BIAS,
    INPUTS,
    OUTPUTS,
    PRODUCT,
    WEIGHTS,
    Array,
    answers,
    model,
    needs_instructions,
    noise,
    operators,
    plus_bias,
    pointwise,
)
from web_image_ocr.engine.config import EngineConfig, Precision
from web_image_ocr.engine.runtime import models
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.onnx_file import parse_model
from web_image_ocr.engine.runtime.quantization import quantize_matmuls
from web_image_ocr.engine.runtime.session import OnnxSession
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@needs_instructions
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9))
def test_a_pointwise_convolution_is_nearly_the_same(seed: int, height: int, width: int) -> None:
    exact = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    batch = noise(1, INPUTS, height, width, seed=seed)
    expected = answers(exact, batch)
    assert quantize_matmuls(exact) == 1
    assert operators(exact) == ["Transpose", PRODUCT, "Transpose"], "the bias is part of it"
    # Either side is rounded to a step of its range / 255; the errors of 96 products add up.
    step = float(np.ptp(np.append(batch, 0.0))) / 255 + 2 * float(np.abs(WEIGHTS).max()) / 255
    error = answers(exact, batch) - expected
    assert float(np.abs(error).max()) < 3 * step * np.sqrt(INPUTS)
    assert error.any()


@needs_instructions
def test_a_product_of_matrices_is_nearly_the_same() -> None:
    exact = model([helper.make_node("MatMul", ["x", "w"], ["y"], "m")], {"w": noise(120, 200)}, 3)
    batch = noise(1, 7, 120, seed=2)
    expected = answers(exact, batch)
    assert quantize_matmuls(exact) == 1
    assert operators(exact) == [PRODUCT]
    np.testing.assert_allclose(answers(exact, batch), expected, atol=0.6)


@needs_instructions
def test_the_bias_of_a_product_of_matrices_is_part_of_it() -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["c"]), plus_bias()]
    exact = model(nodes, {"w": noise(120, 200), "b": noise(200, seed=1)}, 3)
    batch = noise(1, 7, 120, seed=2)
    expected = answers(exact, batch)
    assert quantize_matmuls(exact) == 1
    assert operators(exact) == [PRODUCT]
    np.testing.assert_allclose(answers(exact, batch), expected, atol=0.6)


@needs_instructions
def test_nodes_without_names_are_told_apart() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Add", ["c", "b"], ["d"]),
        helper.make_node("Conv", ["d", "v"], ["y"]),
    ]
    exact = model(nodes, {"w": WEIGHTS, "b": BIAS, "v": noise(INPUTS, OUTPUTS, 1, 1, seed=3)})
    batch = noise(1, INPUTS, 3, 4)
    expected = answers(exact, batch)
    assert quantize_matmuls(exact) == 2
    error = np.abs(answers(exact, batch) - expected)
    assert error.mean() < 0.02 * np.abs(expected).mean()
    assert "w" not in {tensor.name for tensor in exact.graph.initializer}, "not kept twice"


def test_an_answer_of_the_model_keeps_its_bias_apart() -> None:
    exact = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    exact.graph.output.append(helper.make_tensor_value_info("c", TensorProto.FLOAT, [None] * 4))
    quantize_matmuls(exact)
    assert operators(exact)[-1] == "Add"
    assert answers(exact, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


@needs_instructions
def test_a_convolution_with_its_own_bias_is_nearly_the_same() -> None:
    own = helper.make_node("Conv", ["x", "w", "b"], ["y"])
    exact = model([own], {"w": WEIGHTS, "b": BIAS.reshape(-1)})
    batch = noise(1, INPUTS, 3, 4)
    expected = answers(exact, batch)
    assert quantize_matmuls(exact) == 1
    np.testing.assert_allclose(answers(exact, batch), expected, atol=1.5)


def test_constants_that_are_also_inputs_leave_both_lists() -> None:
    old = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    for name, shape in (("w", WEIGHTS.shape), ("b", BIAS.shape)):
        old.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    assert quantize_matmuls(old) == 1
    assert [value.name for value in old.graph.input] == ["x"]
    assert {tensor.name for tensor in old.graph.initializer}.isdisjoint({"w", "b"})
    assert answers(old, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


def test_weights_that_others_need_stay() -> None:
    small = helper.make_node("Conv", ["x", "w"], ["c"], "rounded")
    again = helper.make_node("Conv", ["x", "w"], ["d"], "exact")
    both = helper.make_node("Add", ["c", "d"], ["y"])
    shared = model([small, again, both], {"w": WEIGHTS})
    assert quantize_matmuls(shared, excluded_nodes={"exact"}) == 1
    assert "w" in {tensor.name for tensor in shared.graph.initializer}
    assert answers(shared, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


def test_a_model_with_branches_stays() -> None:
    inner = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["z"])],
        "branch",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [None] * 4)],
    )
    branch = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    branched = model([pointwise(), branch], {"w": WEIGHTS, "yes": np.ones(1, np.float32)})
    before = branched.SerializeToString()
    assert quantize_matmuls(branched) == 0
    assert branched.SerializeToString() == before


def test_a_channel_without_weights_gives_its_bias() -> None:
    weights = WEIGHTS.copy()
    weights[5] = 0.0
    exact = model([pointwise(), plus_bias()], {"w": weights, "b": BIAS})
    quantize_matmuls(exact)
    answer = answers(exact, noise(1, INPUTS, 3, 4))
    np.testing.assert_array_equal(answer[0, 5], np.full((3, 4), BIAS[0, 5, 0, 0]))


@needs_instructions
def test_an_answer_that_others_take_keeps_its_bias_apart() -> None:
    twice = [
        pointwise(),
        helper.make_node("Add", ["c", "b"], ["d"], "plus"),
        helper.make_node("Add", ["c", "d"], ["y"], "both"),
    ]
    exact = model(twice, {"w": WEIGHTS, "b": BIAS})
    batch = noise(1, INPUTS, 3, 4)
    expected = answers(exact, batch)
    quantize_matmuls(exact)
    assert operators(exact) == ["Transpose", PRODUCT, "Transpose", "Add", "Add"]
    np.testing.assert_allclose(answers(exact, batch), expected, atol=1.5)


@pytest.mark.parametrize(
    ("attributes", "weights"),
    [
        ({"strides": [2, 2]}, WEIGHTS),
        ({"pads": [1, 1, 1, 1]}, WEIGHTS),
        ({"group": 2}, noise(OUTPUTS, INPUTS // 2, 1, 1)),
        ({}, noise(OUTPUTS, INPUTS, 3, 3)),
        ({}, noise(OUTPUTS // 2, INPUTS, 1, 1)),
    ],
    ids=["with steps", "with pads", "in groups", "of 3 x 3", "small"],
)
def test_other_convolutions_stay(attributes: dict[str, Any], weights: Array) -> None:
    constants = {"w": weights, "b": noise(1, len(weights), 1, 1)}
    exact = model([pointwise(**attributes), plus_bias()], constants)
    assert quantize_matmuls(exact) == 0
    assert operators(exact) == ["Conv", "Add"]
    assert [known.domain for known in exact.opset_import] == [""]


def test_a_kept_one_and_one_of_a_mean_stay() -> None:
    kept = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    assert quantize_matmuls(kept, excluded_nodes={"conv"}) == 0
    mean = helper.make_node("GlobalAveragePool", ["x"], ["m"], "mean")
    relu = helper.make_node("Relu", ["m"], ["r"], "relu")
    conv = helper.make_node("Conv", ["r", "w"], ["c"], "conv")
    squeezed = model([mean, relu, conv, plus_bias()], {"w": WEIGHTS, "b": BIAS})
    assert quantize_matmuls(squeezed) == 0


@needs_instructions
@pytest.mark.models
def test_the_carried_models_are_nearly_the_same() -> None:
    exact = load_models(EngineConfig(precision="float32"))
    rounded = load_models(EngineConfig(precision="int8"))
    line = np.random.default_rng(3).uniform(-1, 1, (1, 3, 48, 200)).astype(np.float32)
    view = np.random.default_rng(4).uniform(-1, 1, (1, 3, 96, 160)).astype(np.float32)
    for whole, fast, batch, products in (
        (exact.recognition, rounded.recognition, line, 35),
        (exact.detection, rounded.detection, view, 16),
    ):
        assert operators(parse_model(fast)).count(PRODUCT) == products
        assert PRODUCT not in operators(parse_model(whole))
        one, two = (OnnxSession(fast, threads).run(batch) for threads in (1, 2))
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(one, OnnxSession(whole, 1).run(batch), atol=0.25)


@pytest.mark.models
def test_exact_products_of_the_detector_are_there() -> None:
    stored = parse_model((models._bundled_models_folder() / models.DETECTION.name).read_bytes())
    assert models.DETECTION.excluded_nodes
    assert {node.name for node in stored.graph.node} >= models.DETECTION.excluded_nodes


@pytest.mark.parametrize(
    ("precision", "chosen", "processor", "rounds"),
    [
        ("auto", False, True, True),
        ("auto", False, False, False),
        ("auto", True, True, False),
        ("int8", True, False, True),
        ("float32", False, True, False),
    ],
)
def test_what_is_rounded_by_itself(
    precision: str, chosen: bool, processor: bool, rounds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "has_vnni", lambda: processor)
    config = EngineConfig(precision=precision)  # type: ignore[arg-type]
    path = Path("other.onnx") if chosen else None
    assert models.should_quantize(config, path) is rounds


def test_another_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, float32, int8"):
        EngineConfig(precision="bfloat16")  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_tensor_shorter_than_it_says_is_refused(tmp_path: Path, precision: Precision) -> None:
    short = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    short.graph.initializer[0].raw_data = b"1234"
    path = tmp_path / "short.onnx"
    path.write_bytes(short.SerializeToString())
    with pytest.raises(ServiceError) as caught:
        load_models(EngineConfig(detection_model=path, precision=precision))
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


def external() -> bytes:
    """A model whose weights lie in another file."""
    elsewhere = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    elsewhere.graph.initializer[0].data_location = TensorProto.EXTERNAL
    content: bytes = elsewhere.SerializeToString()
    return content


@pytest.mark.parametrize("content", [b"this is no model", external()], ids=["text", "external"])
def test_a_named_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(content)
    for look in (models.check_models, load_models):
        with pytest.raises(ServiceError) as caught:
            look(EngineConfig(detection_model=path))
        assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE
