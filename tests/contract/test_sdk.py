"""Checklist of the contract, lines 78 to 80, and the rest of what the official SDK can do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ServerResponseException,
)
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkocr.v1 import (
    OcrAsyncClient,
    OcrClient,
    RecognizeWebImageRequest,
    WebImageRequestBody,
)
from huaweicloudsdkocr.v1.region.ocr_region import OcrRegion
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from tests.contract.file_server import FileServer
from tests.contract.pictures import as_text, encoded, picture
from tests.contract.servers import Account, Server, account_from
from tests.http.doubles import NoFetcher
from tests.http.live import running_app
from web_image_ocr.api import ApiConfig, Dependencies, create_app
from web_image_ocr.identity import Identity, IdentityConfig
from web_image_ocr.serving.null import NullRecognizer

pytestmark = [pytest.mark.server, pytest.mark.models]


def sdk_client(
    url: str, credentials: BasicCredentials, *, verify: bool = True, kind: Any = OcrClient
) -> Any:
    config = HttpConfig(ignore_ssl_verification=not verify)
    return (
        kind.new_builder(kind)
        .with_http_config(config)
        .with_credentials(credentials)
        .with_endpoint(url)
        .build()
    )


def key_of(account: Account) -> BasicCredentials:
    return BasicCredentials(account.access_key, account.secret_key, account.project_id)


def read(client: Any, **fields: Any) -> Any:
    body = WebImageRequestBody(**fields)
    return client.recognize_web_image(RecognizeWebImageRequest(body=body))


def texts(answer: Any) -> list[str]:
    return [block.words.replace(" ", "") for block in answer.result.words_block_list]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("tls", [False, True])
def test_78_the_sdk_with_a_key(request: pytest.FixtureRequest, hello: bytes, *, tls: bool) -> None:
    where: Server = request.getfixturevalue("lenient_server" if tls else "server")
    assert where.url.startswith("https://" if tls else "http://")
    client = sdk_client(where.url, key_of(where.account), verify=not tls)
    answer = read(client, image=as_text(hello), extract_type=["image_size"])
    assert texts(answer) == ["HelloWorld"]
    assert answer.result.words_block_count == 1
    size = answer.result.extracted_data.image_size
    assert (size.width, size.height) == (480, 160)


def test_79_the_sdk_with_a_picture_of_14_px(server: Server) -> None:
    client = sdk_client(server.url, key_of(server.account))
    small = as_text(encoded(picture(size=(14, 14))))
    with pytest.raises(ClientRequestException) as caught:
        read(client, image=small)
    assert caught.value.status_code == 400
    assert caught.value.error_code == "AIS.0103"
    assert caught.value.error_msg == "The image size does not meet the requirements."
    assert len(caught.value.request_id) == 32


def test_80_the_sdk_with_the_engine_down(tmp_path: Path, hello: bytes) -> None:
    with (
        _server_without_engine(tmp_path) as (url, account),
        pytest.raises(ServerResponseException) as caught,
    ):
        read(sdk_client(url, key_of(account)), image=as_text(hello))
    assert caught.value.status_code == 503
    assert caught.value.error_code == "ModelArts.4403"
    assert len(caught.value.request_id) == 32


def test_the_sdk_with_a_temporary_key(server: Server, hello: bytes) -> None:
    identity = {"methods": ["token"], "token": {"duration_seconds": 900}}
    response = server.client.post(
        "/v3.0/OS-CREDENTIAL/securitytokens",
        headers={"X-Auth-Token": server.token},
        json={"auth": {"identity": identity}},
    )
    assert response.status_code == 201
    key = response.json()["credential"]
    credentials = BasicCredentials(key["access"], key["secret"], server.account.project_id)
    with_token = credentials.with_security_token(key["securitytoken"])
    assert texts(read(sdk_client(server.url, with_token), image=as_text(hello))) == ["HelloWorld"]
    bare = BasicCredentials(key["access"], key["secret"], server.account.project_id)
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(server.url, bare), image=as_text(hello))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")


def test_the_sdk_with_a_wrong_secret(server: Server, hello: bytes) -> None:
    account = server.account
    wrong = BasicCredentials(account.access_key, "wrong", account.project_id)
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(server.url, wrong), image=as_text(hello))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")
    assert caught.value.error_msg.endswith("verify aksk signature fail")
    right = sdk_client(server.url, key_of(account))
    assert texts(read(right, image=as_text(hello))) == ["HelloWorld"]


def test_the_sdk_without_a_project_id(server: Server, hello: bytes) -> None:
    account = server.account
    lost = BasicCredentials(account.access_key, account.secret_key)
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(server.url, lost), image=as_text(hello))
    assert caught.value.error_code == "ModelArts.4203"


def test_the_sdk_looks_its_project_up(server: Server, hello: bytes) -> None:
    account = server.account
    credentials = BasicCredentials(account.access_key, account.secret_key)
    client = (
        OcrClient.new_builder()
        .with_credentials(credentials.with_iam_endpoint(server.url))
        .with_region(Region("cn-north-4", server.url))
        .build()
    )
    assert credentials.project_id == account.project_id
    assert texts(read(client, image=as_text(hello))) == ["HelloWorld"]


def test_the_sdk_and_its_environment(
    server: Server, hello: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", server.url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_OCR_CN_NORTH_4", server.url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", server.account.access_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", server.account.secret_key)
    region = OcrRegion.value_of("cn-north-4")
    client = OcrClient.new_builder().with_region(region).build()
    assert texts(read(client, image=as_text(hello))) == ["HelloWorld"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_sdk_with_a_url(lenient_server: Server, files: FileServer, hello: bytes) -> None:
    url = files.put("/sdk.png", "image/png", hello)
    client = sdk_client(lenient_server.url, key_of(lenient_server.account), verify=False)
    assert texts(read(client, url=url)) == ["HelloWorld"]
    with pytest.raises(ClientRequestException) as caught:
        read(client, url=files.url("/missing.png"))
    assert caught.value.error_code == "ModelArts.4603"


def test_the_sdk_with_every_option(server: Server, hello: bytes) -> None:
    client = sdk_client(server.url, key_of(server.account))
    request = RecognizeWebImageRequest(
        enterprise_project_id="企业项目",
        body=WebImageRequestBody(
            image=as_text(hello),
            detect_direction=True,
            extract_type=["image_size", "contact_info"],
            detect_font=True,
            detect_text_direction=False,
        ),
    )
    assert texts(client.recognize_web_image(request)) == ["HelloWorld"]


def test_the_asynchronous_sdk(server: Server, hello: bytes) -> None:
    client = sdk_client(server.url, key_of(server.account), kind=OcrAsyncClient)
    request = RecognizeWebImageRequest(body=WebImageRequestBody(image=as_text(hello)))
    assert texts(client.recognize_web_image_async(request).result()) == ["HelloWorld"]


def test_the_sdk_without_a_body(server: Server) -> None:
    client = sdk_client(server.url, key_of(server.account))
    with pytest.raises(ClientRequestException) as caught:
        client.recognize_web_image(RecognizeWebImageRequest(body=WebImageRequestBody()))
    assert caught.value.error_code == "AIS.0101"
    with pytest.raises(ClientRequestException) as caught:
        client.recognize_web_image(RecognizeWebImageRequest())
    assert caught.value.error_code == "ModelArts.4105"


def test_keystoneauth_obtains_a_token(server: Server, hello: bytes) -> None:
    account = server.account
    plugin = v3.Password(
        auth_url=f"{server.url}/v3",
        username=account.user,
        password=account.password,
        user_domain_name=account.domain,
        project_name=account.project_name,
        project_domain_name=account.domain,
    )
    session = Session(auth=plugin)
    token = session.get_token()
    assert token
    assert session.get_project_id() == account.project_id
    response = server.post({"image": as_text(hello)}, headers={"X-Auth-Token": token})
    assert response.status_code == 200
    answer = session.post(server.url + server.path, json={"image": as_text(hello)})
    assert answer.status_code == 200


@contextmanager
def _server_without_engine(data_dir: Path) -> Iterator[tuple[str, Account]]:
    """The real application, in this process, with a recogniser that is dead."""
    identity = Identity(IdentityConfig(), data_dir)
    account = account_from(dataclasses.asdict(identity.initialize()))
    app = create_app(
        Dependencies(
            recognizer=NullRecognizer(alive=False), fetcher=NoFetcher(), identity=identity
        ),
        ApiConfig(),
    )
    with running_app(app) as url:
        assert httpx.get(url + "/readyz").status_code == 503
        yield url, account
    identity.close()
