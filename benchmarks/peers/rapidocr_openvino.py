"""Adapt RapidOCR with OpenVINO."""

from __future__ import annotations

from functools import partial

from benchmarks.peers.protocol import serve
from benchmarks.peers.rapidocr import RapidOcr

if __name__ == "__main__":
    serve(partial(RapidOcr, "openvino"))
