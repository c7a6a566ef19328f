from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.accuracy.peers.faster_paddle import bmp
from benchmarks.accuracy.peers.homes import PEERS, ROOT

ADAPTER = """
from benchmarks.accuracy.peers.loop import Line, serve, upright

class Noisy:
    def __init__(self):
        print("loading")

    def prepare(self, pixels):
        return pixels

    def read(self, prepared):
        print("reading")
        height, width = prepared.shape[:2]
        return [Line(text="文", quad=upright(0, 0, width, height), confidence=None)]

    def versions(self):
        return {"noisy": "1"}

serve(Noisy)
"""


def test_an_adapter_answers_in_lines_of_json_whatever_its_engine_prints(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 6, 3), np.uint8))
    question = json.dumps({"picture": str(tmp_path / "a.npy")}) + "\n"
    talk = subprocess.run(
        [sys.executable, "-c", ADAPTER],
        cwd=ROOT,
        input=question * 2,
        capture_output=True,
        text=True,
        check=True,
    )
    hello, *answers = map(json.loads, talk.stdout.splitlines())
    assert hello == {"versions": {"noisy": "1"}}
    assert len(answers) == 2
    assert answers[0]["lines"] == [
        {"text": "文", "quad": [[0, 0], [6, 0], [6, 4], [0, 4]], "confidence": None}
    ]
    assert answers[0]["seconds"] >= 0


def test_a_bmp_loses_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    with Image.open(io.BytesIO(bmp(pixels))) as picture:
        assert (np.asarray(picture.convert("RGB")) == pixels).all()


def test_adapters_import_nothing_of_the_project() -> None:
    for peer in PEERS:
        module = f"benchmarks.accuracy.peers.{peer.replace('-', '_')}"
        check = f"import {module}, sys; assert not {{'cv2', 'web_image_ocr'}} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)
