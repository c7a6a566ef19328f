from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.load.calls import (
    NO_RESPONSE,
    Call,
    Run,
    due_times,
    overhead_ms,
    quantile,
    quantiles_ms,
    summarize_calls,
    throughput,
)
from benchmarks.load.client import Connection, parse_head, request_of
from benchmarks.load.images import body_of, choose, one_megabyte
from benchmarks.load.memory import MemoryWatch, tree_rss


def call(*, due: float = 0.0, sent: float = 0.0, ended: float = 1.0, status: int = 200) -> Call:
    return Call(due=due, sent=sent, ended=ended, status=status)


def test_a_quantile_is_a_measured_value() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.01, 0.5, 0.95, 0.99, 1.0)] == [
        *(1.0, 50.0, 95.0, 99.0, 100.0)
    ]
    assert quantile([3.0], 0.5) == 3.0
    assert quantile([1.0, 2.0, 3.0], 0.99) == 3.0


def test_quantiles_are_given_in_milliseconds() -> None:
    assert quantiles_ms([0.1, 0.2, 0.3]) == {"p50": 200.0, "p95": 300.0, "p99": 300.0, "max": 300.0}
    assert quantiles_ms([]) == {}


def test_the_schedule_is_absolute() -> None:
    assert due_times(4.0, 1.0) == [0.0, 0.25, 0.5, 0.75]
    assert due_times(3.0, 100.0)[150] == 50.0


def test_latency_counts_from_when_the_call_was_due() -> None:
    assert call(due=1.0, sent=3.0, ended=3.5).latency == 2.5


def test_the_generators_cpu_time_is_subtracted_per_core() -> None:
    assert throughput(100, 11.0, generator_cpu_s=0.0, cores=2) == pytest.approx(100 / 11)
    assert throughput(100, 11.0, generator_cpu_s=2.0, cores=2) == 10.0


def test_the_overhead_is_what_no_stage_of_the_worker_explains() -> None:
    stages = {"decode": 10.0, "detect": 50.0, "read": 30.0, "encode": 0.5, "total": 97.0}
    one = Call(due=0, sent=0, ended=1, status=200, stages_ms=stages)
    assert overhead_ms(one) == pytest.approx(7.0)


def test_answers_are_counted_by_kind() -> None:
    calls = [
        call(ended=0.4),
        call(due=1.0, sent=1.0, ended=1.001, status=429),
        Call(due=1.0, sent=1.5, ended=1.502, status=429, retry_after_s=1.0),
        call(status=NO_RESPONSE),
    ]
    found = summarize_calls(Run(calls=calls, wall_s=2.0, generator_cpu_s=0.1))
    assert (found["calls"], found["accepted"], found["refused"]) == (4, 1, 2)
    assert found["others"] == {"0": 1}
    assert found["accepted_ms"]["p50"] == 400.0
    assert found["refused_ms"] == {"p50": 1.0, "p95": 2.0, "p99": 2.0, "max": 2.0}
    assert found["refused_without_retry_after"] == 1
    assert found["generator_late_ms"]["max"] == 500.0


def test_status_and_headers_of_an_answer_are_parsed() -> None:
    head = b"HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nServer-Timing: a;dur=1.5, b;dur=2\r\n\r\n"
    response = parse_head(head)
    assert (response.status, response.headers["retry-after"]) == (429, "2")
    assert response.stages_ms == {"a": 1.5, "b": 2.0}


async def test_a_connection_is_reused_and_reopened_after_the_server_closed_it() -> None:
    seen: list[bytes] = []
    serving: list[asyncio.Task[None]] = []

    async def two_calls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            for closing in (b"", b"Connection: close\r\n"):
                await reader.readuntil(b"\r\n\r\n")
                seen.append(await reader.readexactly(4))
                writer.write(b"HTTP/1.1 200 OK\r\n" + closing + b"Content-Length: 2\r\n\r\nok")
        writer.close()
        await writer.wait_closed()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(two_calls(reader, writer)))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connection = Connection("127.0.0.1", server.sockets[0].getsockname()[1])
        request = request_of("/path", "token", "host", b"body")
        answered = [(await connection.call(request)).status for _ in range(3)]
        connection.close()
        await asyncio.gather(*serving)
    assert answered == [200, 200, 200]
    assert (len(serving), seen) == (2, [b"body"] * 3)


async def test_a_stopped_server_gives_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert (
        await Connection("127.0.0.1", port).call(b"GET / HTTP/1.1\r\n\r\n")
    ).status == NO_RESPONSE


def test_memory_is_sampled() -> None:
    with MemoryWatch(os.getpid()) as watch:
        pass
    assert watch.mib[0] > 10
    assert tree_rss(2**22 + 1) == 0  # above the highest process number


def _file(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image of noise, which does not compress."""
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, form)
    return out.getvalue()


def test_images_are_chosen_evenly_from_all_sets_and_reproducibly(tmp_path: Path) -> None:
    for set_name, count in (("one", 5), ("two", 1)):
        (tmp_path / set_name / "images").mkdir(parents=True)
        names = [f"{number}.png" for number in range(count)]
        for name in names:
            (tmp_path / set_name / "images" / name).write_bytes(f"{set_name}{name}".encode())
        lines = "".join(json.dumps({"image": name}) + "\n" for name in names)
        (tmp_path / set_name / "labels.jsonl").write_text(lines, encoding="utf-8")
    chosen = choose(tmp_path, ["one", "two"], 3)
    assert sorted(chosen) == [b"one0.png", b"one1.png", b"two0.png"]
    assert choose(tmp_path, ["one", "two"], 3) == chosen
    assert len(choose(tmp_path, ["one", "two"], 100)) == 6


def test_a_body_is_a_valid_call() -> None:
    assert base64.b64decode(json.loads(body_of(b"picture"))["image"]) == b"picture"


@pytest.mark.parametrize("size", [(400, 300), (900, 700)])
def test_an_image_of_one_megabyte_is_made(size: tuple[int, int]) -> None:
    made = one_megabyte([_file(20, 20), _file(*size, "JPEG")])
    assert len(made) == pytest.approx(1_000_000, abs=50_000)
    assert Image.open(io.BytesIO(made)).format == "PNG"
