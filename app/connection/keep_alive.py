"""Whether the other side is still there: asked by pings, which also tell how long the line takes.

The library's own keep-alive counts a pong alone. Behind a long answer on a slow line a pong is late, though the answer
itself shows that the service lives (protocol reference, sections 6 and 10): here whatever comes counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed


class KeepAlive(Struct, frozen=True):
    """How a line is watched. The usual limits leave slack for slow networks and busy services."""

    ping_interval_s: float | None = 20.0
    """Between a pong and the next ping; None: there are none."""
    timeout_s: float | None = 30.0
    """The service may neither answer a ping nor take what is sent for so long; None: for ever."""


async def watch(
    socket: ClientConnection, limits: KeepAlive, heard_s: Callable[[], float], tell: Callable[[float], None]
) -> bool:
    """Ping until the other side is gone: true where it fell silent, false where the line ended otherwise.

    `heard_s`: when something last came, by the loop's clock. `tell` is given each round trip in seconds.
    """
    loop = asyncio.get_running_loop()
    if limits.ping_interval_s is None:
        return False
    while True:
        asked_s, pong = loop.time(), None
        try:
            async with asyncio.timeout(limits.timeout_s):
                pong = asyncio.ensure_future(await socket.ping())
                tell(await pong)
        except TimeoutError:
            # A process that was stopped for a while comes to both at once: the answer, and the end of the wait for it.
            is_answered = pong is not None and pong.done() and not pong.cancelled()
            if heard_s() <= asked_s and not is_answered:
                return True
            continue
        except ConnectionClosed:
            return False
        await asyncio.sleep(limits.ping_interval_s)
