"""Read private buckets of a real S3 server through a running server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.images import draw_image, encode_image
from tests.support.object_store import OWNER, READER, STRANGER, ObjectStore, running_object_store
from tests.support.servers import Server, running_server, words
from web_image_ocr.identity import (
    API_NAME,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Scope,
)
from web_image_ocr.images import FILE_LIMIT
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig, StorageConfig, StorageEntry
from web_image_ocr.sources.downloader import Downloader
from web_image_ocr.sources.object_storage import ObjectStorage

pytestmark = pytest.mark.server

HELLO = encode_image(draw_image(((60, 60), "Hello World")))
PASSWORD = "correct-horse-battery"
SECRET_OF_NOBODY = "secret-of-nobody"
STORAGE_FAILED = {
    "error_code": "ModelArts.4704",
    "error_msg": "Obtaining the file from the OBS failed.",
}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("store")) as running_store:
        yield running_store


@dataclass(frozen=True, kw_only=True)
class Projects:
    """Hold a server with an object store behind it, and two projects that call it.

    Attributes:
        listed: id and token of the project that the settings let read the buckets.
        other: id and token of one that they do not name.
        closed_port: where nobody listens.
        silent_port: where connections are taken and nothing is said.
    """

    server: Server
    store: ObjectStore
    listed: tuple[str, str]
    other: tuple[str, str]
    closed_port: int
    silent_port: int

    def read(self, url: str, project: tuple[str, str] | None = None) -> httpx.Response:
        project_id, token = project or self.listed
        return httpx.post(
            f"{self.server.url}/v2/{project_id}/ocr/web-image",
            headers={"X-Auth-Token": token},
            json={"url": url},
            timeout=60,
        )

    def code(self, url: str, project: tuple[str, str] | None = None) -> str:
        answer = self.read(url, project)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error_code"])


@pytest.fixture(scope="module")
def projects(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    data_dir = tmp_path_factory.mktemp("storage")
    listed, other = _two_projects(data_dir)
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        ports = closed.getsockname()[1], silent.getsockname()[1]
        settings = {
            "WEB_IMAGE_OCR_STORAGE__ENTRIES": json.dumps(
                _entries(store, listed[0], ports, data_dir)
            ),
            "WEB_IMAGE_OCR_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEB_IMAGE_OCR_FETCH__ALLOWED_PORTS": f"80,443,{store.port}",
            "WEB_IMAGE_OCR_FETCH__TOTAL_S": "2",
            # Settings of other programs on this machine must not affect the server.
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "AWS_SESSION_TOKEN": "token-of-another-program",
            "AWS_SKIP_SIGNATURE": "true",
            "HTTP_PROXY": "http://127.0.0.1:1",
            "http_proxy": "http://127.0.0.1:1",
            "NO_PROXY": "",
            "no_proxy": "",
        }
        store.put("private", "a.png", HELLO)
        store.put("denied", "a.png", HELLO)
        with running_server(data_dir, environment=settings) as server:
            yield Projects(
                server=server,
                store=store,
                listed=listed,
                other=other,
                closed_port=ports[0],
                silent_port=ports[1],
            )


def _entries(
    store: ObjectStore, project_id: str, ports: tuple[int, int], folder: Path
) -> list[dict[str, Any]]:
    file = folder / "reader-secret"
    file.write_text(READER[1] + "\n")

    def entry(key: str, secret: str, *buckets: str, endpoint: str = "") -> dict[str, Any]:
        return {
            "endpoint": endpoint or store.endpoint,
            "access_key": key,
            "secret_key": secret,
            "buckets": buckets,
            "projects": [project_id],
        }

    by_file = {**entry(READER[0], "", "private"), "secret_key_file": str(file)}
    return [
        by_file,
        entry(*OWNER, "no-such-bucket"),
        entry(*STRANGER, "denied"),
        entry(READER[0], SECRET_OF_NOBODY, "wrong-secret"),
        entry("ACCESSKEYOFNOBODY", SECRET_OF_NOBODY, "wrong-key"),
        *(entry(*READER, "private", endpoint=f"http://127.0.0.1:{port}") for port in ports),
    ]


def _two_projects(data_dir: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return id and token of two projects of a new account."""
    with closing(Identity(IdentityConfig(), data_dir)) as identity:
        first = identity.initialize(password=PASSWORD)
        assert first.project_id
        second = identity.administration.create_project("second")
        identity.administration.enable(second.id, API_NAME)

        def token(project_id: str) -> str:
            login = PasswordLogin(
                user=Reference(name=first.user),
                domain=Reference(name=first.domain),
                password=PASSWORD,
                scope=Scope(project=Reference(id=project_id)),
            )
            return identity.sign_in.log_in(login, "127.0.0.1").token

        return (first.project_id, token(first.project_id)), (second.id, token(second.id))


@pytest.mark.models
class TestThroughTheServer:
    def test_a_private_object_is_read(self, projects: Projects) -> None:
        answer = projects.read(projects.store.put("private", "a folder/图.png", HELLO))
        assert answer.status_code == 200, answer.text
        assert words(answer.json()["result"]) == ["HelloWorld"]

    def test_another_project_cannot_tell_existing_from_missing_objects(
        self, projects: Projects
    ) -> None:
        there = projects.store.put("private", "there.png", HELLO)
        bucket = f"{projects.store.endpoint}/private"
        for url in (there, f"{bucket}/missing.png", f"{bucket}/", f"{bucket}/a//b", f"{there}?a"):
            answer = projects.read(url, projects.other)
            assert (answer.status_code, answer.json()) == (400, STORAGE_FAILED), url

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("private/missing.png", "ModelArts.4706"),
            ("no-such-bucket/a.png", "ModelArts.4706"),
            ("denied/a.png", "ModelArts.4704"),
            ("denied/missing.png", "ModelArts.4704"),
            ("wrong-secret/a.png", "ModelArts.4702"),
            ("wrong-key/a.png", "ModelArts.4702"),
            ("private", "ModelArts.4703"),
            ("private/", "ModelArts.4703"),
            ("private/a/../a.png", "ModelArts.4703"),
            ("private/%2e%2e/private/a.png", "ModelArts.4703"),
            ("private//a.png", "ModelArts.4703"),
            ("private/" + "a" * 1025, "ModelArts.4703"),
            ("private/a.png?versionId=1", "ModelArts.4703"),
        ],
    )
    def test_failures_have_their_codes(self, projects: Projects, path: str, code: str) -> None:
        assert projects.code(f"{projects.store.endpoint}/{path}") == code

    def test_an_object_above_the_limit(self, projects: Projects) -> None:
        largest = projects.store.put("private", "largest", HELLO.ljust(FILE_LIMIT, b"\0"))
        assert projects.read(largest).status_code == 200
        larger = projects.store.put("private", "larger", HELLO.ljust(FILE_LIMIT + 1, b"\0"))
        assert projects.code(larger) == "ModelArts.4705"

    def test_an_unreachable_or_silent_storage(self, projects: Projects) -> None:
        for port in (projects.closed_port, projects.silent_port):
            assert projects.code(f"http://127.0.0.1:{port}/private/a.png") == "ModelArts.4704"

    def test_signed_and_public_urls_are_fetched_like_any_other(self, projects: Projects) -> None:
        private = projects.store.put("private", "signed.png", HELLO)
        signed = projects.store.signed("private", "signed.png")
        for project in (projects.listed, projects.other):
            assert projects.read(signed, project).status_code == 200
        public = projects.store.put("public", "a.png", HELLO)
        assert projects.read(public, projects.other).status_code == 200
        forged = signed[:-4] + "0000"
        assert projects.code(forged) == "ModelArts.4603"  # the server's key is not used
        assert projects.code(private + "?Signature=a&AccessKeyId=b") == "ModelArts.4603"

    def test_no_key_and_no_url_is_logged(self, projects: Projects) -> None:
        log = projects.server.log.read_text()
        assert "storage_key_refused" in log
        assert "storage_forbidden" in log
        hidden = (
            *OWNER,
            *READER,
            *STRANGER,
            SECRET_OF_NOBODY,
            "X-Amz",
            ".png",
            projects.store.endpoint,
        )
        assert [text for text in hidden if text in log] == []


KEYS = [
    "a..b",
    "%2e%2e/a%00",
    "a?b#c&d=e+f",
    "~!$&'()*:,;=@[]^`{|}",
    'back\\slash "quoted" <>',
    "é / e\u0301 / 图 / 😀",
    "a" * 200 + "/" + "b" * 200,
]


class TestInThisProcess:
    @pytest.mark.parametrize("key", KEYS)
    async def test_a_name_of_any_characters_is_read_in_both_forms(
        self, store: ObjectStore, key: str
    ) -> None:
        store.put("private", key, key.encode())
        for bucket in (f"{store.endpoint}/private", f"http://private.store.example:{store.port}"):
            assert await _read(store, f"{bucket}/{quote(key)}") == key.encode()

    async def test_an_object_is_never_taken_for_another(self, store: ObjectStore) -> None:
        """Try keys that the store or obstore would normalize to the object ``a/b``."""
        store.put("private", "a/b", b"another")
        for path in ("/a/b", "a//b", "a/b/", "a/./b", "a/c/../b", "a/%2e/b", "a/%2E%2E/a/b"):
            with pytest.raises(ServiceError) as caught:
                await _read(store, f"{store.endpoint}/private/{path}")
            assert caught.value.kind is ErrorKind.STORAGE_URL_INVALID, path


async def _read(store: ObjectStore, url: str) -> bytes:
    async def resolve(_: str) -> Sequence[str]:
        return ["127.0.0.1"]

    entries = tuple(
        StorageEntry(
            endpoint=endpoint,
            access_key=READER[0],
            secret_key=READER[1],
            buckets=("private",),
            projects=("*",),
        )
        for endpoint in (store.endpoint, f"http://store.example:{store.port}")
    )
    storage = ObjectStorage(
        StorageConfig(entries=entries), Downloader(FetchConfig(), resolve=resolve)
    )
    return await storage.read(storage.locate(url), "any", Deadline.after(20))
