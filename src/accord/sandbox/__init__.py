"""Stateful local stand-ins for vendors' APIs: the kit, and how a connector's sandbox is found.

A sandbox speaks real HTTP on loopback (:func:`serve`) or answers httpx in the same process
(:meth:`Sandbox.transport`), keeps state, and misbehaves on request (:class:`FaultProfile`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.sandbox.catalogue import find, names
from accord.sandbox.faults import FaultProfile
from accord.sandbox.limits import Bucket
from accord.sandbox.message import ConnectionLost, Refused, Request, Response
from accord.sandbox.options import SandboxOptions
from accord.sandbox.routes import Route
from accord.sandbox.sandbox import Sandbox
from accord.sandbox.shelf import Shelf
from accord.sandbox.table import Item, Table, Values
from accord.sandbox.tokens import Tokens
from accord.sandbox.webhooks import Delivery, Target

if TYPE_CHECKING:
    from accord.sandbox.serving import RunningSandbox

__all__ = [
    "Bucket",
    "ConnectionLost",
    "Delivery",
    "FaultProfile",
    "Item",
    "Refused",
    "Request",
    "Response",
    "Route",
    "Sandbox",
    "SandboxOptions",
    "Shelf",
    "Table",
    "Target",
    "Tokens",
    "Values",
    "find",
    "names",
    "serve",
]


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> RunningSandbox:
    """Serve a sandbox in a background thread; port 0 takes a free one (needs the extra ``sandbox``).

    Raises:
        SetupError: the address is not a loopback address, or the port is taken.
    """
    from accord.sandbox.serving import serve as start

    return start(sandbox, host, port)
