"""Measure accuracy, latency and load; not part of the installed package."""

import os

# Peers run in environments without our package: ONNX Runtime sends telemetry unless this is set
# before it is loaded. Their processes inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
