"""A network between a client and a server that can be cut in the middle: it resets, closes, or goes silent."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_BLOCK = 1 << 16


class Proxy:
    """Forwards TCP connections to one server until it is told not to."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._url = url
        self._pairs: list[asyncio.StreamWriter] = []
        self._forwards = asyncio.Event()
        self._forwards.set()
        self.passed = 0
        """Bytes that have passed, both ways."""
        self.cut_after: int | None = None
        """As many bytes pass before the network is cut by `cut`."""
        self.cut: Callable[[], object] = self.reset
        self.port = 0

    @property
    def url(self) -> str:
        """The server's URL by way of the proxy."""
        parts = urlsplit(self._url)
        return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self.port}").geturl()

    def reset(self) -> None:
        """End every connection by a reset, as a router does that has forgotten it."""
        for writer in self._pairs:
            tcp = writer.get_extra_info("socket")
            with suppress(OSError):
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._pairs.clear()

    def silence(self) -> None:
        """Forward nothing more; no connection is told."""
        self._forwards.clear()

    def restore(self) -> None:
        """Forward again; connections from before are gone."""
        self.reset()
        self._forwards.set()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client's connection."""
        to_server, from_server = None, None
        self._pairs.append(writer)
        await self._forwards.wait()
        from_server, to_server = await asyncio.open_connection(*self._server)
        self._pairs.append(to_server)
        await asyncio.gather(self._pump(reader, to_server), self._pump(from_server, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await reader.read(_BLOCK):
                self.passed += len(block)
                if self.cut_after is not None and self.passed > self.cut_after:
                    self.cut_after = None
                    self.cut()
                await self._forwards.wait()
                writer.write(block)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    """Yield a proxy to the server of a database's URL."""
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.forward, "127.0.0.1")
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.restore()
