"""One shop: its tables, its door (token, version, cost bucket) and the execution of documents."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, ClassVar

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from accord.sandbox import Delivery, Refused, Request, Response, Route, Target, Values
from accord.sandbox.routes import Router
from accord_shopify.sandbox import cost, seeding
from accord_shopify.sandbox.access import Access
from accord_shopify.sandbox.customers import Customers
from accord_shopify.sandbox.erasure import Erasure
from accord_shopify.sandbox.inventory import Inventory
from accord_shopify.sandbox.metafields import Metafields
from accord_shopify.sandbox.orders import Orders
from accord_shopify.sandbox.products import Products
from accord_shopify.sandbox.wire import Root, gid, number_of, type_of

RESTORE_RATE = 100.0
BUCKET = 2000.0
"""Points per second and bucket of a shop on a standard plan
(https://shopify.dev/docs/api/usage/limits, read 2026-11)."""
SCOPES = (
    "read_customers,write_customers,write_customer_data_erasure,read_orders,read_products,write_products,"
    "read_inventory,write_inventory,read_locations"
)


@cache
def schema() -> GraphQLSchema:
    """The part of the Admin API that this sandbox understands."""
    return build_schema(files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8"))


@lru_cache(64)
def understood(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """A document and what is wrong with it; clients send the same few again and again.

    Raises:
        GraphQLError: it is no GraphQL.
    """
    document = parse(query)
    return document, validate(schema(), document)


class ShopifySandbox(Access):
    """A shop of 20 locations at most, as the Admin API shows it."""

    name = "shopify"
    resolution: ClassVar[timedelta] = timedelta(seconds=1)
    first_id = 7_000_000_000_001
    domain: ClassVar[str] = "accord-sandbox.myshopify.com"
    currency: ClassVar[str] = "EUR"
    country_prefix: ClassVar[str] = "+33"

    def setup(self) -> None:
        """Declare the nouns and the one door."""
        self.metafields = Metafields(self)
        self.customers = Customers(self)
        self.products = Products(self)
        self.inventory = Inventory(self)
        self.orders = Orders(self)
        self.erasure = Erasure(self)
        self.points = self.bucket(RESTORE_RATE, BUCKET)
        self.scopes = SCOPES.split(",")
        self.fault = ""
        self.unwell = False  # Whether consents and erasures fail inside the vendor, in a 200 answer.
        self.router = _Door()
        self.declare_access()
        self.route("POST", "/admin/api/{version}/graphql.json", self.answer)

    def seed(self, seed: int, size: int) -> None:
        """Generate people, a small catalogue, stock and orders."""
        seeding.fill(self, seed, size)

    def error(self, status: int, code: str, message: str) -> Response:
        """Refusals of the door itself are no GraphQL answers."""
        if status in (401, 403):
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return Response.json({"errors": message, "code": code}, status)

    def throttled(self, seconds: float) -> Response:
        """An empty bucket is told with status 200 and without data; the time follows from its points."""
        return self._throttled(int(self.points.available + seconds * RESTORE_RATE) + 1)

    def pack_webhook(self, target: Target, topic: str, event: Mapping[str, Any]) -> Delivery:
        """A webhook signed over its body: base64 HMAC-SHA256 with the app's secret.

        Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https
        """
        body = json.dumps(event).encode()
        signature = base64.b64encode(hmac.digest(target.secret.encode(), body, "sha256")).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-Webhook-Id": self.shelf.next_id(),
            "X-Shopify-Hmac-Sha256": signature,
        }
        return Delivery(target.url, headers, body)

    def normalise(self, table: str, values: Values) -> Values:
        """What the vendor makes of values before it keeps them."""
        return self.customers.typed(values) if table == "customers" else values

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Writes that follow from another one are the vendor's own and are not counted."""
        with self.shelf.acting("seed" if self.shelf.actor == "seed" else "vendor"):
            yield

    # The execution of one document.

    def answer(self, request: Request) -> Response:
        """Validate, charge and execute one document."""
        self.erasure.happen()
        body = self.body(request)
        self.fault = request.fault
        if not isinstance(body, Mapping) or not isinstance(body.get("query"), str):
            return Response.json({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        variables = body.get("variables") or {}
        try:
            document, problems = understood(body["query"])
        except GraphQLError as wrong:
            return _refusal([wrong])
        operation = get_operation_ast(document, body.get("operationName"))
        if problems or operation is None:
            return _refusal(problems or [GraphQLError("An operation name is required")])
        meter = cost.Meter(schema(), document, variables)
        asked = meter.price(operation)
        self._charge(asked)
        result = execute_sync(
            schema(),
            document,
            self._root(operation),
            variable_values=variables,
            operation_name=body.get("operationName"),
        )
        return self._account(result, meter, operation, asked)

    def _charge(self, asked: int) -> None:
        if asked > cost.MOST:
            error = GraphQLError(
                f"Query cost is {asked}, which exceeds the single query max cost limit ({cost.MOST}).",
                extensions={"code": "MAX_COST_EXCEEDED", "cost": asked, "maxCost": cost.MOST},
            )
            raise Refused(_refusal([error]))
        if self.points.take(asked):
            raise Refused(self._throttled(asked))

    def _throttled(self, asked: int) -> Response:
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return Response.json({"errors": [error], "extensions": {"cost": self._cost(asked, None)}})

    def _account(
        self, result: ExecutionResult, meter: cost.Meter, operation: OperationDefinitionNode, asked: int
    ) -> Response:
        """Give back what was not used, and tell."""
        actual = min(asked, meter.price(operation, result.data))
        self.points.refund(asked - actual)
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [_shown(error) for error in result.errors]
        return Response.json({**body, "extensions": {"cost": self._cost(asked, actual)}})

    def _cost(self, asked: int, actual: int | None) -> dict[str, Any]:
        left = int(self.points.available)
        status = {"maximumAvailable": BUCKET, "currentlyAvailable": left, "restoreRate": RESTORE_RATE}
        return {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": status}

    def _root(self, operation: OperationDefinitionNode) -> Root:
        if operation.operation.value == "mutation":
            desks = (self.customers, self.products, self.inventory, self.metafields, self.erasure)
            return {name: call for desk in desks for name, call in desk.mutations().items()}
        desks_read = (self.customers, self.products, self.inventory, self.orders)
        root: Root = {name: call for desk in desks_read for name, call in desk.queries().items()}
        return root | {
            "shop": self.shop(),
            "currentAppInstallation": self._installation,
            "node": lambda _info, id: self.node(id),  # noqa: A006  the vendor's name
            "nodes": lambda _info, ids: [self.node(each) for each in ids],
        }

    def node(self, id_: str) -> Mapping[str, Any] | None:
        """Any object by its global id; None when there is none."""
        finders: Mapping[str, Callable[[str], Mapping[str, Any] | None]] = {
            "Customer": self.customers.node,
            "Order": self.orders.node,
            "Product": self.products.node,
            "ProductVariant": self.products.variant_node,
            "InventoryItem": self.inventory.item_node,
            "InventoryLevel": self.inventory.level_node,
            "Location": self.inventory.location_node,
        }
        finder = finders.get(type_of(id_))
        if finder is None or not number_of(id_):
            raise GraphQLError(f"Invalid global id '{id_}'", extensions={"code": "RESOURCE_NOT_FOUND"})
        return finder(id_)

    def shop(self) -> dict[str, Any]:
        """The shop itself."""
        plan = {"displayName": "Development", "partnerDevelopment": True, "shopifyPlus": False}
        return {
            "__typename": "Shop",
            "id": gid("Shop", "1001"),
            "name": "Accord Sandbox",
            "myshopifyDomain": self.domain,
            "currencyCode": self.currency,
            "ianaTimezone": "Europe/Paris",
            "plan": plan,
        }

    def _installation(self, _info: Any) -> dict[str, Any]:
        scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in self.scopes]
        return {"__typename": "AppInstallation", "id": gid("AppInstallation", "1"), "accessScopes": scopes}


class _Door(Router):
    """The router, told by the document whether a request only reads."""

    def find(self, request: Request) -> Route | None:
        """The route of a request; ``request.reads`` is true for queries."""
        route = super().find(request)
        if route is not None and route.parts[-1] == "graphql.json":
            request.reads = not _mutates(request.body)
        return route


def _mutates(body: bytes) -> bool:
    try:
        query = json.loads(body)["query"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(query, str) and query.lstrip().startswith("mutation")


def _shown(error: GraphQLError) -> dict[str, Any]:
    return dict(error.formatted)


def _refusal(errors: list[GraphQLError]) -> Response:
    """A document that was not executed: errors and no data."""
    return Response.json({"errors": [_shown(error) for error in errors]})
