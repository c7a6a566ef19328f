"""All kinds of credentials of the official SDK and of keystoneauth."""

from __future__ import annotations

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, Credentials
from huaweicloudsdkcore.auth.internal import IamHelper
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkocr.v1 import OcrClient
from huaweicloudsdkocr.v1.region.ocr_region import OcrRegion
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from tests.contract.sdk import key_of, read, sdk_client
from tests.support.images import to_base64
from tests.support.servers import Service

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.fixture(autouse=True)
def _no_known_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the projects that the SDK caches across clients."""
    monkeypatch.setattr(Credentials, "_CACHE", {})


def wrong_key(service: Service) -> BasicCredentials:
    account = service.account
    return BasicCredentials(account.access_key, "wrong", account.project_id)


def with_token_for_signature(token: str) -> HttpHandler:
    """Remove the signature from a request, as a hook of the SDK before sending."""

    def exchange(request: SdkRequest, **_: object) -> None:
        del request.header_params["Authorization"]
        request.header_params["X-Auth-Token"] = token

    return HttpHandler().add_request_handler(exchange)


def test_a_token_by_a_request_handler(service: Service, hello: bytes) -> None:
    handler = with_token_for_signature(service.token)
    client = sdk_client(service.url, wrong_key(service), handler=handler)
    assert read(client, image=to_base64(hello)) == ["HelloWorld"]


def test_a_bad_token_by_a_request_handler(service: Service, hello: bytes) -> None:
    handler = with_token_for_signature("abc")
    client = sdk_client(service.url, key_of(service.account), handler=handler)
    with pytest.raises(ClientRequestException) as caught:
        read(client, image=to_base64(hello))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")
    assert caught.value.error_msg.endswith("decrypt token fail")


def test_a_token_by_preset_headers(service: Service, hello: bytes) -> None:
    client = sdk_client(service.url, wrong_key(service))
    # A preset `Authorization`, even an empty one, keeps the SDK from signing.
    client.preset_headers = {"X-Auth-Token": service.token, "Authorization": ""}
    assert read(client, image=to_base64(hello)) == ["HelloWorld"]


def test_a_signature_takes_precedence_over_a_token(service: Service, hello: bytes) -> None:
    client = sdk_client(service.url, key_of(service.account))
    client.preset_headers = {"X-Auth-Token": "abc"}
    assert read(client, image=to_base64(hello)) == ["HelloWorld"]
    client = sdk_client(service.url, wrong_key(service))
    client.preset_headers = {"X-Auth-Token": service.token}
    with pytest.raises(ClientRequestException) as caught:
        read(client, image=to_base64(hello))
    assert caught.value.error_msg.endswith("verify aksk signature fail")


def test_a_temporary_key(service: Service, hello: bytes) -> None:
    """The key is obtained with the SDK's own code, which federated users run."""
    client = sdk_client(service.url, key_of(service.account)).get_http_client()
    request = IamHelper.get_create_temporary_access_key_by_token_request(
        client.config, service.url, service.token, 900
    )
    key = IamHelper.create_temporary_access_key_by_token(client, request)
    bare = BasicCredentials(key["access"], key["secret"], service.account.project_id)
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(service.url, bare), image=to_base64(hello))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")
    assert caught.value.error_msg.endswith("ak not exist")
    whole = bare.with_security_token(key["securitytoken"])
    assert read(sdk_client(service.url, whole), image=to_base64(hello)) == ["HelloWorld"]


def test_a_wrong_secret(service: Service, hello: bytes) -> None:
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(service.url, wrong_key(service)), image=to_base64(hello))
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIG.0301")
    assert caught.value.error_msg.endswith("verify aksk signature fail")
    right = sdk_client(service.url, key_of(service.account))
    assert read(right, image=to_base64(hello)) == ["HelloWorld"]


def test_a_key_without_a_project_id(service: Service, hello: bytes) -> None:
    lost = BasicCredentials(service.account.access_key, service.account.secret_key)
    with pytest.raises(ClientRequestException) as caught:
        read(sdk_client(service.url, lost), image=to_base64(hello))
    assert caught.value.error_code == "ModelArts.4203"


def test_a_project_looked_up_by_its_region(service: Service, hello: bytes) -> None:
    account = service.account
    credentials = BasicCredentials(account.access_key, account.secret_key)
    client = (
        OcrClient.new_builder()
        .with_credentials(credentials.with_iam_endpoint(service.url))
        .with_region(Region("cn-north-4", service.url))
        .build()
    )
    assert credentials.project_id == account.project_id
    assert read(client, image=to_base64(hello)) == ["HelloWorld"]


def test_everything_from_the_environment(
    service: Service, hello: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", service.url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_OCR_CN_NORTH_4", service.url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", service.account.access_key)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", service.account.secret_key)
    client = OcrClient.new_builder().with_region(OcrRegion.value_of("cn-north-4")).build()
    assert read(client, image=to_base64(hello)) == ["HelloWorld"]


def test_keystoneauth_obtains_a_token(service: Service, hello: bytes) -> None:
    account = service.account
    plugin = v3.Password(
        auth_url=f"{service.url}/v3",
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
    response = service.post({"image": to_base64(hello)}, headers={"X-Auth-Token": token})
    assert response.status_code == 200
    answer = session.post(service.url + service.path, json={"image": to_base64(hello)})
    assert answer.status_code == 200
