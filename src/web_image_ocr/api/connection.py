"""Work that ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from web_image_ocr.api.bodies import ClientGoneError

_Result = TypeVar("_Result")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of ``work``, which is cancelled when the client closes the connection.

    Args:
        receive: of the request, whose body has been read.
        work: what the client waits for.

    Raises:
        ClientGoneError: the client went first.
    """
    working = asyncio.ensure_future(work)
    watching = None
    try:
        await asyncio.sleep(0)  # what need not wait, such as a result in the cache, is done by then
        if not working.done():
            watching = asyncio.ensure_future(_disconnected(receive))
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        if watching is not None or not working.done():
            tasks = [working] if watching is None else [working, watching]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
