"""Where the model files are and whether they are the right ones.

The weights are PP-OCRv6 small of the PaddleOCR authors (Apache-2.0). The package ``rapidocr``
carries them; it is located, never imported. A file named in the configuration is taken
whatever its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime.session import Tensor, to_tensor
from web_image_ocr.primitives.cpu import has_vnni
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

if TYPE_CHECKING:
    from onnx import ModelProto

MODEL_PACKAGE = "rapidocr"
MODEL_PACKAGE_VERSION = "3.10.0"


@dataclass(frozen=True, slots=True)
class BundledModel:
    """A model file inside the carrier package.

    Attributes:
        name: the file's name in the carrier's folder ``models``.
        sha256: lower-case hex digest of the whole file.
        excluded_nodes: names of its products that are not rounded (``engine.int8``).
        calibrated_on_lines: whether its calibration batches are lines of text.
    """

    name: str
    sha256: str
    excluded_nodes: frozenset[str] = frozenset()
    calibrated_on_lines: bool = False


DETECTION = BundledModel(
    name="PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    # The six smallest of 22, at an eighth of the view's size: 1 % of the time; rounded, they cost
    # forms .003 of word F.
    excluded_nodes=frozenset({"Conv.19", "Conv.20", "Conv.22", "Conv.23", "Conv.25", "Conv.57"}),
)
RECOGNITION = BundledModel(
    name="PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    calibrated_on_lines=True,
)


@dataclass(frozen=True, slots=True)
class Models:
    """Both models, ready for ONNX Runtime.

    Attributes:
        detection: the detector's ONNX file.
        recognition: the recogniser's ONNX file.
        metadata: what the recogniser's author wrote into its file.
    """

    detection: bytes
    recognition: bytes
    metadata: Mapping[str, str]


def check_models(config: EngineConfig) -> None:
    """Looks whether both model files can be read and are the right ones.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when a file is missing or is no model, or when a
            carried one is not the one this version was built for.
    """
    for chosen, carried in _files(config):
        content = _load(chosen, carried)
        if chosen is not None:  # of a carried one, the digest has said it
            _parsed(content)


def load_models(config: EngineConfig) -> Models:
    """Both models: without subnormal weights, with rounded products where that is wanted.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE``, as ``check_models``, and when a recogniser that is to
            be rounded takes no lines of 48 pixels.
    """
    from web_image_ocr.engine.runtime import onnx_file  # noqa: PLC0415 - as in _parsed
    from web_image_ocr.engine.runtime import quantization as int8  # noqa: PLC0415 - as in _parsed

    contents: list[bytes] = []  # one after the other: a model is large while it is changed
    metadata: Mapping[str, str] = {}
    for chosen, carried in _files(config):
        model = _parsed(_load(chosen, carried))
        try:
            onnx_file.flush_subnormals(model)
            if should_quantize(config, chosen):
                int8.quantize_matmuls(
                    model,
                    excluded_nodes=frozenset() if chosen else carried.excluded_nodes,
                    calibration_batches=_drawn() if carried.calibrated_on_lines else [],
                )
        except ValueError as error:  # a tensor is shorter than it says; lines are not taken
            raise _unusable(error) from error
        contents.append(model.SerializeToString())
        metadata = onnx_file.read_metadata(model)
    detection, recognition = contents
    return Models(detection, recognition, metadata)


def should_quantize(config: EngineConfig, chosen: Path | None) -> bool:
    """Whether a model is computed with numbers of 8 bits.

    Args:
        config: what was chosen.
        chosen: the model's file, if it is not the carried one.
    """
    if config.precision == "auto":
        return chosen is None and has_vnni()
    return config.precision == "int8"


def _files(config: EngineConfig) -> tuple[tuple[Path | None, BundledModel], ...]:
    return (config.detection_model, DETECTION), (config.recognition_model, RECOGNITION)


def _drawn() -> list[Tensor]:
    from web_image_ocr.engine.runtime import calibration  # noqa: PLC0415 - as in _parsed

    return [to_tensor(line) for line in calibration.synthetic_lines()]


def _parsed(content: bytes) -> ModelProto:
    # Whoever only looks at the files, as the server does, is spared the package.
    from web_image_ocr.engine.runtime import onnx_file  # noqa: PLC0415

    try:
        return onnx_file.parse_model(content)
    except ValueError as error:
        raise _unusable(error) from error


def _unusable(error: ValueError) -> ServiceError:
    return ServiceError(ErrorKind.MODEL_UNAVAILABLE, f"a model file cannot be used: {error}")


def _load(chosen: Path | None, carried: BundledModel) -> bytes:
    if chosen is not None:
        return _read(chosen, f"the model file {chosen} named in the settings")
    content = _read(_bundled_models_folder() / carried.name, f"the model {carried.name}")
    if hashlib.sha256(content).hexdigest() != carried.sha256:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the model {carried.name} is not the expected file (its SHA-256 differs);"
            f" install {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} again",
        )
    return content


def _bundled_models_folder() -> Path:
    spec = find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the package that carries the models is missing;"
            f" install {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} (without its dependencies)",
        )
    return Path(spec.submodule_search_locations[0]) / "models"


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"{what} cannot be read ({error.strerror});"
            f" install {MODEL_PACKAGE}=={MODEL_PACKAGE_VERSION} or name a file in the settings",
        ) from error
