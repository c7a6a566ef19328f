"""Create a virtual environment for each peer on first use."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENTS = ROOT / "benchmarks" / ".peers"


def _rapidocr(runtime: str) -> Sequence[Sequence[str]]:
    return (
        ("install", "rapidocr==3.10.0", runtime),
        # The full OpenCV needs a display's libraries, which recognition does not use.
        ("uninstall", "--yes", "opencv-python", "opencv-python-headless"),
        ("install", "opencv-python-headless==5.0.0.93"),
    )


_INSTALL: Mapping[str, Sequence[Sequence[str]]] = {
    "rapidocr": _rapidocr("onnxruntime==1.32.0"),
    "rapidocr-openvino": _rapidocr("openvino==2026.4.1"),
    "faster-paddle": (("install", "faster-paddle==1.0.4", "numpy==2.4.6"),),
    "tesseract": (),
    "ours-float32": (),
}

PEERS = tuple(_INSTALL)
"""The names of the peers."""


def command_of(peer: str) -> list[str]:
    """Return the command that starts a peer's adapter, to be run in `ROOT`."""
    python = _python(peer) if _INSTALL[peer] else Path(sys.executable)
    return [str(python), "-m", f"benchmarks.peers.{peer.replace('-', '_')}"]


def _python(peer: str) -> Path:
    environment = _ENVIRONMENTS / peer
    python, done = environment / "bin" / "python", environment / ".done"
    if not done.exists():
        print(f"installing {peer} into {environment.relative_to(ROOT)}", file=sys.stderr)
        venv.create(environment, clear=True, with_pip=True)
        for step in _INSTALL[peer]:
            subprocess.run([str(python), "-m", "pip", step[0], "--quiet", *step[1:]], check=True)
        done.touch()
    return python
