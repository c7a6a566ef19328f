from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import Clients
from tests.support.api_assertions import assert_envelope
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.identity import Identity, IdentityConfig


@pytest.mark.parametrize(("path", "status"), [("/healthz", "ok"), ("/readyz", "ready")])
async def test_a_healthy_server(client: httpx.AsyncClient, path: str, status: str) -> None:
    response = await client.get(path)
    assert_envelope(response)
    assert (response.status_code, response.json()) == (200, {"status": status})


async def test_a_dead_recognizer(client: httpx.AsyncClient, recognizer: FakeRecognizer) -> None:
    recognizer.alive = False
    assert (await client.get("/healthz")).status_code == 200
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "recognizer unavailable"})


async def test_a_lost_database(clients: Clients, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    identity = Identity(IdentityConfig(), folder)
    shutil.rmtree(folder)
    async with clients(identity) as client:
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (503, {"status": "store unavailable"})
        call = await client.post("/v2/x/ocr/web-image", headers={"X-Auth-Token": "abc"})
        assert call.status_code in {401, 503}
    identity.close()
