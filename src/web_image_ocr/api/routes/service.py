"""Show the capabilities of this server."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr import __version__
from web_image_ocr.api.openapi.failures import public_failures
from web_image_ocr.api.state import state_of
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.management import ServiceAnswer
from web_image_ocr.engine.runtime.models import DETECTION, RECOGNITION, should_quantize
from web_image_ocr.images import ImageLimits
from web_image_ocr.images.config import BASE64_TEXT_LIMIT
from web_image_ocr.images.formats import ImageFormat

router = APIRouter(tags=["Management"])


@router.get(
    "/v1/service",
    summary="Show the capabilities of the server",
    response_model=ServiceAnswer,
    responses=public_failures(),
)
async def service(request: Request) -> Response:
    """Return limits, formats and models; needs no credentials."""
    state = state_of(request)
    config, engine = state.config, state.engine
    images = ImageLimits.for_edition(config.edition)
    models = {
        "detection": (engine.detection_model, DETECTION),
        "recognition": (engine.recognition_model, RECOGNITION),
    }
    return json_response(
        {
            "authentication": state.identity is not None,
            "version": __version__,
            "edition": config.edition,
            "formats": [known.name for known in ImageFormat if known in images.formats],
            "limits": {
                "min_side": images.min_side,
                "max_side": images.max_side,
                "max_image_bytes": BASE64_TEXT_LIMIT,
                "max_body_bytes": config.max_body_bytes,
                "deadline_s": config.deadline_s,
                "rate_limit": config.rate_limit,
            },
            "models": [
                {
                    "part": part,
                    "name": (chosen or bundled).name,  # without its path
                    "precision": "int8" if should_quantize(engine, chosen) else "float32",
                }
                for part, (chosen, bundled) in models.items()
            ],
        }
    )
