"""The kit for testing connectors, and the proof of the engine; no production code imports it.

For connectors' authors: :class:`ConnectorContract`, the standard suite; :class:`VirtualEnv`, a world in
which waiting takes no time; :class:`Recorder` and :class:`Description`, which hold what was said against
a vendor's own API description; :class:`Stand` and :class:`Clerk` for tests of one's own.

Names are loaded when they are first used. :mod:`accord.testing.simulation` is the proof of the engine.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.testing.clerk import Clerk
    from accord.testing.contract.suite import ConnectorContract
    from accord.testing.recording import Recorder
    from accord.testing.specs import Description, UndescribedError
    from accord.testing.stand import Stand
    from accord.testing.virtual import VirtualEnv

_HOMES = {
    "Clerk": "clerk",
    "ConnectorContract": "contract.suite",
    "Description": "specs",
    "Recorder": "recording",
    "Stand": "stand",
    "UndescribedError": "specs",
    "VirtualEnv": "virtual",
}

__all__ = [
    "Clerk",
    "ConnectorContract",
    "Description",
    "Recorder",
    "Stand",
    "UndescribedError",
    "VirtualEnv",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'accord.testing' has no public name {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "pytest" in sys.modules:
    # pytest explains the suite's assertions as it does those of a test file.
    sys.modules["pytest"].register_assert_rewrite(f"{__name__}.contract", f"{__name__}.clerk")
