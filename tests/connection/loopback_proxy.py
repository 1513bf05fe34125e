"""An HTTP and a SOCKS5 proxy on the loopback interface, which lead to one service whatever name they are asked for."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "me", "s3cret/pass"


@dataclass(slots=True)
class LoopbackProxy:
    """`asked` holds what each client wanted, such as `service.test:80`."""

    target_port: int
    port: int = 0
    wants_password: bool = False
    garbage: bytes = b""
    """Said in place of any answer."""
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, of either kind."""
        try:
            first = await reader.readexactly(1)
            if self.garbage:
                writer.write(self.garbage)
                await writer.drain()
            elif await (self._socks(reader, writer) if first == b"\x05" else self._http(reader, writer)):
                await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = ("C" + (await reader.readuntil(b"\r\n\r\n"))[1:].decode()).replace("CNNECT", "CONNECT")
        self.asked.append(head.split()[1])
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        admitted = not self.wants_password or f"Proxy-Authorization: Basic {token}" in head
        answer = "200 Connection established" if admitted else "407 Proxy Authentication Required"
        writer.write(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        await writer.drain()
        return admitted

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x02" if self.wants_password else b"\x05\x00")
        if self.wants_password:
            await reader.readexactly(1)
            user, password = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
            if (user, password) != (USER, PASSWORD):
                writer.write(b"\x01\x01")
                await writer.drain()
                return False
            writer.write(b"\x01\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(part) for part in await reader.readexactly(4))
        self.asked.append(f"{host}:{int.from_bytes(await reader.readexactly(2), 'big')}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await writer.drain()
        return True

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target_port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await source.read(65_536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


@asynccontextmanager
async def proxying(target_port: int, **how: object) -> AsyncIterator[LoopbackProxy]:
    """The proxy at work."""
    proxy = LoopbackProxy(target_port, **how)  # type: ignore[arg-type]
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
