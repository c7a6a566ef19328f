"""Calls that wait for a worker: admission, refusal, disconnects."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from tests.http.conftest import Clients
from tests.http.live_server import serve
from tests.support.api_assertions import IMAGE, PATH, PROJECT, assert_failure, web_image_path
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind
from web_image_ocr.serving.admission import Admission

BODY = {"image": IMAGE}
OTHER = web_image_path(PROJECT[::-1])


class QueueingRecognizer(FakeRecognizer):
    """Recognize one image at a time; four may wait."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = Admission(permits=1, max_waiting=4)

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        async with self.admission.permit(project_id, deadline):
            return await super().recognize(image, options, deadline, project_id)


@pytest.fixture
def recognizer() -> QueueingRecognizer:
    return QueueingRecognizer()


async def test_a_flood_of_one_project_does_not_delay_others(
    clients: Clients, recognizer: QueueingRecognizer
) -> None:
    recognizer.seconds = 0.005
    refused = 0
    done = asyncio.Event()

    async def flood(client: httpx.AsyncClient) -> None:
        nonlocal refused
        while not done.is_set():
            response = await client.post(PATH, json=BODY)
            if response.status_code != 200:
                assert_failure(response, ErrorKind.OVERLOADED)
                assert int(response.headers["retry-after"]) >= 1  # more on a slow machine
                refused += 1
                await asyncio.sleep(0.01)

    async with clients() as client:
        flooding = [asyncio.create_task(flood(client)) for _ in range(12)]
        while recognizer.admission.waiting < 4:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        for _ in range(6):
            assert (await client.post(OTHER, json=BODY)).status_code == 200
        done.set()
        await asyncio.gather(*flooding)
    assert refused > 6


@pytest.mark.slow
def test_a_disconnect_removes_a_waiting_call_from_the_queue(
    recognizer: QueueingRecognizer,
) -> None:
    recognizer.seconds = 60
    app = create_app(
        Dependencies(recognizer=recognizer, fetcher=FakeImageSource(), identity=None), ApiConfig()
    )
    with serve(app) as url:
        address = (urlsplit(url).hostname, urlsplit(url).port)

        def call() -> socket.socket:
            connection = socket.create_connection(address)
            body = json.dumps(BODY).encode()
            head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            return connection

        with closing(call()):
            _wait_for(lambda: len(recognizer.calls) == 1)
            with closing(call()):
                _wait_for(lambda: recognizer.admission.waiting == 1)
            _wait_for(lambda: recognizer.admission.waiting == 0)
            assert (len(recognizer.calls), recognizer.cancelled) == (1, 0)
        _wait_for(lambda: recognizer.cancelled == 1)


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
