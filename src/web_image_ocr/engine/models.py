"""Where the model files are and whether they are the right ones.

The weights are PP-OCRv6 small of the PaddleOCR authors (Apache-2.0). The package ``rapidocr``
carries them; it is located, never imported. A file named in the configuration is used as is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.onnx_file import flush_subnormals
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

CARRIER = "rapidocr"
CARRIER_VERSION = "3.10.0"


@dataclass(frozen=True, slots=True)
class CarriedModel:
    """A model file inside the carrier package.

    Attributes:
        name: the file's name in the carrier's folder ``models``.
        sha256: lower-case hex digest of the whole file.
    """

    name: str
    sha256: str


DETECTION = CarriedModel(
    name="PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
RECOGNITION = CarriedModel(
    name="PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
)


@dataclass(frozen=True, slots=True)
class ModelBytes:
    """Both models, read, checked, and rid of subnormal weights.

    Attributes:
        detection: the detector's ONNX file.
        recognition: the recogniser's ONNX file.
    """

    detection: bytes
    recognition: bytes


def load_models(config: EngineConfig) -> ModelBytes:
    """Both model files, read once.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when a file is missing, or when a carried one is
            not the one this version was built for.
    """
    try:
        return ModelBytes(
            detection=flush_subnormals(_load(config.detection_model, DETECTION)),
            recognition=flush_subnormals(_load(config.recognition_model, RECOGNITION)),
        )
    except ValueError as error:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE, f"a model file cannot be used: {error}"
        ) from error


def _load(chosen: Path | None, carried: CarriedModel) -> bytes:
    if chosen is not None:
        return _read(chosen, f"the model file {chosen} named in the settings")
    content = _read(_carrier_folder() / carried.name, f"the model {carried.name}")
    if hashlib.sha256(content).hexdigest() != carried.sha256:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the model {carried.name} is not the expected file (its SHA-256 differs);"
            f" install {CARRIER}=={CARRIER_VERSION} again",
        )
    return content


def _carrier_folder() -> Path:
    spec = find_spec(CARRIER)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"the package that carries the models is missing;"
            f" install {CARRIER}=={CARRIER_VERSION} (without its dependencies)",
        )
    return Path(spec.submodule_search_locations[0]) / "models"


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            f"{what} cannot be read ({error.strerror});"
            f" install {CARRIER}=={CARRIER_VERSION} or name another file in the settings",
        ) from error
