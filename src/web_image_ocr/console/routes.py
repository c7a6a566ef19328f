"""Serve the console over HTTP: a page at ``/`` and its assets, with security headers.

The URLs of assets contain a version of all files, so that browsers cache them without limit and
never mix two versions. Only the page is revalidated.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web_image_ocr.console.files import ConsoleFile, load_files

_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' blob: data:; "
    "connect-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
"""Allow no other origins and no inline code; trusted types block ``innerHTML`` and the like."""

_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_REVALIDATE = "no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"


def console_routes() -> list[Route]:
    """Read all files and return a route for each."""
    files = load_files()
    assets = [
        _route(f"/console/{files.version}/{path}", asset, _IMMUTABLE)
        for path, asset in sorted(files.assets.items())
    ]
    return [_route("/", files.page, _REVALIDATE), *assets]


def _route(path: str, file: ConsoleFile, cache_control: str) -> Route:
    async def send(request: Request) -> Response:
        request.scope["route"] = (
            route  # the call log names it; Starlette sets only those of FastAPI
        )
        return _respond(request, file, cache_control)

    route = Route(path, send, include_in_schema=False)
    return route


def _respond(request: Request, file: ConsoleFile, cache_control: str) -> Response:
    headers = {
        **_HEADERS,
        "cache-control": cache_control,
        "etag": file.etag,
        "vary": "accept-encoding",
    }
    if _matches(request.headers.get("if-none-match", ""), file.etag):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = file.media_type
    if file.gzipped is not None and _accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.gzipped, headers={**headers, "content-encoding": "gzip"})
    return Response(file.plain, headers=headers)


def _matches(if_none_match: str, etag: str) -> bool:
    return if_none_match.strip() == "*" or etag in (tag.strip() for tag in if_none_match.split(","))


def _accepts_gzip(accept_encoding: str) -> bool:
    for entry in accept_encoding.lower().split(","):
        name, _, weight = entry.replace(" ", "").partition(";q=")
        if name == "gzip":
            return not weight or weight.strip("0.") != ""  # q=0, q=0.0 ...: not acceptable
    return False
