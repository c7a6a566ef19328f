"""Report the numbers of calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import Call, ManagementCall, checked_id
from web_image_ocr.api.openapi.failures import management_failures
from web_image_ocr.api.openapi.operations import in_query, operation
from web_image_ocr.api.wire.codec import json_response, query_parameters
from web_image_ocr.api.wire.usage import UsageAnswer, encode_usage, file_name, usage_csv
from web_image_ocr.identity import SelfService, Step, UsageReport, Window
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Management"], responses=management_failures())

_DEFAULT_DURATION = {
    Step.MINUTE: timedelta(hours=1),
    Step.HOUR: timedelta(days=1),
    Step.DAY: timedelta(days=30),
    Step.MONTH: timedelta(days=365),
}
_PARAMETERS = (
    in_query("project_id", "Id of a project; absent: the sum of all projects of the account."),
    in_query(
        "from",
        "Start, ISO 8601, UTC by default. Absent: 60 minutes, 24 hours, 30 days or "
        "12 months before `to`, depending on the step.",
        format="date-time",
    ),
    in_query("to", "End, ISO 8601, UTC by default; absent: now.", format="date-time"),
    in_query(
        "step",
        "Interval of one point, in UTC; at most 1,500 points.",
        enum=[step.value for step in Step],
        default=Step.HOUR.value,
    ),
    in_query("format", "Format of the answer.", enum=["json", "csv"], default="json"),
)
_NAMES = frozenset(parameter["name"] for parameter in _PARAMETERS)
_CSV = {"text/csv": {"schema": {"type": "string"}}}


@router.get(
    "/v1/usage",
    summary="Count calls by time and outcome",
    response_model=UsageAnswer,
    openapi_extra=operation(*_PARAMETERS, responses={"200": {"content": _CSV}}),
)
async def usage(request: Request, call: Call) -> Response:
    """Return numbers of calls by step, a second late at most, for every role.

    Steps without calls are included.
    """
    query = query_parameters(request, _NAMES)
    window, project_id = _window(query), query.get("project_id")
    if project_id is not None:
        project_id = checked_id(project_id)
    answer_format = query.get("format", "json")
    if answer_format not in {"json", "csv"}:
        raise _invalid("format must be json or csv")
    report = await call.usage(project_id, window)
    if answer_format == "csv":
        return await _csv(call, report, project_id)
    return json_response(encode_usage(report))


async def _csv(call: ManagementCall, report: UsageReport, project_id: str | None) -> Response:
    project = ""
    if project_id is not None:
        project = (await call.self_service(SelfService.project, project_id)).name
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
        start = _moment("from", query) or end - _DEFAULT_DURATION[step]
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
        raise _invalid(f"{name} is not a time such as 2026-01-03T09:05:22Z") from None


def _invalid(reason: str) -> ServiceError:
    return ServiceError(ErrorKind.MANAGEMENT_REQUEST_INVALID, reason)
