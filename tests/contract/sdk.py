"""Call the server with the official SDK, unchanged."""

from __future__ import annotations

from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkocr.v1 import OcrClient, RecognizeWebImageRequest, WebImageRequestBody

from tests.support.servers import Account


def sdk_client(
    url: str,
    credentials: BasicCredentials,
    *,
    verify: bool = True,
    kind: Any = OcrClient,
    handler: HttpHandler | None = None,
) -> Any:
    """Return a client of the server at ``url``.

    Args:
        url: of the server.
        credentials: as the SDK takes them.
        verify: whether the server's certificate is checked.
        kind: the SDK's client, or its asynchronous one.
        handler: the SDK's hooks around each call.
    """
    return (
        kind.new_builder(kind)
        .with_http_config(HttpConfig(ignore_ssl_verification=not verify))
        .with_http_handler(handler)
        .with_credentials(credentials)
        .with_endpoint(url)
        .build()
    )


def key_of(account: Account) -> BasicCredentials:
    """Return the credentials of the account's key for its first project."""
    return BasicCredentials(account.access_key, account.secret_key, account.project_id)


def read(client: Any, **fields: Any) -> list[str]:
    """Return the texts of an image, without blanks."""
    return texts(client.recognize_web_image(request_with(**fields)))


def request_with(**fields: Any) -> RecognizeWebImageRequest:
    """Return a request whose body has these fields."""
    return RecognizeWebImageRequest(body=WebImageRequestBody(**fields))


def texts(answer: Any) -> list[str]:
    """Return the texts of the SDK's answer object, without blanks."""
    return [block.words.replace(" ", "") for block in answer.result.words_block_list]
