"""What may be shown of a request: never a secret, never an id that could name a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

HIDDEN = "***"

# Only headers known to be harmless are shown: an unknown header may hold a secret.
_HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "api-version",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "ratelimit",
        "retry-after",
        "server",
        "transfer-encoding",
        "user-agent",
        "x-request-id",
    }
)

# Exact names only: page_token, sync_token and continuation_token are positions, not secrets.
_SECRET_PARAMETERS = frozenset(
    {
        "access_token",
        "api_key",
        "api_secret",
        "api_token",
        "apikey",
        "appsecret_proof",
        "auth_token",
        "client_secret",
        "consumer_key",
        "consumer_secret",
        "hapikey",
        "oauth_token",
        "password",
        "refresh_token",
        "ws_key",
    }
)

_WORD = re.compile(r"[A-Za-z][A-Za-z_\-.:]{0,40}")
_VERSION = re.compile(r"v\d{1,3}(\.\d{1,3}){0,2}|\d{1,2}\.\d{1,3}|\d{4}-\d{2}(-\d{2})?")
_PLACEHOLDER = re.compile(r"\{[a-z_.]*\}")
_CODE = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_.:/\-]{0,59}")


def is_secret_parameter(name: str) -> bool:
    """Whether a query parameter of this name carries a credential."""
    return name.lower().replace("-", "_") in _SECRET_PARAMETERS


def headers(sent: Mapping[str, str]) -> dict[str, str]:
    """The headers with every value hidden that is not known to be harmless."""
    return {name: value if name.lower() in _HARMLESS_HEADERS else HIDDEN for name, value in sent.items()}


def query(params: Mapping[str, object]) -> dict[str, str]:
    """The names of the parameters; their values (ids, addresses, tokens) are hidden."""
    return dict.fromkeys(params, HIDDEN)


def path_template(path_or_url: str) -> str:
    """A path fit for messages and logs: no host, no query, everything that looks like an id as ``{}``.

    Words and version numbers stay. A path whose ids are plain words cannot be told from fixed text:
    whoever builds such a path passes its template instead.
    """
    path = urlsplit(path_or_url).path
    return "/".join(segment if _shows(segment) else "{}" for segment in path.split("/"))


def _shows(segment: str) -> bool:
    return not segment or any(form.fullmatch(segment) for form in (_WORD, _VERSION, _PLACEHOLDER))


def short_code(value: object) -> str:
    """A vendor's error code when it looks like an identifier of at most 60 characters, else nothing.

    A sentence may quote the record; an identifier cannot.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    text = str(value)
    return text if _CODE.fullmatch(text) else ""
