"""Everything that speaks HTTP: client, credentials, limits, pages and declared operations.

The names are resolved when first used, so that declaring a connector loads neither httpx nor tenacity.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.http.answer import Answer as Answer
    from accord.http.auth import ApiKey as ApiKey
    from accord.http.auth import Auth as Auth
    from accord.http.auth import Basic as Basic
    from accord.http.auth import Bearer as Bearer
    from accord.http.auth import Combined as Combined
    from accord.http.auth import Credentials as Credentials
    from accord.http.auth import Desk as Desk
    from accord.http.auth import NoAuth as NoAuth
    from accord.http.budget import MemoryBudget as MemoryBudget
    from accord.http.client import Http as Http
    from accord.http.faults import ErrorRule as ErrorRule
    from accord.http.faults import ErrorTable as ErrorTable
    from accord.http.gets import BatchGet as BatchGet
    from accord.http.gets import Get as Get
    from accord.http.jobs import Job as Job
    from accord.http.jobs import Step as Step
    from accord.http.limits import RateLimit as RateLimit
    from accord.http.oauth import FetchedToken as FetchedToken
    from accord.http.oauth import OAuth2ClientCredentials as OAuth2ClientCredentials
    from accord.http.oauth import OAuth2Refresh as OAuth2Refresh
    from accord.http.outcomes import AllOrNothing as AllOrNothing
    from accord.http.outcomes import PerItem as PerItem
    from accord.http.paging import Keyset as Keyset
    from accord.http.paging import LastKey as LastKey
    from accord.http.paging import NextCursor as NextCursor
    from accord.http.paging import NextLink as NextLink
    from accord.http.paging import Offset as Offset
    from accord.http.paging import OnePage as OnePage
    from accord.http.paging import PageNumber as PageNumber
    from accord.http.reads import Pages as Pages
    from accord.http.retry import RetryPolicy as RetryPolicy
    from accord.http.search import Search as Search
    from accord.http.signatures import sign as sign
    from accord.http.signatures import verify_hmac as verify_hmac
    from accord.http.signatures import verify_timestamped as verify_timestamped
    from accord.http.signatures import verify_token as verify_token
    from accord.http.templates import segment as segment
    from accord.http.tokens import MemoryTokens as MemoryTokens
    from accord.http.windows import Cap as Cap
    from accord.http.writes import Batch as Batch
    from accord.http.writes import Call as Call
    from accord.http.writes import Upsert as Upsert

_HOMES = {
    "answer": ("Answer",),
    "auth": ("ApiKey", "Auth", "Basic", "Bearer", "Combined", "Credentials", "Desk", "NoAuth"),
    "budget": ("MemoryBudget",),
    "client": ("Http",),
    "faults": ("ErrorRule", "ErrorTable"),
    "jobs": ("Job", "Step"),
    "limits": ("RateLimit",),
    "oauth": ("FetchedToken", "OAuth2ClientCredentials", "OAuth2Refresh"),
    "outcomes": ("AllOrNothing", "PerItem"),
    "paging": ("Keyset", "LastKey", "NextCursor", "NextLink", "Offset", "OnePage", "PageNumber"),
    "gets": ("BatchGet", "Get"),
    "reads": ("Pages",),
    "retry": ("RetryPolicy",),
    "search": ("Search",),
    "signatures": ("sign", "verify_hmac", "verify_timestamped", "verify_token"),
    "templates": ("segment",),
    "tokens": ("MemoryTokens",),
    "windows": ("Cap",),
    "writes": ("Batch", "Call", "Upsert"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: PLE0604  the names are strings; mypy sees them above
    *sorted(_HOME)
]


def __getattr__(name: str) -> Any:
    """Load the module that holds a public name."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
