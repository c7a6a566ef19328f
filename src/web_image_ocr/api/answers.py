"""Successful answers: JSON in UTF-8."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

JSON_TYPE = "application/json;charset=UTF-8"


def json_response(value: object, status: int = 200) -> Response:
    """An answer with a JSON body."""
    return Response(orjson.dumps(value), status, headers={"content-type": JSON_TYPE})


def server_timing(timings: Mapping[str, float]) -> str:
    """The ``Server-Timing`` header for seconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in timings.items())
