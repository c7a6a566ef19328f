from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.peers.environments import PEERS, ROOT
from benchmarks.peers.faster_paddle import bmp
from benchmarks.peers.tesseract import Tesseract

ADAPTER = """
from benchmarks.peers.protocol import Line, serve, upright_quad

class Noisy:
    def __init__(self):
        print("loading")

    def prepare(self, pixels):
        return pixels

    def read(self, prepared):
        print("reading")
        height, width = prepared.shape[:2]
        return [Line(text="文", quad=upright_quad(0, 0, width, height), confidence=None)]

    def versions(self):
        return {"noisy": "1"}

serve(Noisy)
"""


def test_an_adapter_answers_in_lines_of_json_whatever_its_engine_prints(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 6, 3), np.uint8))
    question = json.dumps({"image": str(tmp_path / "a.npy")}) + "\n"
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


TESSERACT = """#!/bin/sh
case "$1" in
--list-langs) printf 'List of available languages (2):\\nchi_sim\\neng\\n' ;;
--version) printf 'tesseract 5.3.0\\n leptonica\\n' ;;
*) head -c 2 | grep -q P6 && cat <<'END'
level,page_num,block_num,par_num,line_num,word_num,left,top,width,height,conf,text
4,1,1,1,1,0,5,5,60,14,-1,
5,1,1,1,1,1,5,6,20,12,90.0,Hello
5,1,1,1,1,2,30,5,35,14,70.0,"world
5,1,1,1,2,1,5,30,9,9,50.0,
5,1,1,2,1,1,5,40,20,12,80.0,再见
END
;;
esac
"""


def test_tesseracts_words_become_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "tesseract"
    command.write_text(TESSERACT.replace(",", "\t"), encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    tesseract = Tesseract()
    hello, goodbye = tesseract.read(tesseract.prepare(np.zeros((60, 80, 3), np.uint8)))
    assert hello["text"] == 'Hello "world'
    assert hello["quad"] == [[5, 5], [65, 5], [65, 19], [5, 19]]
    assert hello["confidence"] == pytest.approx(0.8)
    assert (goodbye["text"], goodbye["confidence"]) == ("再见", 0.8)
    assert tesseract.versions() == {"tesseract": "5.3.0"}


def test_without_tesseract_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="not installed"):
        Tesseract()


def test_a_bmp_is_lossless() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    with Image.open(io.BytesIO(bmp(pixels))) as image:
        assert (np.asarray(image.convert("RGB")) == pixels).all()


@pytest.mark.slow
def test_adapters_import_nothing_of_the_project() -> None:
    for peer in PEERS:
        module = f"benchmarks.peers.{peer.replace('-', '_')}"
        check = f"import {module}, sys; assert not {{'cv2', 'web_image_ocr'}} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)
