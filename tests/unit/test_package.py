import subprocess
import sys

import web_image_ocr


def test_every_public_name_can_be_imported() -> None:
    for name in web_image_ocr.__all__:
        assert getattr(web_image_ocr, name) is not None


def test_the_import_alone_loads_no_large_library() -> None:
    program = "import sys, web_image_ocr; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert {"numpy", "cv2", "onnxruntime", "PIL"}.isdisjoint(loaded)
