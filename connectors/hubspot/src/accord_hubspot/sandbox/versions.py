"""HubSpot's dated versions: other addresses of what its numbered versions answer, with the same bodies.

Source: developers.hubspot.com/docs/api-reference/legacy/migration-guide, and the descriptions of both.
"""

from __future__ import annotations

import re

from accord.sandbox import Request, Route
from accord.sandbox.routes import Router

SERVED = frozenset({"2026-03", "2026-09"})
DATED = re.compile(r"/(?P<api>[a-z-]+(?:/[a-z]+)?)/(?P<date>20[0-9]{2}-[0-9]{2})/(?P<rest>.+)")
NUMBERED = {
    "crm/objects": "crm/v3/objects",
    "crm/properties": "crm/v3/properties",
    "crm/associations": "crm/v4/associations",
    "communication-preferences": "communication-preferences/v4",
    "account-info": "account-info/v3",
}
PAIRS = re.compile(r"[^/]+/[^/]+/associations/.+")


def numbered(path: str) -> str:
    """The numbered address of a dated one; a version that is not served leads nowhere."""
    found = DATED.fullmatch(path)
    if found is None:
        return path
    api, rest = found["api"], found["rest"]
    if found["date"] not in SERVED or api not in NUMBERED:
        return "/retired"
    root = "crm/v4/objects" if api == "crm/objects" and PAIRS.fullmatch(rest) else NUMBERED[api]
    return f"/{root}/{rest}"


class Versions(Router):
    """The router, which knows both kinds of address."""

    def find(self, request: Request) -> Route | None:
        """The route of a request, under whichever address it came."""
        asked = request.path
        request.path = numbered(asked)
        try:
            return super().find(request)
        finally:
            request.path = asked
