"""Usage: which calls are counted, and how they are reported."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.http.conftest import Clients
from tests.http.management.conftest import AccountServer
from tests.support.api_assertions import IMAGE, assert_failure, web_image_path
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.wire.usage import UsageAnswer, escape_formula
from web_image_ocr.identity import API_NAME, Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

USAGE = "/v1/usage"


async def read(
    server: AccountServer, query: str = "", who: str = "administrator"
) -> dict[str, Any]:
    """Return the usage after all counts are written."""
    assert server.identity.recorder.flush()
    answer = await server.call("GET", USAGE + query, who)
    assert answer.status_code == 200, answer.text
    UsageAnswer.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


async def ocr(
    server: AccountServer, who: str | None, body: object, project: str = ""
) -> httpx.Response:
    return await server.call("POST", web_image_path(project or server.project_id), who, json=body)


async def test_calls_of_every_outcome_are_counted(
    server: AccountServer, recognizer: FakeRecognizer
) -> None:
    for _ in range(3):
        assert (await ocr(server, "caller", {"image": IMAGE})).status_code == 200
    await ocr(server, "caller", {"image": 7})
    await ocr(server, "viewer", {"image": IMAGE})

    def fault() -> None:
        raise ServiceError(ErrorKind.OVERLOADED, "told so", retry_after=1)

    recognizer.fault = fault
    for _ in range(2):
        await ocr(server, "caller", {"image": IMAGE})
    server.identity.administration.disable("cn-north-4", API_NAME)
    await ocr(server, "caller", {"image": IMAGE})
    told = await read(server, f"?project_id={server.project_id}&step=minute")
    total = told["total"]
    assert (total["calls"], total["succeeded"], total["failed"]) == (8, 3, 5)
    assert total["codes"][0] == {"code": "ModelArts.4401", "status": 429, "calls": 2}
    assert {(found["code"], found["status"]) for found in total["codes"]} == {
        ("AIS.0101", 400),
        ("APIG.0302", 403),
        ("ModelArts.4401", 429),
        ("ModelArts.4204", 400),
    }
    assert 0 < total["latency_ms"]["p50"] <= total["latency_ms"]["p99"]
    for name in ("calls", "succeeded", "failed"):
        assert sum(point[name] for point in told["points"]) == total[name]


async def test_calls_beyond_the_rate_are_counted(clients: Clients, server: AccountServer) -> None:
    async with clients(server.identity, rate_limit="1/hour") as client:
        for status in (200, 429):
            answer = await client.post(
                web_image_path(server.project_id),
                headers={"X-Auth-Token": server.tokens["caller"]},
                json={"image": IMAGE},
            )
            assert answer.status_code == status
    total = (await read(server))["total"]
    assert total["codes"] == [{"code": "APIG.0308", "status": 429, "calls": 1}]


async def test_strangers_are_not_counted(server: AccountServer) -> None:
    body = {"image": IMAGE}
    await ocr(server, None, body)
    await ocr(server, "stranger", body)
    await ocr(server, "caller", body, "0" * 32)
    await ocr(server, "caller", body, "x")
    await server.client.post(
        web_image_path(server.project_id), headers={"X-Auth-Token": "x"}, json=body
    )
    await server.call("GET", "/v1/me")
    assert (await read(server))["total"]["calls"] == 0
    assert (await read(server, who="stranger"))["total"]["calls"] == 0


async def test_an_account_sees_its_own(server: AccountServer) -> None:
    await ocr(server, "caller", {"image": IMAGE})
    for who, calls in (("administrator", 1), ("viewer", 1), ("stranger", 0)):
        assert (await read(server, who=who))["total"]["calls"] == calls


async def test_counts_are_deleted_with_their_project(server: AccountServer) -> None:
    await ocr(server, "caller", {"image": IMAGE})
    assert server.identity.recorder.flush()
    await ocr(server, "caller", {"image": IMAGE})
    await server.call("DELETE", f"/v1/projects/{server.project_id}")
    assert (await read(server))["total"]["calls"] == 0


async def test_the_default_window_ends_now(server: AccountServer) -> None:
    for step, steps in {"": 25, "?step=minute": 61, "?step=day": 31, "?step=month": 13}.items():
        await _look_at_the_last_while(server, step, steps)


async def _look_at_the_last_while(server: AccountServer, query: str, steps: int) -> None:
    told = await read(server, query)
    assert len(told["points"]) in {steps, steps - 1}
    end = datetime.fromisoformat(told["to"])
    assert datetime.now(UTC) <= end + timedelta(seconds=1)
    assert told["points"][0] == {
        "at": told["from"],
        "calls": 0,
        "succeeded": 0,
        "failed": 0,
        "latency_ms": None,
    }


async def test_times_are_widened_to_whole_steps(server: AccountServer) -> None:
    told = await read(server, "?step=month&from=2026-01-15T10:00:00%2B08:00&to=2026-03-01")
    assert [point["at"][:10] for point in told["points"]] == ["2026-01-01", "2026-02-01"]
    assert (told["from"], told["to"], told["step"]) == (
        "2026-01-01T00:00:00.000000Z",
        "2026-03-01T00:00:00.000000Z",
        "month",
    )


BAD_QUERIES = [
    "?step=week",
    "?step=",
    "?from=yesterday",
    "?to=",
    "?from=2026-01-02&to=2026-01-01",
    "?from=2026-01-01&to=2026-01-01",
    "?step=minute&from=2026-01-01&to=2026-01-03",
    "?step=month&from=0001-01-01",
    "?to=9999-12-31T23:59:59&from=9999-12-31",
    "?from=0001-01-01T00:00:00%2B14:00",
    "?format=xml",
    "?form=csv",
    "?step=day&step=hour",
]


async def test_an_invalid_query_is_answered_with_the_reason(server: AccountServer) -> None:
    for query in BAD_QUERIES:
        answer = await server.call("GET", USAGE + query)
        assert answer.status_code == 400, query
        body = answer.json()
        assert body["error_code"] == "APIG.0602"
        assert body["error_msg"].startswith("The request is invalid: ")
        assert len(body["error_msg"]) > len("The request is invalid: ")


async def test_an_unknown_project(server: AccountServer) -> None:
    for project in ("x", "0" * 32, "%00", "../.."):
        answer = await server.call("GET", f"{USAGE}?project_id={project}")
        assert_failure(answer, ErrorKind.RECORD_UNKNOWN)


async def test_csv_holds_no_formulas(server: AccountServer) -> None:
    for name in ("=1+1", "@cmd", "+1", "-1", '<b>"图",;', "plain"):
        await _look_at_csv(server, name)


async def _look_at_csv(server: AccountServer, name: str) -> None:
    project = server.identity.administration.create_project(name)
    answer = await server.call("GET", f"{USAGE}?project_id={project.id}&format=csv&step=day")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    lines = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert lines[0][:5] == ["at", "project", "calls", "succeeded", "failed"]
    assert len(lines) in {31, 32}
    shown = name if name[0] not in "=+-@" else f"'{name}"
    assert {line[1] for line in lines[1:]} == {shown}


def test_formulas_are_escaped() -> None:
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1"):
        assert escape_formula(text) == f"'{text}"


async def test_a_signed_call_updates_the_last_use_of_its_key(
    server: AccountServer, account_identity: Identity
) -> None:
    (before,) = (await server.call("GET", "/v1/keys")).json()["keys"]
    assert before["last_used_at"] is None
    account_identity.recorder.key_used(before["access"])
    assert account_identity.recorder.flush()
    (after,) = (await server.call("GET", "/v1/keys")).json()["keys"]
    used = datetime.fromisoformat(after["last_used_at"])
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=1)
