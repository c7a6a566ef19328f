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
    QUANTIZED_MATMUL,
    WEIGHTS,
    Array,
    model,
    noise,
    operator_types,
    plus_bias,
    pointwise,
    requires_vnni,
    run_model,
)
from web_image_ocr.engine.config import EngineConfig, Precision
from web_image_ocr.engine.runtime import models
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.onnx_file import parse_model
from web_image_ocr.engine.runtime.quantization import quantize_matmuls
from web_image_ocr.engine.runtime.session import OnnxSession
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@requires_vnni
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9))
def test_a_quantized_pointwise_convolution_is_close_to_float32(
    seed: int, height: int, width: int
) -> None:
    onnx_model = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    batch = noise(1, INPUTS, height, width, seed=seed)
    expected = run_model(onnx_model, batch)
    assert quantize_matmuls(onnx_model) == 1
    assert operator_types(onnx_model) == ["Transpose", QUANTIZED_MATMUL, "Transpose"], (
        "the bias is fused"
    )
    # Both sides are quantized to steps of their range / 255; the errors of 96 products add up.
    step = float(np.ptp(np.append(batch, 0.0))) / 255 + 2 * float(np.abs(WEIGHTS).max()) / 255
    error = run_model(onnx_model, batch) - expected
    assert float(np.abs(error).max()) < 3 * step * np.sqrt(INPUTS)
    assert error.any()


@requires_vnni
def test_a_quantized_matmul_is_close_to_float32() -> None:
    onnx_model = model(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "m")], {"w": noise(120, 200)}, 3
    )
    batch = noise(1, 7, 120, seed=2)
    expected = run_model(onnx_model, batch)
    assert quantize_matmuls(onnx_model) == 1
    assert operator_types(onnx_model) == [QUANTIZED_MATMUL]
    np.testing.assert_allclose(run_model(onnx_model, batch), expected, atol=0.6)


@requires_vnni
def test_the_bias_of_a_matmul_is_fused() -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["c"]), plus_bias()]
    onnx_model = model(nodes, {"w": noise(120, 200), "b": noise(200, seed=1)}, 3)
    batch = noise(1, 7, 120, seed=2)
    expected = run_model(onnx_model, batch)
    assert quantize_matmuls(onnx_model) == 1
    assert operator_types(onnx_model) == [QUANTIZED_MATMUL]
    np.testing.assert_allclose(run_model(onnx_model, batch), expected, atol=0.6)


@requires_vnni
def test_nodes_without_names_are_distinguished() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Add", ["c", "b"], ["d"]),
        helper.make_node("Conv", ["d", "v"], ["y"]),
    ]
    onnx_model = model(nodes, {"w": WEIGHTS, "b": BIAS, "v": noise(INPUTS, OUTPUTS, 1, 1, seed=3)})
    batch = noise(1, INPUTS, 3, 4)
    expected = run_model(onnx_model, batch)
    assert quantize_matmuls(onnx_model) == 2
    error = np.abs(run_model(onnx_model, batch) - expected)
    assert error.mean() < 0.02 * np.abs(expected).mean()
    assert "w" not in {tensor.name for tensor in onnx_model.graph.initializer}, "not kept twice"


def test_a_model_output_is_not_fused_with_a_bias() -> None:
    onnx_model = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    onnx_model.graph.output.append(
        helper.make_tensor_value_info("c", TensorProto.FLOAT, [None] * 4)
    )
    quantize_matmuls(onnx_model)
    assert operator_types(onnx_model)[-1] == "Add"
    assert run_model(onnx_model, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


@requires_vnni
def test_a_convolution_with_its_own_bias_is_close_to_float32() -> None:
    own = helper.make_node("Conv", ["x", "w", "b"], ["y"])
    onnx_model = model([own], {"w": WEIGHTS, "b": BIAS.reshape(-1)})
    batch = noise(1, INPUTS, 3, 4)
    expected = run_model(onnx_model, batch)
    assert quantize_matmuls(onnx_model) == 1
    np.testing.assert_allclose(run_model(onnx_model, batch), expected, atol=1.5)


def test_constants_that_are_also_inputs_are_removed_from_both_lists() -> None:
    old = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    for name, shape in (("w", WEIGHTS.shape), ("b", BIAS.shape)):
        old.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    assert quantize_matmuls(old) == 1
    assert [value.name for value in old.graph.input] == ["x"]
    assert {tensor.name for tensor in old.graph.initializer}.isdisjoint({"w", "b"})
    assert run_model(old, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


def test_weights_that_other_nodes_use_are_kept() -> None:
    first = helper.make_node("Conv", ["x", "w"], ["c"], "quantized")
    second = helper.make_node("Conv", ["x", "w"], ["d"], "exact")
    both = helper.make_node("Add", ["c", "d"], ["y"])
    shared = model([first, second, both], {"w": WEIGHTS})
    assert quantize_matmuls(shared, excluded_nodes={"exact"}) == 1
    assert "w" in {tensor.name for tensor in shared.graph.initializer}
    assert run_model(shared, noise(1, INPUTS, 3, 4)).shape == (1, OUTPUTS, 3, 4)


def test_a_model_with_branches_is_not_changed() -> None:
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


def test_a_channel_of_zero_weights_outputs_its_bias() -> None:
    weights = WEIGHTS.copy()
    weights[5] = 0.0
    onnx_model = model([pointwise(), plus_bias()], {"w": weights, "b": BIAS})
    quantize_matmuls(onnx_model)
    output = run_model(onnx_model, noise(1, INPUTS, 3, 4))
    np.testing.assert_array_equal(output[0, 5], np.full((3, 4), BIAS[0, 5, 0, 0]))


@requires_vnni
def test_a_product_that_other_nodes_use_is_not_fused_with_a_bias() -> None:
    twice = [
        pointwise(),
        helper.make_node("Add", ["c", "b"], ["d"], "plus"),
        helper.make_node("Add", ["c", "d"], ["y"], "both"),
    ]
    onnx_model = model(twice, {"w": WEIGHTS, "b": BIAS})
    batch = noise(1, INPUTS, 3, 4)
    expected = run_model(onnx_model, batch)
    quantize_matmuls(onnx_model)
    assert operator_types(onnx_model) == ["Transpose", QUANTIZED_MATMUL, "Transpose", "Add", "Add"]
    np.testing.assert_allclose(run_model(onnx_model, batch), expected, atol=1.5)


@pytest.mark.parametrize(
    ("attributes", "weights"),
    [
        ({"strides": [2, 2]}, WEIGHTS),
        ({"pads": [1, 1, 1, 1]}, WEIGHTS),
        ({"group": 2}, noise(OUTPUTS, INPUTS // 2, 1, 1)),
        ({}, noise(OUTPUTS, INPUTS, 3, 3)),
        ({}, noise(OUTPUTS // 2, INPUTS, 1, 1)),
    ],
    ids=["strided", "padded", "grouped", "3 x 3", "small"],
)
def test_other_convolutions_are_not_changed(attributes: dict[str, Any], weights: Array) -> None:
    constants = {"w": weights, "b": noise(1, len(weights), 1, 1)}
    onnx_model = model([pointwise(**attributes), plus_bias()], constants)
    assert quantize_matmuls(onnx_model) == 0
    assert operator_types(onnx_model) == ["Conv", "Add"]
    assert [opset.domain for opset in onnx_model.opset_import] == [""]


def test_an_excluded_node_and_one_on_a_global_mean_are_not_changed() -> None:
    excluded = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    assert quantize_matmuls(excluded, excluded_nodes={"conv"}) == 0
    mean = helper.make_node("GlobalAveragePool", ["x"], ["m"], "mean")
    relu = helper.make_node("Relu", ["m"], ["r"], "relu")
    conv = helper.make_node("Conv", ["r", "w"], ["c"], "conv")
    squeezed = model([mean, relu, conv, plus_bias()], {"w": WEIGHTS, "b": BIAS})
    assert quantize_matmuls(squeezed) == 0


@requires_vnni
@pytest.mark.models
def test_the_quantized_bundled_models_are_close_to_float32() -> None:
    exact = load_models(EngineConfig(precision="float32"))
    quantized = load_models(EngineConfig(precision="int8"))
    line = np.random.default_rng(3).uniform(-1, 1, (1, 3, 48, 200)).astype(np.float32)
    view = np.random.default_rng(4).uniform(-1, 1, (1, 3, 96, 160)).astype(np.float32)
    for whole, fast, batch, products in (
        (exact.recognition, quantized.recognition, line, 35),
        (exact.detection, quantized.detection, view, 16),
    ):
        assert operator_types(parse_model(fast)).count(QUANTIZED_MATMUL) == products
        assert QUANTIZED_MATMUL not in operator_types(parse_model(whole))
        one, two = (OnnxSession(fast, threads).run(batch) for threads in (1, 2))
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(one, OnnxSession(whole, 1).run(batch), atol=0.25)


@pytest.mark.models
def test_the_excluded_nodes_of_the_detector_exist() -> None:
    stored = parse_model((models.bundled_models_folder() / models.DETECTION.name).read_bytes())
    assert models.DETECTION.excluded_nodes
    assert {node.name for node in stored.graph.node} >= models.DETECTION.excluded_nodes


@pytest.mark.parametrize(
    ("precision", "has_file", "vnni", "quantized"),
    [
        ("auto", False, True, True),
        ("auto", False, False, False),
        ("auto", True, True, False),
        ("int8", True, False, True),
        ("float32", False, True, False),
    ],
)
def test_which_models_are_quantized(
    precision: str, has_file: bool, vnni: bool, quantized: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "has_vnni", lambda: vnni)
    config = EngineConfig(precision=precision)  # type: ignore[arg-type]
    path = Path("other.onnx") if has_file else None
    assert models.should_quantize(config, path) is quantized


def test_another_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, float32, int8"):
        EngineConfig(precision="bfloat16")  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_truncated_tensor_is_refused(tmp_path: Path, precision: Precision) -> None:
    short = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    short.graph.initializer[0].raw_data = b"1234"
    path = tmp_path / "short.onnx"
    path.write_bytes(short.SerializeToString())
    with pytest.raises(ServiceError) as caught:
        load_models(EngineConfig(detection_model=path, precision=precision))
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE


def external() -> bytes:
    """Return a model whose weights are in another file."""
    onnx_model = model([pointwise(), plus_bias()], {"w": WEIGHTS, "b": BIAS})
    onnx_model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    content: bytes = onnx_model.SerializeToString()
    return content


@pytest.mark.parametrize("content", [b"this is not a model", external()], ids=["text", "external"])
def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(content)
    for load in (models.check_models, load_models):
        with pytest.raises(ServiceError) as caught:
            load(EngineConfig(detection_model=path))
        assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE
