"""What is counted, and how it is told."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.http.conftest import Clients
from tests.http.management.conftest import Town
from tests.http.shapes import PICTURE, assert_failure, path_of
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.wire.usage import UsageAnswer, escape_formula
from web_image_ocr.identity import API_NAME, Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

USAGE = "/v1/usage"


async def read(town: Town, query: str = "", who: str = "administrator") -> dict[str, Any]:
    """What is told once what was counted is written."""
    assert town.identity.recorder.flush()
    answer = await town.call("GET", USAGE + query, who)
    assert answer.status_code == 200, answer.text
    UsageAnswer.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()
    return told


async def ocr(town: Town, who: str | None, body: object, project: str = "") -> httpx.Response:
    return await town.call("POST", path_of(project or town.project_id), who, json=body)


async def test_calls_of_every_outcome_are_counted(town: Town, recognizer: FakeRecognizer) -> None:
    for _ in range(3):
        assert (await ocr(town, "caller", {"image": PICTURE})).status_code == 200
    await ocr(town, "caller", {"image": 7})
    await ocr(town, "viewer", {"image": PICTURE})

    def fault() -> None:
        raise ServiceError(ErrorKind.OVERLOADED, "told so", retry_after=1)

    recognizer.fault = fault
    for _ in range(2):
        await ocr(town, "caller", {"image": PICTURE})
    town.identity.administration.disable("cn-north-4", API_NAME)
    await ocr(town, "caller", {"image": PICTURE})
    told = await read(town, f"?project_id={town.project_id}&step=minute")
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


async def test_calls_beyond_the_rate_are_counted(clients: Clients, town: Town) -> None:
    async with clients(town.identity, rate_limit="1/hour") as client:
        for status in (200, 429):
            answer = await client.post(
                path_of(town.project_id),
                headers={"X-Auth-Token": town.tokens["caller"]},
                json={"image": PICTURE},
            )
            assert answer.status_code == status
    total = (await read(town))["total"]
    assert total["codes"] == [{"code": "APIG.0308", "status": 429, "calls": 1}]


async def test_strangers_are_not_counted(town: Town) -> None:
    body = {"image": PICTURE}
    await ocr(town, None, body)
    await ocr(town, "stranger", body)
    await ocr(town, "caller", body, "0" * 32)
    await ocr(town, "caller", body, "x")
    await town.client.post(path_of(town.project_id), headers={"X-Auth-Token": "x"}, json=body)
    await town.call("GET", "/v1/me")
    assert (await read(town))["total"]["calls"] == 0
    assert (await read(town, who="stranger"))["total"]["calls"] == 0


async def test_an_account_sees_its_own(town: Town) -> None:
    await ocr(town, "caller", {"image": PICTURE})
    for who, calls in (("administrator", 1), ("viewer", 1), ("stranger", 0)):
        assert (await read(town, who=who))["total"]["calls"] == calls


async def test_a_project_that_is_gone_takes_its_counts_along(town: Town) -> None:
    await ocr(town, "caller", {"image": PICTURE})
    assert town.identity.recorder.flush()
    await ocr(town, "caller", {"image": PICTURE})
    await town.call("DELETE", f"/v1/projects/{town.project_id}")
    assert (await read(town))["total"]["calls"] == 0


async def test_without_times_the_last_while_is_shown(town: Town) -> None:
    for step, steps in {"": 25, "?step=minute": 61, "?step=day": 31, "?step=month": 13}.items():
        await _look_at_the_last_while(town, step, steps)


async def _look_at_the_last_while(town: Town, query: str, steps: int) -> None:
    told = await read(town, query)
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


async def test_times_are_widened_to_whole_steps(town: Town) -> None:
    told = await read(town, "?step=month&from=2026-01-15T10:00:00%2B08:00&to=2026-03-01")
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


async def test_a_bad_query_says_what_is_wrong(town: Town) -> None:
    for query in BAD_QUERIES:
        answer = await town.call("GET", USAGE + query)
        assert answer.status_code == 400, query
        body = answer.json()
        assert body["error_code"] == "APIG.0602"
        assert body["error_msg"].startswith("The request is invalid: ")
        assert len(body["error_msg"]) > len("The request is invalid: ")


async def test_an_unknown_project(town: Town) -> None:
    for project in ("x", "0" * 32, "%00", "../.."):
        answer = await town.call("GET", f"{USAGE}?project_id={project}")
        assert_failure(answer, ErrorKind.RECORD_UNKNOWN)


async def test_csv_is_no_program(town: Town) -> None:
    for name in ("=1+1", "@cmd", "+1", "-1", '<b>"图",;', "plain"):
        await _look_at_csv(town, name)


async def _look_at_csv(town: Town, name: str) -> None:
    project = town.identity.administration.create_project(name)
    answer = await town.call("GET", f"{USAGE}?project_id={project.id}&format=csv&step=day")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    lines = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert lines[0][:5] == ["at", "project", "calls", "succeeded", "failed"]
    assert len(lines) in {31, 32}
    shown = name if name[0] not in "=+-@" else f"'{name}"
    assert {line[1] for line in lines[1:]} == {shown}


def test_cells_that_a_spreadsheet_would_run() -> None:
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1"):
        assert escape_formula(text) == f"'{text}"


async def test_a_signed_call_is_noted_with_its_key(town: Town, town_identity: Identity) -> None:
    (before,) = (await town.call("GET", "/v1/keys")).json()["keys"]
    assert before["last_used_at"] is None
    town_identity.recorder.key_used(before["access"])
    assert town_identity.recorder.flush()
    (after,) = (await town.call("GET", "/v1/keys")).json()["keys"]
    used = datetime.fromisoformat(after["last_used_at"])
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=1)
