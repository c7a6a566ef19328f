"""Disable the telemetry of ONNX Runtime.

Threat: on import, ONNX Runtime 1.29 and newer starts an uploader, resolves its vendor's host name,
and writes a device id and an event database under ``$HOME/.cache/Microsoft``.
Rule: ``ORT_DISABLE_TELEMETRY=1`` is in the environment before the library is loaded. The library
reads it only then: setting it later, or calling the library's own switch, leaves the uploader on.
"""

from __future__ import annotations

import os
import sys
import warnings

SWITCH = "ORT_DISABLE_TELEMETRY"
"""The environment variable that ONNX Runtime reads on import."""


def disable_onnxruntime_telemetry() -> None:
    """Set the switch for this process and its children.

    Warn with a ``RuntimeWarning`` if the library was imported earlier without it.
    """
    was_disabled = os.environ.get(SWITCH) in {"1", "true"}
    os.environ[SWITCH] = "1"
    if "onnxruntime" in sys.modules and not was_disabled:
        warnings.warn(
            "onnxruntime was imported before web_image_ocr, so its telemetry is on: "
            f"import web_image_ocr first, or set {SWITCH}=1 in the environment",
            RuntimeWarning,
            stacklevel=3,
        )
