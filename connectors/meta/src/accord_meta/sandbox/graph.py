"""The Graph API's manners: nodes, tokens, numbered errors, and limits told in percent."""

from __future__ import annotations

import json
import re
from typing import Any

from accord.sandbox import Bucket, Refused, Request, Response, Route, Sandbox
from accord_meta.problem import RETIRED, UPLOAD_BLOCKED

ACCOUNT = "10150000000000001"
BUSINESS = "10160000000000001"

INVALID_PARAMETER = 100
INVALID_TOKEN = 190
CUSTOM_AUDIENCE_LIMIT = 80003

CODES = {
    "unauthorized": INVALID_TOKEN,
    "token_expired": INVALID_TOKEN,
    "rate_limited": CUSTOM_AUDIENCE_LIMIT,
    "not_found": INVALID_PARAMETER,
    "invalid_json": INVALID_PARAMETER,
}
SHA256 = re.compile(r"[0-9a-f]{64}")


class Graph(Sandbox):
    """What every node of the graph has in common."""

    name = "meta"
    oldest = 25.0
    """The oldest version of the Marketing API that is served (its changelog, "Versions", November 2026)."""

    def declare_limits(self) -> None:
        """The limit of custom audiences at standard access."""
        self.audience_calls: Bucket = self.bucket(5000 / 3600, 5000)

    def authenticate(self, request: Request) -> None:
        """The token travels as a bearer or as a parameter; a wrong one is answered with 400."""
        token = request.bearer or str(self.arguments(request).get("access_token", ""))
        if not token or self.options.token not in (None, token):
            raise self.refusal(INVALID_TOKEN, "Invalid OAuth access token.", kind="OAuthException")
        if float(request.params["version"].removeprefix("v")) < self.oldest:
            raise self.refusal(int(RETIRED), "You are calling a deprecated version of the Ads API.")

    def throttle(self, request: Request, route: Route) -> None:  # noqa: ARG002
        """Changes of audiences are counted by the hour."""
        if route.kind == "audience" and (wait := self.audience_calls.take()):
            raise Refused(self.throttled(wait))

    def throttled(self, seconds: float) -> Response:
        """A 400 that says in minutes, inside a header, when to come back."""
        response = self.graph_error(
            CUSTOM_AUDIENCE_LIMIT, "There have been too many calls to this ad-account."
        )
        response.headers["X-Business-Use-Case-Usage"] = _usage(100, minutes=max(1, round(seconds / 60)))
        return response

    def finish(self, request: Request, route: Route, response: Response) -> None:  # noqa: ARG002
        """Answers about audiences tell how much of the hour is spent."""
        bucket = self.audience_calls
        spent = round(100 * (1 - bucket.available / bucket.burst))
        if route.kind == "audience":
            response.headers.setdefault("X-Business-Use-Case-Usage", _usage(spent))

    def error(self, status: int, code: str, message: str) -> Response:
        """What the kit refuses, in Meta's numbers and with the kit's status."""
        response = self.graph_error(CODES.get(code, INVALID_PARAMETER), message)
        response.status = 400 if status == 404 else status  # noqa: PLR2004  an unknown path is a bad request
        return response

    def graph_error(
        self, code: int, message: str, subcode: int | None = None, *, kind: str = "OAuthException"
    ) -> Response:
        """Meta's error object."""
        error: dict[str, Any] = {
            "message": message,
            "type": kind,
            "code": code,
            "is_transient": False,
            "fbtrace_id": f"A{self.random.getrandbits(80):x}",
        }
        if subcode is not None:
            error["error_subcode"] = subcode
        if subcode == UPLOAD_BLOCKED:
            error["error_user_title"] = "Audience Upload Blocked"
            error["error_user_msg"] = "Resolve the integrity restrictions on this audience first."
        return Response.json({"error": error}, 400)

    def refusal(
        self, code: int, message: str, subcode: int | None = None, *, kind: str = "OAuthException"
    ) -> Refused:
        """Meta's error as something to raise."""
        return Refused(self.graph_error(code, message, subcode, kind=kind))

    def arguments(self, request: Request) -> dict[str, Any]:
        """The parameters of a request: of its query, its form or its JSON body; JSON texts decoded."""
        found: dict[str, Any] = {name: request.argument(name) for name in request.query}
        if "form-urlencoded" in request.header("content-type"):
            found |= request.form()
        elif request.body:
            body = self.body(request)
            if not isinstance(body, dict):
                raise self.refusal(INVALID_PARAMETER, "The body must be an object.")
            found |= body
        return {name: _decoded(value) for name, value in found.items()}

    def fields(self, request: Request, node: dict[str, Any]) -> Response:
        """The asked fields of a node, and always its id."""
        wanted = {"id", *request.arguments("fields")}
        return Response.json({name: value for name, value in node.items() if name in wanted})


def _decoded(value: Any) -> Any:
    """A parameter that is JSON in a text, as forms and queries carry it."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _usage(percent: int, *, minutes: int = 0) -> str:
    told = {
        "type": "custom_audience",
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
        "ads_api_access_tier": "standard_access",
    }
    return json.dumps({BUSINESS: [told]})
