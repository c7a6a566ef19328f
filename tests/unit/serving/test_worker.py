from __future__ import annotations

from typing import NoReturn

import pytest

from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.engine.pipeline import Engine
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import worker


@pytest.mark.models
def test_an_exception_of_a_decoder_is_a_failed_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> NoReturn:
        raise ValueError("in the decoder")

    monkeypatch.setattr(worker, "decode", broken)
    limits = ImageLimits.for_edition("2021")
    with pytest.raises(ServiceError) as caught:
        worker.recognize_image(Engine(), limits, b"", RecognitionOptions())
    assert caught.value.kind is ErrorKind.RECOGNITION_FAILED
