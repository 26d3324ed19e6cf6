"""Sockets that listen, for what serves HTTP."""

from __future__ import annotations

import socket

from accord.errors import SetupError


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one. Who serves it may start later: a client can connect.

    The protocol is named because asyncio sets TCP_NODELAY only on sockets that name it; without it
    every answer takes 40 ms.

    Raises:
        SetupError: the host is none of this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"port {port} of {host} cannot be used: {error.strerror}", hint="Choose another with --port."
        ) from error
    listener.listen(128)
    return listener
