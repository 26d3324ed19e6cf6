"""Who the account is, how much it used, and OAuth."""

from __future__ import annotations

from typing import Any

from accord.sandbox import Request, Response, Sandbox, Tokens
from accord_hubspot.sandbox import answers

PORTAL = 48_151_623
APP = 1_108_000
DAILY = 250_000
SCOPES = (
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.orders.read",
    "crm.objects.orders.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "communication_preferences.read_write",
    "oauth",
)


class Account:
    """The handlers of account information and tokens."""

    def __init__(self, portal: Sandbox, tokens: Tokens) -> None:
        self._portal = portal
        self._tokens = tokens
        portal.route("GET", "/account-info/v3/details", self.details)
        portal.route("GET", "/account-info/v3/api-usage/daily", self.usage)
        portal.route("POST", "/oauth/v1/token", self.token, open_=True)
        portal.route("GET", "/oauth/v1/access-tokens/{token}", self.token_details, open_=True)

    def details(self, _request: Request) -> Response:
        """GET who we are."""
        body: dict[str, Any] = {"portalId": PORTAL, "accountType": "STANDARD", "timeZone": "Europe/Paris"}
        body |= {"companyCurrency": "EUR", "additionalCurrencies": ["GBP", "USD"], "utcOffset": "+01:00"}
        body |= {"uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1"}
        body |= {"utcOffsetMilliseconds": 3_600_000}
        return Response.json(body)

    def usage(self, _request: Request) -> Response:
        """GET today's calls."""
        row: dict[str, Any] = {"name": "private-apps-api-calls-daily", "usageLimit": DAILY}
        row["fetchStatus"] = "SUCCESS"
        now = answers.stamp(self._portal.clock.now())
        row |= {"currentUsage": self._portal.counts["requests"], "collectedAt": now, "resetsAt": now}
        return Response.json({"results": [row]})

    def token(self, request: Request) -> Response:
        """POST a code or a refresh token for an access token of 30 minutes."""
        form = request.form()
        if form.get("grant_type") == "refresh_token":
            issued = self._tokens.refresh(form.get("refresh_token", ""))
        else:
            issued = self._tokens.issue() if form.get("code") else None
        if issued is None:
            return self._portal.error(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        body = {"token_type": "bearer", "access_token": issued.access, "refresh_token": issued.refresh}
        more = {"token_use": "access_token", "hub_id": PORTAL, "scopes": list(SCOPES)}
        return Response.json({**body, **more, "expires_in": issued.expires_in})

    def token_details(self, request: Request) -> Response:
        """GET what a token is for."""
        token = request.params["token"]
        if self._tokens.state(token) != "valid":
            return self._portal.error(404, "NOT_FOUND", "The access token is invalid")
        body = {"token": token, "hub_id": PORTAL, "app_id": APP, "user_id": 1, "user": "ops@example.com"}
        body |= {"hub_domain": "example.com", "scopes": list(SCOPES), "token_type": "access"}
        return Response.json({**body, "expires_in": 1800})
