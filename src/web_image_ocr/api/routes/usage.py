"""Calls, counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import ManagementCall, checked_id, managing
from web_image_ocr.api.openapi_management import (
    in_query,
    management_failures,
    management_operation,
)
from web_image_ocr.api.wire.codec import json_response, query_parameters
from web_image_ocr.api.wire.usage import UsageAnswer, encode_usage, file_name, usage_csv
from web_image_ocr.identity import Step, UsageReport, Window
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Management"])

_SHOWN_BY_DEFAULT = {
    Step.MINUTE: timedelta(hours=1),
    Step.HOUR: timedelta(days=1),
    Step.DAY: timedelta(days=30),
    Step.MONTH: timedelta(days=365),
}
_PARAMETERS = (
    in_query("project_id", "Of one project; absent: all of the account together."),
    in_query(
        "from",
        "ISO 8601, UTC unless it says otherwise; absent: 60 minutes, 24 hours, 30 days or "
        "12 months before `to`, by the step.",
        format="date-time",
    ),
    in_query("to", "Likewise; absent: now.", format="date-time"),
    in_query(
        "step",
        "What calls are added up by, UTC; at most 1,500 steps.",
        enum=[step.value for step in Step],
        default=Step.HOUR.value,
    ),
    in_query("format", "How to answer.", enum=["json", "csv"], default="json"),
)
_NAMES = frozenset(parameter["name"] for parameter in _PARAMETERS)
_CSV = {"text/csv": {"schema": {"type": "string"}}}


@router.get(
    "/v1/usage",
    summary="Count calls by time and outcome",
    response_model=UsageAnswer,
    responses=management_failures(),
    openapi_extra={
        **management_operation("usage", *_PARAMETERS),
        "responses": {"200": {"content": _CSV}},
    },
)
async def usage(request: Request) -> Response:
    """Steps in order, those without calls included; a second late at most; for every role."""
    async with managing(request) as call:
        query = query_parameters(request, _NAMES)
        window, project_id = _window(query), query.get("project_id")
        if project_id is not None:
            project_id = checked_id(project_id)
        shown_as = query.get("format", "json")
        if shown_as not in {"json", "csv"}:
            raise _invalid("format must be json or csv")
        report = await call.usage(project_id, window)
        if shown_as == "csv":
            return await _csv(call, report, project_id)
        return json_response(encode_usage(report))


async def _csv(call: ManagementCall, report: UsageReport, project_id: str | None) -> Response:
    project = ""
    if project_id is not None:
        project = (await call.self_service(lambda account: account.project(project_id))).name
    name = file_name(report.window.start, report.window.end)
    return Response(
        usage_csv(report, project),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _window(query: Mapping[str, str]) -> Window:
    try:
        step = Step(query.get("step", Step.HOUR))
    except ValueError:
        raise _invalid(f"step must be one of {', '.join(Step)}") from None
    end = _moment("to", query) or datetime.now(UTC)
    try:
        start = _moment("from", query) or end - _SHOWN_BY_DEFAULT[step]
        return Window(start=start, end=end, step=step)
    except (ValueError, OverflowError) as error:
        raise _invalid(str(error)) from None


def _moment(name: str, query: Mapping[str, str]) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(f"{name} is no time such as 2026-01-03T09:05:22Z") from None


def _invalid(reason: str) -> ServiceError:
    return ServiceError(ErrorKind.MANAGEMENT_REQUEST_INVALID, reason)
