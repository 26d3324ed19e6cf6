"""Who may come in: tokens for good and for a day, versions, and shops that are closed to everybody."""

from __future__ import annotations

from typing import ClassVar

from accord.sandbox import Request, Response, Route, Tokens
from accord_shopify.sandbox.shoppers import Shoppers

LIFETIME = 86_399
"""Seconds that a token of the client credentials grant lasts
(https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant)."""


class Access(Shoppers):
    """The shop's door.

    Attributes:
        credentials: What a connection proves itself with here.
        oldest: The oldest version that is served; who asks for an older one gets this.
        closed: The status that everything is answered with: 402 frozen, 423 locked; 0 = the shop is open.
    """

    credentials: ClassVar = ("token",)
    scopes: list[str]
    oldest = "2026-01"
    closed = 0

    def declare_access(self) -> None:
        """The tokens and where they are asked for."""
        self.tokens = Tokens(self.shelf, self.clock, self.random, lifetime=LIFETIME)
        self.route("POST", "/admin/oauth/access_token", self.grant, open_=True)

    def authenticate(self, request: Request) -> None:
        """The Admin API wants its own header; a token of an app of the Dev Dashboard lasts a day."""
        if self.closed:
            raise self.refuse(self.closed, "closed", "Unavailable Shop")
        token = request.header("x-shopify-access-token")
        state = self.tokens.state(token)
        if state == "expired":
            raise self.refuse(401, "token_expired", "The access token has expired.")
        if state != "valid":
            self.require_token(token)

    def grant(self, request: Request) -> Response:
        """Exchange the app's id and secret for a token: no other grant is known here."""
        form = request.form()
        if form.get("grant_type") != "client_credentials" or not form.get("client_id"):
            return Response.json({"error": "invalid_request"}, 400)
        if self.options.token not in (None, form.get("client_secret")):
            return Response.json({"error": "application_cannot_be_found"}, 400)
        issued = self.tokens.issue()
        told = {
            "access_token": issued.access,
            "scope": ",".join(self.scopes),
            "expires_in": issued.expires_in,
        }
        return Response.json(told)

    def expire_tokens(self) -> None:
        """Every token for a day ends now."""
        self.tokens.expire()

    def finish(self, request: Request, route: Route, response: Response) -> None:  # noqa: ARG002
        """The version that has answered."""
        if asked := request.params.get("version"):
            response.headers["X-Shopify-API-Version"] = max(asked, self.oldest)
