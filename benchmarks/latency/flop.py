"""Count the floating-point operations of a model's matrix products.

Only convolutions, their transposes and matrix products count; in the models measured here the rest
is a few percent. Operators and shapes come from ONNX Runtime's profile of a run without graph
optimization, which would fuse some operators and pad others.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

Shape = Sequence[int]


def count_flop(model: bytes, batch: npt.NDArray[np.float32]) -> int:
    """Return the operations of one run of an ONNX model with one input, for any data type."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        # The profile omits prepacked tensors, and with them the shapes of the weights.
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "run")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        session.run(None, {session.get_inputs()[0].name: batch})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return sum(_event_flop(event["args"]) for event in events if "op_name" in event.get("args", {}))


def operator_flop(operator: str, inputs: Sequence[Shape], output: Shape) -> int:
    """Return the operations of one operator, two per multiply-add; 0 if it does not count."""
    if operator in ("Conv", "FusedConv"):  # weights: (out, in of a group, height, width)
        return 2 * math.prod(output) * math.prod(inputs[1][1:])
    if operator == "ConvTranspose":  # weights: (in, out of a group, height, width)
        return 2 * math.prod(inputs[0]) * math.prod(inputs[1][1:])
    if operator in ("MatMul", "FusedMatMul", "DynamicQuantizeMatMul"):
        return 2 * math.prod(output) * inputs[0][-1]
    if operator in ("Gemm", "FusedGemm"):  # either axis of the first matrix may be summed
        return 2 * math.prod(inputs[0]) * output[1]
    return 0


def _event_flop(arguments: dict[str, Any]) -> int:
    return operator_flop(
        arguments["op_name"],
        [_shape(entry) for entry in arguments.get("input_type_shape", [])],
        _shape((arguments.get("output_type_shape") or [{"none": []}])[0]),
    )


def _shape(entry: dict[str, list[int]]) -> Shape:
    """Return the shape in an entry such as ``{"float": [1, 3, 640, 640]}``."""
    [shape] = entry.values()
    return shape
