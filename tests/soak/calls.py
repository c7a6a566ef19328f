"""Build the calls of the soak tests, valid and invalid, with their expected responses."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import httpx

from tests.contract.file_server import FileServer
from tests.contract.signing import signed_request
from tests.soak.client import Call, request_of
from tests.soak.images import SampleImage
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Account, Service, admin, sign_in
from web_image_ocr.identity import Identity, IdentityConfig, PasswordLogin, Reference, Scope
from web_image_ocr.images import ImageLimits

BY_IMAGE = "valid: image"
"""Kind of the simplest valid calls."""
_MB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Hold an account with a valid token and tokens that must be rejected.

    Attributes:
        account: First account of the server.
        token: Valid for its project.
        expired: Expired token.
        foreign: Token of another project.
        foreign_id: ID of that project.
    """

    account: Account
    token: str
    expired: str
    foreign: str
    foreign_id: str

    @property
    def path(self) -> str:
        """Return the API path of the caller's project."""
        return f"/v2/{self.account.project_id}/ocr/web-image"

    def request(self, body: object) -> bytes:
        """Return a request with the valid token."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return request_of(self.path, content, self.headers(self.token))

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of a request with a token."""
        return {"X-Auth-Token": token, "Content-Type": "application/json"}


def caller_of(service: Service) -> Caller:
    """Return the service's first account with valid and invalid tokens."""
    project = admin(service.data_dir, "project", "create", "another")
    scope = {"project": {"name": project["name"]}}
    foreign = sign_in(service.client, service.account, scope=scope).headers["x-subject-token"]
    return Caller(
        account=service.account,
        token=service.token,
        expired=_expired_token(service.data_dir, service.account),
        foreign=foreign,
        foreign_id=project["id"],
    )


def valid_calls(
    caller: Caller, samples: Sequence[SampleImage], files: FileServer | None
) -> list[Call]:
    """A call for each image, by ``image`` and, where there is a file server, by ``url``."""
    calls = []
    for number, sample in enumerate(samples):
        bodies = {BY_IMAGE: {"image": to_base64(sample.file), **sample.fields}}
        bodies["valid: unknown key"] = {**bodies[BY_IMAGE], "nobody": {"knows": [number]}}
        if files:
            url = files.put(f"/{number}", sample.content_type, sample.file)
            bodies["valid: url"] = {"url": url, **sample.fields}
        calls += [
            Call(kind=how, request=caller.request(body), same=sample.name)
            for how, body in bodies.items()
        ]
    return calls


def invalid_calls(
    caller: Caller, samples: Sequence[SampleImage], files: FileServer, limits: ImageLimits
) -> list[Call]:
    """Return calls that the server rejects, and calls that the client aborts."""
    return list(
        chain(
            _invalid_images(caller, samples, limits),
            _invalid_bodies(caller, samples[0]),
            _invalid_urls(caller, files),
            _invalid_callers(caller, samples[0]),
            _invalid_http(caller),
            _aborted(caller, samples),
        )
    )


def large_calls(caller: Caller) -> list[Call]:
    """Return calls of many megabytes, all rejected."""
    too_long = json.dumps({"image": "A" * (10 * _MB + 4)}).encode()
    return [
        Call(
            kind="Base64 above 10 MB",
            request=caller.request(too_long),
            status=400,
            code="ModelArts.4104",
        ),
        Call(
            kind="body above 12 MB",
            request=caller.request(b" " * (12 * _MB + 1)),
            status=413,
            code="APIG.0201",
        ),
    ]


def random_calls(
    calls: Sequence[Sequence[Call]], weights: Sequence[float], seed: int
) -> Iterator[Call]:
    """Yield random calls: a group by weight, then a kind, then a call with equal chances."""
    drawn = random.Random(seed)  # noqa: S311 - no secret
    groups = []
    for group in calls:
        kinds: dict[str, list[Call]] = {}
        for call in group:
            kinds.setdefault(call.kind, []).append(call)
        groups.append(list(kinds.values()))
    while True:
        (kinds_of_group,) = drawn.choices(groups, weights)
        yield drawn.choice(drawn.choice(kinds_of_group))


def _invalid_images(
    caller: Caller, samples: Sequence[SampleImage], limits: ImageLimits
) -> Iterator[Call]:
    def refused(kind: str, text: str, code: str) -> Call:
        return Call(kind=kind, request=caller.request({"image": text}), status=400, code=code)

    yield refused("broken Base64", "*not base64*", "AIS.0102")
    yield refused("data: prefix", "data:image/png;base64," + to_base64(samples[0].file), "AIS.0102")
    yield refused("not an image", to_base64(b"This is a text file.\n" * 9), "AIS.0102")
    for sample in samples:
        if sample.words:  # half of a blank image's file still has its pixels
            cut = sample.file[: len(sample.file) // 2]
            yield refused(f"truncated {sample.content_type}", to_base64(cut), "AIS.0102")
    small, large = limits.min_side - 1, limits.max_side + 1
    for size in ((small, 100), (100, small), (large, 15), (15, large)):
        yield refused(
            "too small or too large", to_base64(encode_image(draw_image(size=size))), "AIS.0103"
        )


def _invalid_bodies(caller: Caller, sample: SampleImage) -> Iterator[Call]:
    text = to_base64(sample.file)
    for content in (b"", b"{", b"image=abc", b"\xff\xfe"):
        yield Call(
            kind="not JSON", request=caller.request(content), status=400, code="ModelArts.4105"
        )
    wrong: list[object] = [[], "image", None, {}, {"image": 7}, {"image": [text]}]
    wrong += [{"image": text, "url": "https://example.com/a.png"}]
    wrong += [{"image": text, "detect_direction": "true"}, {"image": text, "extract_type": "all"}]
    for body in wrong:
        yield Call(kind="wrong JSON", request=caller.request(body), status=400, code="AIS.0101")


def _invalid_urls(caller: Caller, files: FileServer) -> Iterator[Call]:
    page = files.put("/page", "text/html", b"<p>not an image")
    for url, code in (
        ("ftp://127.0.0.1/a.png", "ModelArts.4601"),
        ("http://127.0.0.1:22/a.png", "ModelArts.4601"),
        ("http://10.0.0.1/a.png", "ModelArts.4601"),
        (files.url("/nothing"), "ModelArts.4603"),
        (f"http://127.0.0.1:{files.closed_port}/a.png", "ModelArts.4603"),
        (page, "ModelArts.4603"),
    ):
        yield Call(kind="bad url", request=caller.request({"url": url}), status=400, code=code)


def _invalid_callers(caller: Caller, sample: SampleImage) -> Iterator[Call]:
    body = json.dumps({"image": to_base64(sample.file)}).encode()

    def refused(
        kind: str, status: int, code: str, headers: dict[str, str], path: str = caller.path
    ) -> Call:
        return Call(kind=kind, request=request_of(path, body, headers), status=status, code=code)

    yield refused("no token", 401, "APIG.0301", {})
    yield refused("garbage token", 401, "APIG.0301", caller.headers("MII" + "x" * 300))
    altered = caller.token[:-8] + "AAAAAAAA"
    yield refused("altered token", 401, "APIG.0301", caller.headers(altered))
    yield refused("expired token", 401, "APIG.0301", caller.headers(caller.expired))
    yield refused("token of another project", 403, "ModelArts.4203", caller.headers(caller.foreign))
    path = f"/v2/{caller.foreign_id}/ocr/web-image"
    yield refused(
        "project not subscribed", 400, "ModelArts.4204", caller.headers(caller.foreign), path
    )
    signed = signed_request(
        httpx.URL("http://127.0.0.1" + caller.path),
        access=caller.account.access_key,
        secret=caller.account.secret_key,
        body=body,
        shift=-timedelta(hours=1),
    )
    headers = {name: value for name, value in signed.headers.items() if name in _SIGNED}
    yield refused("expired signature", 401, "APIG.0301", headers)


_SIGNED = frozenset({"authorization", "x-sdk-date", "content-type"})


def _invalid_http(caller: Caller) -> Iterator[Call]:
    headers = caller.headers(caller.token)
    for kind, status, code, request in (
        ("wrong path", 404, "APIG.0101", request_of("/v2/ocr/web-image", b"{}", headers)),
        ("wrong method", 404, "APIG.0101", request_of(caller.path, b"", headers, method="PUT")),
        (
            "headers too large",
            494,
            "APIG.0201",
            request_of(caller.path, b"{}", {**headers, "X": "a" * 40_000}),
        ),
        ("URI too long", 414, "APIG.0201", request_of(caller.path + "?" + "a" * 40_000, b"", {})),
        ("not HTTP", 400, "", b"HELO example.com\r\n\r\n"),
    ):
        yield Call(kind=kind, request=request, status=status, code=code)


def _aborted(caller: Caller, samples: Sequence[SampleImage]) -> Iterator[Call]:
    for sample in samples:
        body = {"image": to_base64(sample.file), **sample.fields}
        call = Call(kind="client aborts during the body", request=caller.request(body), status=0)
        yield replace(call, aborts="during the body")
        yield replace(call, kind="client aborts before the response", aborts="before the response")


def _expired_token(data_dir: Path, account: Account) -> str:
    """Return a real token that the server's keys issued two days ago."""
    past = datetime.now(UTC) - timedelta(days=2)
    identity = Identity(IdentityConfig(), data_dir, may_create=False, clock=lambda: past)
    login = PasswordLogin(
        user=Reference(name=account.user),
        domain=Reference(name=account.domain),
        password=account.password,
        scope=Scope(project=Reference(id=account.project_id)),
    )
    try:
        return identity.sign_in.log_in(login, "127.0.0.1").token
    finally:
        identity.close()
