"""A vendor of twenty lines, made with the kit as a connector's sandbox is."""

from __future__ import annotations

import httpx

from accord.sandbox import Request, Response, Sandbox, SandboxOptions
from accord.sandbox.table import Values

CUSTOMERS = "/customers"


class Shop(Sandbox):
    """Customers with a unique e-mail address."""

    name = "shop"

    def setup(self) -> None:
        self.customers = self.shelf.table("customers", {"email": lambda values: values.get("email")})
        self.limit = self.bucket(10, 10)
        self.route("GET", CUSTOMERS, self.listing)
        self.route("POST", CUSTOMERS, self.create)
        self.route("GET", CUSTOMERS + "/{id}", self.get)
        self.route("PUT", CUSTOMERS + "/{id}", self.put)
        self.route("GET", CUSTOMERS + "/count", self.count)

    def seed(self, seed: int, size: int) -> None:
        for number in range(size):
            self.customers.insert({"email": f"{seed}-{number}@example.com"})

    def normalise(self, table: str, values: Values) -> Values:
        return {name: str(value).strip() for name, value in values.items()}

    def listing(self, request: Request) -> Response:
        start = int(request.argument("start", "0"))
        page = self.page(request, self.customers.indexed(), start, 10)
        return Response.json([item.id for item in page])

    def create(self, request: Request) -> Response:
        values = self.normalise("customers", self.body(request))
        if self.customers.find("email", values["email"]):
            raise self.refuse(409, "taken", "The address is taken.")
        item = self.customers.insert(values)
        self.emit("created", {"id": item.id})
        return Response.json({"id": item.id}, 201)

    def get(self, request: Request) -> Response:
        item = self.customers.get(request.params["id"])
        if item is None:
            raise self.refuse(404, "gone", "There is no such customer.")
        return Response.json(item.values)

    def put(self, request: Request) -> Response:
        item = self.customers.get(request.params["id"])
        assert item is not None
        self.require_version(item, request)
        return Response.json({"version": self.customers.update(item.id, self.body(request)).version})

    def count(self, request: Request) -> Response:
        return Response.json(len(self.customers))


def shop(**choices: object) -> Shop:
    """An empty shop without lag, unless told otherwise."""
    return Shop(SandboxOptions(**{"size": 0, "l_max": 0, **choices}))  # type: ignore[arg-type]


def client(sandbox: Sandbox) -> httpx.Client:
    """A client in the same process, with a token."""
    headers = {"Authorization": "Bearer token"}
    return httpx.Client(transport=sandbox.transport(), base_url="https://shop", headers=headers)
