"""Keep ONNX Runtime from sending telemetry.

Threat: ONNX Runtime 1.29 and newer, when it is imported, starts an uploader, asks the DNS for the
host of its maker, and writes a device id and a database of events under ``$HOME/.cache/Microsoft``.
Rule: ``ORT_DISABLE_TELEMETRY=1`` is in the environment before the library is loaded. The library
reads it only then: setting it later, or calling its own switch, leaves the uploader running.
"""

from __future__ import annotations

import os
import sys
import warnings

SWITCH = "ORT_DISABLE_TELEMETRY"
"""The environment variable that ONNX Runtime reads while it is loaded."""


def disable_onnxruntime_telemetry() -> None:
    """Set the switch for this process and its children.

    Warn with a ``RuntimeWarning`` if the library was loaded before without it.
    """
    was_silent = os.environ.get(SWITCH) in {"1", "true"}
    os.environ[SWITCH] = "1"
    if "onnxruntime" in sys.modules and not was_silent:
        warnings.warn(
            "onnxruntime was imported before web_image_ocr, so its telemetry is on: "
            f"import web_image_ocr first, or set {SWITCH}=1 in the environment",
            RuntimeWarning,
            stacklevel=3,
        )
