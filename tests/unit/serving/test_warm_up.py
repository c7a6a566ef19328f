"""A warm worker opens and imports nothing: the sandbox would block it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]

PROGRAM = """
import json, math, sys
import cv2, numpy as np
from tests.support.images import draw_image, encode_image
from web_image_ocr import Engine, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.serving import worker

rows = [((40 + 600 * column, 40 + 60 * row), f"column {column}, row {row}: words")
        for row in range(14) for column in range(2)]
page = np.asarray(draw_image(*rows, size=(1300, 920)))
middle = (page.shape[1] / 2, page.shape[0] / 2)
def rotated(degrees):
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1)
    return cv2.warpAffine(page, matrix, page.shape[1::-1], borderValue=(255, 255, 255))
y, x = np.mgrid[0:920, 0:1300].astype(np.float32)
wavy = cv2.remap(page, x, y + 60 * np.sin(x / 300), cv2.INTER_LINEAR, borderValue=(255,) * 3)
noise = np.random.default_rng(1).integers(0, 255, page.shape, dtype=np.uint8)
large = np.tile(page, (3, 2, 1))
from PIL import Image
images = [Image.fromarray(each) for each in (page, rotated(7), rotated(90), wavy, noise, large)]
files = [encode_image(image, "PNG") for image in images]
kinds = ("JPEG", "BMP", "TIFF", "GIF", "WEBP", "TGA", "PCX", "ICO")
files += [encode_image(draw_image(((60, 60), "Hello")), kind) for kind in kinds]

opened = []
WATCHED = {"open", "import", "socket.__new__", "os.listdir", "os.scandir", "ctypes.dlopen"}
engine = Engine()
worker._warm_up(engine)
sys.addaudithook(lambda event, args: event in WATCHED and opened.append((event, str(args[0]))))
limits = ImageLimits.for_edition("2025")
lines = 0
for file in files:
    for direction in (False, True):
        options = RecognitionOptions(detect_direction=direction)
        for cores in (1, 2) if len(file) < 100_000 else (2,):
            page = worker.recognize_image(engine, limits, file, options, cores=cores)
            lines += len(page.lines)
print(json.dumps([lines, opened]))
"""


def test_a_warm_worker_opens_and_imports_nothing() -> None:
    output = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True)
    lines, opened = json.loads(output)
    assert lines > 100
    assert opened == []
