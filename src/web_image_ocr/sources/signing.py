"""Signs the address of an object with an entry's key; the only user of obstore.

Threat: the library reads ``AWS_*`` variables, of which some win over what it is given.
Rule: every one that changes a signed address is set here, the key comes from a function, so
that no other source of keys is asked, and what was signed is compared with what was meant.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.storage_config import StorageEntry

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

LIFETIME = timedelta(minutes=15)
"""Of a signed address: what S3 allows clocks to differ by. The storage alone sees it."""

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
    """Signs for one entry of the settings; from one thread.

    Args:
        entry: whose buckets are read.
        secret_key: the secret half of its key.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when obstore is not installed, or stumbles over
            the environment.
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
        bucket = entry.buckets[0]
        self._try_out(f"{entry.endpoint.rstrip('/')}/{bucket}", bucket)

    def sign(self, base: str, bucket: str, key: str) -> str:
        """The address of an object with a signature for one GET, good for ``LIFETIME``.

        Args:
            base: address of the bucket, in the path or in the host, without a slash at the end.
            bucket: its name.
            key: name of the object, without empty parts.

        Raises:
            ServiceError: ``STORAGE_URL_INVALID`` for a key that obstore does not take;
                ``INTERNAL`` where it has signed something else.
        """
        import obstore  # noqa: PLC0415 - an extra

        if base not in self._stores:  # takes 10 ms: the library sets up a client that is not used
            self._stores[base] = self._store(base, bucket)
        try:
            signed = obstore.sign(self._stores[base], "GET", key, LIFETIME)
        except (TypeError, ValueError) as error:
            raise ServiceError(
                ErrorKind.STORAGE_URL_INVALID, "the object's name cannot be signed"
            ) from error
        address, _, query = signed.partition("?")
        if unquote(address) != f"{base}/{key}" or dict(parse_qsl(query)).keys() != _PARAMETERS:
            raise ServiceError(ErrorKind.INTERNAL, "another address was signed than was meant")
        return signed

    def _try_out(self, base: str, bucket: str) -> None:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra

        try:
            self.sign(base, bucket, "trial")
        except BaseError as error:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                "storage.entries: a variable AWS_... of the environment has a value that the "
                "package obstore does not take",
            ) from error

    def _store(self, base: str, bucket: str) -> S3Store:
        from obstore.store import S3Store  # noqa: PLC0415 - an extra

        in_host = base.count("/") == 2
        endpoint = base if in_host else base.removesuffix("/" + bucket)
        return S3Store(
            bucket,
            endpoint=endpoint,
            aws_endpoint_url_s3=endpoint,
            virtual_hosted_style_request=in_host,
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
