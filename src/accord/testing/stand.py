"""The vendor's side of a contract test, and the ways to connect to it."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from accord.connector import Connector, Context
from accord.http import MemoryBudget, MemoryTokens
from accord.testing.recording import Recorder
from accord.testing.virtual import VirtualEnv

if TYPE_CHECKING:
    from accord.connector import Settings, Stream
    from accord.env import Env
    from accord.ports import BudgetStore, TokenStore
    from accord.sandbox import Sandbox

CANARY = "canary-4f1d0c7e"
"""The secret of every contract test: it must never be seen anywhere."""
CONNECTION = "tested"


@dataclass
class Stand:
    """One vendor (a sandbox, or real files and databases) and the connector that is tested against it.

    Attributes:
        connector: The tested class.
        settings: Settings of every connection, as accord.toml would give them.
        folder: Where relative paths of the settings start.
        env: The world of calm connections and of the sandbox.
        sandbox: The vendor, if it is reached over HTTP.
        recorder: What was said to it.
    """

    connector: type[Connector[Any]]
    settings: Mapping[str, Any]
    folder: Path
    env: VirtualEnv
    sandbox: Sandbox | None = None
    recorder: Recorder | None = None

    def connect(
        self,
        env: Env | None = None,
        *,
        budget: BudgetStore | None = None,
        tokens: TokenStore | None = None,
        **settings: Any,
    ) -> Connector[Any]:
        """Open a connection. Nothing is sent by that.

        Args:
            env: Its world; None is the calm one.
            budget: Shared rate budgets; None gives the connection its own.
            tokens: Rotated tokens; None gives the connection its own.
            settings: Replace those of the stand.
        """
        world = self.env if env is None else env
        context = Context(
            world, CONNECTION, budget or MemoryBudget(world), tokens or MemoryTokens(world), self.folder
        )
        return opened(self.connector, {**self.settings, **settings}, context)

    def stream(self, name: str) -> Stream:
        """A stream of a new connection, which was checked as the engine does before a run."""
        connector = self.connect()
        connector.check()
        return stream_of(connector, name)

    def close(self) -> None:
        """Stop the vendor."""
        if self.sandbox is not None:
            self.sandbox.close()


def opened(connector: type[Connector[Any]], settings: Mapping[str, Any], context: Context) -> Connector[Any]:
    """A connection with these settings; required secrets that they leave out are the canary."""
    secrets = {name: SecretStr(CANARY) for name in secret_names(connector.settings, required=True)}
    return connector(connector.settings.model_validate({**secrets, **settings}), context)


def stream_of(connector: Connector[Any], name: str) -> Stream:
    """The stream of this name.

    Raises:
        KeyError: the connection has none.
    """
    for stream in connector.open_streams():
        if stream.name == name:
            return stream
    raise KeyError(name)


def secret_names(settings: type[Settings], *, required: bool = False) -> list[str]:
    """The settings that are secrets; only those without a default, if wanted."""
    return [
        name
        for name, info in settings.model_fields.items()
        if _is_secret(info.annotation) and (info.is_required() or not required)
    ]


def _is_secret(annotation: Any) -> bool:
    if annotation is SecretStr:
        return True
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return union and any(_is_secret(inner) for inner in typing.get_args(annotation))
