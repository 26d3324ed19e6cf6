"""A Shopify shop: settings, HTTP client, account, and the metafield that holds our reference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

import accord
from accord.errors import AccessError, AnswerShapeError, RecordRejectedError
from accord.http import ApiKey, Auth, ErrorRule, ErrorTable, Http, RateLimit
from accord_shopify import reference
from accord_shopify.privacy import privacy_request
from accord_shopify.streams.customers import Customers
from accord_shopify.streams.inventory import InventoryLevels
from accord_shopify.streams.orders import Orders
from accord_shopify.streams.products import Products

SCOPES = {
    "customers": ("read_customers", "write_customers", "write_customer_data_erasure"),
    "orders": ("read_orders",),
    "products": ("read_products", "write_products"),
    "inventory_levels": ("read_inventory", "write_inventory", "read_locations"),
}
"""What each stream needs (https://shopify.dev/docs/api/usage/access-scopes)."""

SHOP = """query Shop {
  shop { id name myshopifyDomain currencyCode plan { displayName } }
  currentAppInstallation { accessScopes { handle } }
}"""

DEFINE = """mutation DefineReference($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id }
    userErrors { code field message }
  }
}"""

GRAPHQL_ANSWER = 200
"""The status of every GraphQL answer, refusals included."""

KEY_HEADER = "X-Shopify-Access-Token"
VERSION_HEADER = "x-shopify-api-version"
"""The version that answered; a retired one is answered by the oldest that is left
(https://shopify.dev/docs/api/usage/versioning)."""

ERRORS = ErrorTable(
    rules=(
        ErrorRule(402, AccessError, hint="The shop is frozen: its owner must settle the bill in its admin."),
        ErrorRule(
            404, AccessError, hint="No shop of this name serves this version: correct shop or api_version."
        ),
        ErrorRule(
            423, AccessError, hint="Shopify has locked the shop: its owner must ask Shopify's support."
        ),
        ErrorRule(
            430,
            AccessError,
            hint="Shopify's guard turned the request away: run again later, and ask "
            "Shopify's support if it lasts.",
        ),
    )
)
"""What is wrong with a shop as a whole, and never with a record
(https://shopify.dev/docs/api/usage/response-codes)."""


class ShopifySettings(accord.Settings):
    """The connection's keys in accord.toml.

    Attributes:
        shop: The shop's name before ``.myshopify.com``, or that whole address.
        client_id: The client id of an app of the Dev Dashboard; with ``app_secret`` it fetches tokens that
            last a day. README.md lists the scopes that the app needs.
        app_secret: The app's client secret. It also signs the app's webhooks.
        token: Instead of ``client_id``: the Admin API access token of a custom app made in the shop's admin,
            which was possible until the end of 2025.
        api_version: The dated version of the Admin API.
    """

    shop: str
    client_id: str | None = None
    app_secret: SecretStr | None = None
    token: SecretStr | None = None
    api_version: str = Field(default="2026-07", pattern="^(20[0-9]{2}-(01|04|07|10)|unstable)$")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.token is None) == (self.client_id is None):
            raise ValueError("give either client_id (with app_secret) or token")
        if self.client_id is not None and self.app_secret is None:
            raise ValueError("client_id needs app_secret, the app's client secret")
        return self

    @field_validator("shop")
    @classmethod
    def _only_the_name(cls, value: str) -> str:
        name = value.removeprefix("https://").rstrip("/").removesuffix(".myshopify.com").lower()
        if not name.replace("-", "").isalnum():
            raise ValueError("expected the shop's name, as in <name>.myshopify.com")
        return name


class Shopify(accord.Connector[ShopifySettings]):
    """The Admin GraphQL API of one shop."""

    name = "shopify"
    title = "Shopify"
    settings = ShopifySettings
    streams = (Customers, Orders, Products, InventoryLevels)
    # Points of query cost on a standard plan (https://shopify.dev/docs/api/usage/limits); the answers'
    # throttleStatus corrects this for other plans.
    limits = (RateLimit(100, seconds=1, burst=2000),)
    api_version = "2026-07"
    documentation = "https://shopify.dev/docs/api/admin-graphql"

    def connect(self) -> Http:
        """A client with the app's token."""
        settings = self.settings_value
        return Http(
            str(settings.base_url or f"https://{settings.shop}.myshopify.com"),
            context=self.context,
            auth=_auth(settings),
            limits=self.limits,
            errors=ERRORS,
        )

    @property
    def path(self) -> str:
        """Where every document goes."""
        return f"/admin/api/{self.settings_value.api_version}/graphql.json"

    def check(self) -> accord.Account:
        """Ask for the shop, the version that answers and the scopes we were granted.

        Raises:
            AccessError: the token is refused.
        """
        answer = self.http.graphql_answer(self.path, SHOP, cost=4)
        data = answer.json()["data"]
        shop, wanted = data["shop"], self.settings_value.api_version
        served = answer.headers.get(VERSION_HEADER) or wanted
        older = (
            f"API version {wanted}: the shop answers with {served} instead, so set api_version to a later one"
        )
        granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
        needed = [scope for scopes in SCOPES.values() for scope in scopes]
        return accord.Account(
            fingerprint=str(shop["id"]),
            title=str(shop["myshopifyDomain"]),
            details={
                "name": shop["name"],
                "plan": shop["plan"]["displayName"],
                "currency": shop["currencyCode"],
                "api": served,
                "orders": "all" if "read_all_orders" in granted else "the last 60 days",
            },
            missing=[
                *((older,) if served != wanted else ()),
                *(scope for scope in needed if not _allows(granted, scope)),
            ],
        )

    def privacy_request(self, body: bytes, headers: Mapping[str, str]) -> accord.PrivacyRequest:
        """Verify and understand a privacy webhook of this shop.

        Raises:
            AccessError: it is not from this shop, or this connection has no ``app_secret``.
            AnswerShapeError: it is signed, but not as documented.
        """
        settings = self.settings_value
        if settings.app_secret is None:
            name = self.context.connection
            raise AccessError(
                f"connection {name} has no app_secret to verify webhooks with",
                hint=f"Set app_secret of [connections.{name}] to the app's client secret.",
            )
        return privacy_request(body, headers, settings.app_secret, shop=f"{settings.shop}.myshopify.com")

    @cached_property
    def currency(self) -> str:
        """The shop's currency: prices in the Admin API stand without one."""
        return str(self.http.graphql(self.path, SHOP, cost=4)["shop"]["currencyCode"])

    def define_reference(self, owner: str) -> bool:
        """See to it that our metafield exists with the type ``id``, which makes its values unique.

        So a create that was delivered twice is refused by the shop itself. Repeating changes nothing.
        Source: https://shopify.dev/docs/apps/build/custom-data/metafields/working-with-custom-ids

        Returns:
            Whether records can be found by our reference. False where the app may not define metafields:
            then natural keys have to do.
        """
        if owner not in self._defined:
            self._defined[owner] = self._define(owner)
        return self._defined[owner]

    @cached_property
    def _defined(self) -> dict[str, bool]:
        return {}

    def _define(self, owner: str) -> bool:
        variables = {"definition": reference.definition(owner)}
        try:
            data = self.http.graphql(self.path, DEFINE, variables, cost=10, safe=True)
        except (AccessError, AnswerShapeError, RecordRejectedError) as error:
            # Answered with a GraphQL code, the shop says no: the definition is a help, not a need, and find
            # falls back to natural keys. Anything else (401, a proxy's page) is no answer to remember.
            if error.facts.get("status") == GRAPHQL_ANSWER and error.facts.get("code"):
                return False
            raise
        errors: list[dict[str, Any]] = data["metafieldDefinitionCreate"]["userErrors"]
        return all(error.get("code") == "TAKEN" for error in errors)


def _auth(settings: ShopifySettings) -> Auth:
    """A token for good, or one for a day.

    Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
    """
    if settings.token is not None:
        return ApiKey(settings.token, header=KEY_HEADER)
    from accord.http import OAuth2ClientCredentials

    return OAuth2ClientCredentials(
        "/admin/oauth/access_token",
        str(settings.client_id),
        settings.app_secret,
        header=KEY_HEADER,
        scheme="",
    )


def _allows(granted: set[str], scope: str) -> bool:
    """A right to write includes the right to read."""
    return scope in granted or scope.replace("read_", "write_", 1) in granted
