"""What a connection is opened with: its own keys of accord.toml, and what the engine hands over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic

if TYPE_CHECKING:
    from accord.env import Env
    from accord.ports import BudgetStore, TokenStore


class Settings(pydantic.BaseModel):
    """The connection's own keys in accord.toml. Type secrets as ``pydantic.SecretStr``.

    Every HTTP connector accepts ``base_url`` (sandboxes, proxies, private gateways), and every
    connection may tighten or widen ``t_max``: the seconds within which a request takes effect or never does.
    ``rate`` multiplies the rate limits that the connector declares, for plans that allow more (or less).
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", defer_build=True)

    base_url: pydantic.AnyHttpUrl | None = None
    t_max: float | None = pydantic.Field(default=None, gt=0, le=3600)
    l_max: float | None = pydantic.Field(default=None, ge=0, le=3600)
    rate: float = pydantic.Field(default=1.0, gt=0, le=1000)


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine hands to a connector when it opens a connection.

    Attributes:
        env: Time, randomness and threads.
        connection: The connection's name in the configuration.
        budget: Rate budgets shared by all runs of the account.
        tokens: Rotated access tokens.
        root: The folder that relative paths of the configuration start from.
    """

    env: Env
    connection: str
    budget: BudgetStore
    tokens: TokenStore
    root: Path
