"""Pre-sign the URL of an object with an entry's key; the only user of obstore.

Threat: the library reads ``AWS_*`` variables, and some override its arguments.

Rule: every setting that changes a signed URL is passed here. The key comes from a function, so that
no other credential source is used. The signed URL is compared with the intended one.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.buckets import is_virtual_hosted
from web_image_ocr.sources.config import StorageEntry

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

LIFETIME = timedelta(minutes=15)
"""Validity of a signed URL: the clock skew that S3 allows. Only the storage sees the URL."""

_PARAMETERS = frozenset(
    {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    }
)


class Signer:
    """Pre-sign URLs for one entry of the settings; use it from one thread.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when obstore is not installed, or rejects an
            environment variable.
    """

    def __init__(self, entry: StorageEntry, secret_key: str) -> None:
        if find_spec("obstore") is None:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                "storage.entries needs the package obstore, which is not installed",
            )
        self._region = entry.region
        self._access_key = entry.access_key
        self._secret_key = secret_key
        self._stores: dict[str, S3Store] = {}
        self._check_environment(f"{entry.endpoint.rstrip('/')}/{entry.buckets[0]}")

    def sign(self, base: str, bucket: str, key: str) -> str:
        """Return the URL of an object, signed for one GET within ``LIFETIME``.

        Args:
            base: URL of the bucket, path style or virtual-hosted style, without a trailing slash.
            bucket: bucket name.
            key: object key without empty segments.

        Raises:
            ServiceError: ``STORAGE_URL_INVALID`` for a key that obstore rejects;
                ``INTERNAL`` when it signed another URL.
        """
        import obstore  # noqa: PLC0415 - an extra

        if base not in self._stores:  # takes 10 ms: the library creates an unused client
            self._stores[base] = self._store(base, bucket)
        try:
            signed = obstore.sign(self._stores[base], "GET", key, LIFETIME)
        except (TypeError, ValueError) as error:
            raise ServiceError(
                ErrorKind.STORAGE_URL_INVALID, "the object key cannot be signed"
            ) from error
        url, _, query = signed.partition("?")
        if unquote(url) != f"{base}/{key}" or dict(parse_qsl(query)).keys() != _PARAMETERS:
            raise ServiceError(ErrorKind.INTERNAL, "obstore signed another URL than intended")
        return signed

    def _check_environment(self, base: str) -> None:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra

        try:
            self.sign(base, base.rpartition("/")[2], "trial")
        except BaseError as error:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                "storage.entries: the package obstore rejects the value of an environment "
                "variable AWS_...; unset it",
            ) from error

    def _store(self, base: str, bucket: str) -> S3Store:
        from obstore.store import S3Store  # noqa: PLC0415 - an extra

        virtual_hosted = is_virtual_hosted(base)
        endpoint = base if virtual_hosted else base.removesuffix("/" + bucket)
        return S3Store(
            bucket,
            endpoint=endpoint,
            aws_endpoint_url_s3=endpoint,
            virtual_hosted_style_request=virtual_hosted,
            region=self._region,
            credential_provider=self._credential,
            skip_signature=False,
            request_payer=False,
            s3_express=False,
        )

    def _credential(self) -> S3Credential:
        return {
            "access_key_id": self._access_key,
            "secret_access_key": self._secret_key,
            "token": None,
            "expires_at": None,
        }
