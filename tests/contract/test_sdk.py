"""Checklist of the contract, lines 78 to 80, and other options of the official SDK."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ServerResponseException,
)
from huaweicloudsdkocr.v1 import OcrAsyncClient, RecognizeWebImageRequest, WebImageRequestBody

from tests.contract.file_server import FileServer
from tests.contract.sdk import key_of, read, request_with, sdk_client, texts
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Service, running_service
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.runtime.models import load_models

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("tls", [False, True])
def test_78_the_sdk_with_a_key(request: pytest.FixtureRequest, hello: bytes, *, tls: bool) -> None:
    where: Service = request.getfixturevalue("lenient_service" if tls else "service")
    assert where.url.startswith("https://" if tls else "http://")
    with closing(sdk_client(where.url, key_of(where.account), verify=not tls)) as client:
        answer = client.recognize_web_image(
            request_with(image=to_base64(hello), extract_type=["image_size"])
        )
    assert texts(answer) == ["HelloWorld"]
    assert answer.result.words_block_count == 1
    size = answer.result.extracted_data.image_size
    assert (size.width, size.height) == (480, 160)


def test_79_the_sdk_with_an_image_of_14_px(service: Service) -> None:
    client = sdk_client(service.url, key_of(service.account))
    small = to_base64(encode_image(draw_image(size=(14, 14))))
    with pytest.raises(ClientRequestException) as caught:
        read(client, image=small)
    assert caught.value.status_code == 400
    assert caught.value.error_code == "AIS.0103"
    assert caught.value.error_msg == "The image size does not meet the requirements."
    assert len(caught.value.request_id) == 32


def test_80_the_sdk_with_the_engine_down(tmp_path: Path, hello: bytes) -> None:
    """Delete the model file, then kill the workers."""
    model = tmp_path / "detection.onnx"
    model.write_bytes(load_models(EngineConfig(precision="float32")).detection)
    settings = {
        "WEB_IMAGE_OCR_ENGINE__DETECTION_MODEL": str(model),
        "WEB_IMAGE_OCR_API__DEADLINE_S": "10",
    }
    with running_service(tmp_path / "data", environment=settings) as service:
        client = sdk_client(service.url, key_of(service.account))
        assert read(client, image=to_base64(hello)) == ["HelloWorld"]
        workers = service.server.workers()
        model.unlink()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ServerResponseException) as caught:
            read(client, image=to_base64(hello))
        assert not service.server.is_ready()
    assert caught.value.status_code == 503
    assert caught.value.error_code == "ModelArts.4403"
    assert caught.value.error_msg == "Backend service unavailable error."
    assert len(caught.value.request_id) == 32


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_sdk_with_a_url(lenient_service: Service, files: FileServer, hello: bytes) -> None:
    url = files.put("/sdk.png", "image/png", hello)
    account = lenient_service.account
    with closing(sdk_client(lenient_service.url, key_of(account), verify=False)) as client:
        assert read(client, url=url) == ["HelloWorld"]
        with pytest.raises(ClientRequestException) as caught:
            read(client, url=files.url("/missing.png"))
    assert caught.value.error_code == "ModelArts.4603"


def test_the_sdk_with_every_option(service: Service, hello: bytes) -> None:
    client = sdk_client(service.url, key_of(service.account))
    request = RecognizeWebImageRequest(
        enterprise_project_id="企业项目",
        body=WebImageRequestBody(
            image=to_base64(hello),
            detect_direction=True,
            extract_type=["image_size", "contact_info"],
            detect_font=True,
            detect_text_direction=False,
        ),
    )
    assert texts(client.recognize_web_image(request)) == ["HelloWorld"]


def test_the_asynchronous_sdk(service: Service, hello: bytes) -> None:
    client = sdk_client(service.url, key_of(service.account), kind=OcrAsyncClient)
    answer = client.recognize_web_image_async(request_with(image=to_base64(hello))).result()
    assert texts(answer) == ["HelloWorld"]


def test_the_sdk_without_a_body(service: Service) -> None:
    client = sdk_client(service.url, key_of(service.account))
    with pytest.raises(ClientRequestException) as caught:
        client.recognize_web_image(request_with())
    assert caught.value.error_code == "AIS.0101"
    with pytest.raises(ClientRequestException) as caught:
        client.recognize_web_image(RecognizeWebImageRequest())
    assert caught.value.error_code == "ModelArts.4105"
