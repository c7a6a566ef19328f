"""The console over HTTP: one page at ``/`` and its parts, with what a browser may do there.

The parts lie under the version of the whole, so that a browser keeps them for good and never
mixes those of two versions; only the page is asked for again each time.
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
"""Nothing from elsewhere, nothing inline, and no text can become markup or script: the browser
itself refuses ``innerHTML`` and its like."""

_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_ASK_AGAIN = "no-cache"
_KEEP = "public, max-age=31536000, immutable"


def console_routes() -> list[Route]:
    """A route for each file, none for anything else; the files are read now."""
    files = load_files()
    parts = [
        _route(f"/console/{files.version}/{path}", part, _KEEP)
        for path, part in sorted(files.parts.items())
    ]
    return [_route("/", files.page, _ASK_AGAIN), *parts]


def _route(path: str, file: ConsoleFile, caching: str) -> Route:
    async def send(request: Request) -> Response:
        request.scope["route"] = route  # what the log calls it
        return _answer(request, file, caching)

    route = Route(path, send, include_in_schema=False)
    return route


def _answer(request: Request, file: ConsoleFile, caching: str) -> Response:
    headers = {
        **_HEADERS,
        "cache-control": caching,
        "etag": file.etag,
        "vary": "accept-encoding",
    }
    if _is_known(request.headers.get("if-none-match", ""), file.etag):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = file.media_type
    if file.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"})
    return Response(file.plain, headers=headers)


def _is_known(asked: str, etag: str) -> bool:
    return asked.strip() == "*" or etag in (tag.strip() for tag in asked.split(","))


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        name, _, weight = entry.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.rstrip("0.") != "" if weight else True
    return False
