"""A stand-in for Brevo's API v3: contacts, imports, orders, account, and the general tier's limits.

Shapes follow the vendor's OpenAPI document (getbrevo/brevo-php, November 2024); limits and their headers
follow developers.brevo.com/docs/api-limits and /docs/limit-headers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accord.sandbox import Bucket, Item, Refused, Request, Response, Route, SandboxOptions, Values, people
from accord_brevo.sandbox_consent import ConsentHandlers
from accord_brevo.sandbox_contacts import moment

IMPORT_TAKES = 0.05
"""Seconds until an import has happened."""

ORDERS_PAGE, ORDERS_BATCH = 100, 100
NEEDED = ("id", "createdAt", "updatedAt", "status", "amount", "products")


class BrevoSandbox(ConsentHandlers):
    """One Brevo account."""

    name = "brevo"

    def setup(self) -> None:
        """Tables, routes and the rate limits of the general tier."""
        self.limits: dict[str, Bucket] = {
            "contacts": self.bucket(10, 10),
            "orders": self.bucket(5, 5),
            "blocks": self.bucket(1000, 1000),
            "ecommerce": self.bucket(100 / 3600, 100),
            "": self.bucket(100 / 3600, 100),
        }
        self.declare_contacts()
        self.declare_consent()
        self.orders = self.shelf.table("orders")
        self.processes = self.shelf.table("_processes")
        self.route("GET", "/v3/account", self.account)
        self.route("POST", "/v3/contacts/import", self.import_contacts, kind="contacts")
        self.route("GET", "/v3/processes/{process}", self.get_process)
        self.ecommerce = True
        currency = "/v3/ecommerce/config/displayCurrency"
        self.route("GET", currency, self.display_currency, kind="ecommerce")
        self.route("GET", "/v3/orders", self.list_orders)
        self.route("POST", "/v3/orders/status", self.post_order, kind="orders")
        self.route("POST", "/v3/orders/status/batch", self.post_orders)

    def seed(self, seed: int, size: int) -> None:
        """People as this account knows them; who has withdrawn is on the blacklist."""
        for person in people.known_to("brevo", seed, size):
            fields = self.fields(_typed(person.document))
            if self.owners(fields) or not (fields.get("email") or fields["attributes"].get("SMS")):
                continue  # Brevo holds one contact per address and per number
            blocked = {"emailBlacklisted": person.consent.get("email") == "withdrawn"}
            blocked["smsBlacklisted"] = person.consent.get("sms") == "withdrawn"
            self.contacts.insert(self.normalise("contacts", {**fields, **blocked}))

    # Every answer.

    def authenticate(self, request: Request) -> None:
        """The key travels in its own header."""
        self.require_token(request.header("api-key"))

    def throttle(self, request: Request, route: Route) -> None:  # noqa: ARG002
        """One bucket per endpoint class; imports that are due happen first."""
        self.finish_imports()
        wait = self.limits[route.kind].take()
        if wait:
            raise Refused(self.throttled(wait))

    def throttled(self, seconds: float) -> Response:
        """A 429 that says only in its rate-limit headers when to come back."""
        response = self.error(429, "invalid_parameter", "Too many requests.")
        response.headers["x-sib-ratelimit-reset"] = str(max(1, round(seconds)))
        return response

    def finish(self, request: Request, route: Route, response: Response) -> None:  # noqa: ARG002
        """Every answer carries the state of its bucket."""
        bucket = self.limits[route.kind]
        missing = (bucket.burst - bucket.available) / bucket.rate if bucket.rate else 0.0
        response.headers["x-sib-ratelimit-limit"] = str(int(bucket.burst))
        response.headers["x-sib-ratelimit-remaining"] = str(int(bucket.available))
        response.headers.setdefault("x-sib-ratelimit-reset", str(max(1, round(missing))))

    def account(self, request: Request) -> Response:  # noqa: ARG002
        """Who owns the key."""
        address = {"street": "1 Example Street", "city": "Example", "zipCode": "00000", "country": "France"}
        relay = {
            "enabled": True,
            "data": {"userName": "owner@example.com", "relay": "smtp.example.com", "port": 587},
        }
        plan = [{"type": "free", "credits": 300, "creditsType": "sendLimit"}]
        return Response.json(
            {
                "organization_id": "65f0c0de0000000000000001",
                "email": "owner@example.com",
                "firstName": "Ola",
                "lastName": "Owner",
                "companyName": "Example Sandbox",
                "address": address,
                "plan": plan,
                "relay": relay,
            }
        )

    # Imports: accepted now, applied a moment later, never reported one by one.

    def import_contacts(self, request: Request) -> Response:
        """Start a background import of a JSON body."""
        body = self.body(request)
        if not body.get("listIds") and not body.get("newList"):
            raise self.refuse(400, "missing_parameter", "listIds or newList is missing")
        if not isinstance(body.get("jsonBody"), list):
            raise self.refuse(400, "missing_parameter", "this sandbox imports from jsonBody")
        due = self.clock.now() + timedelta(seconds=IMPORT_TAKES)
        with self.shelf.acting("vendor"):
            item = self.processes.insert({"body": body, "due": due.isoformat(), "status": "queued"})
        return Response.json({"processId": int(item.id)}, 202)

    def get_process(self, request: Request) -> Response:
        """How far an import is."""
        item = self.processes.get(request.params["process"])
        if item is None:
            raise self.refuse(404, "document_not_found", "Process ID not found")
        return Response.json({"id": int(item.id), "name": "IMPORTUSER", "status": item.values["status"]})

    def finish_imports(self) -> None:
        """Apply the imports whose time has come; rows that cannot be applied are skipped in silence."""
        for item in self.processes.items():
            due = datetime.fromisoformat(item.values["due"])
            if item.values["status"] == "queued" and due <= self.clock.now():
                body = item.values["body"]
                for row in body["jsonBody"]:
                    self.import_row(
                        {**row, "listIds": body.get("listIds")},
                        update=body.get("updateExistingContacts", True),
                    )
                with self.shelf.acting("vendor"):
                    self.processes.update(item.id, {"status": "completed"})

    def import_row(self, row: Values, *, update: bool) -> None:
        """One row of an import."""
        try:
            fields = self.fields(row)
            found = self.owners(fields)
            if not found and fields.get("email"):
                self.contacts.insert(self.normalise("contacts", fields))
            elif update and len(set(found.values())) == 1:
                self.change(next(iter(found.values())), fields)
        except Refused:
            return

    # Orders.

    def display_currency(self, request: Request) -> Response:  # noqa: ARG002
        """The currency of the e-commerce app, which an account activates first (``ecommerce``)."""
        self.require_ecommerce()
        return Response.json({"code": "EUR"})

    def require_ecommerce(self) -> None:
        """Refuse what needs the e-commerce app of an account that has not activated it."""
        if not self.ecommerce:
            raise self.refuse(403, "permission_denied", "eCommerce is not activated")

    def list_orders(self, request: Request) -> Response:
        """A page of orders by offset, ordered by creation."""
        limit, offset = self.window(request, ORDERS_PAGE)
        since = self.instant(request, "modifiedSince")
        rows = self.orders.indexed() if since is None else self.orders.changed_since(since)
        ordered = sorted(
            rows, key=lambda item: (item.created_at, item.id), reverse=request.argument("sort") != "asc"
        )
        page = [self.order(item) for item in self.page(request, ordered, offset, limit)]
        return Response.json({"orders": page, "count": len(rows)})

    def post_order(self, request: Request) -> Response:
        """Create an order or move its status on."""
        self.require_ecommerce()
        self.keep_order(self.checked_order(self.body(request)))
        return Response.empty()

    def post_orders(self, request: Request) -> Response:
        """Several orders at once."""
        orders = self.body(request).get("orders") or []
        if not 0 < len(orders) <= ORDERS_BATCH:
            raise self.refuse(400, "out_of_range", "orders takes 1 to 100 entries")
        for order in [self.checked_order(order) for order in orders]:
            self.keep_order(order)
        return Response.json({"batchId": int(self.shelf.next_id()), "count": len(orders)}, 202)

    def checked_order(self, order: Values) -> Values:
        """Refuse an order that lacks what Brevo demands."""
        missing = [name for name in NEEDED if order.get(name) is None]
        if missing:
            raise self.refuse(400, "missing_parameter", f"{missing[0]} is missing")
        return order

    def keep_order(self, order: Values) -> None:
        """Upsert by the caller's order id."""
        if order["id"] in self.orders:
            self.orders.overwrite(order["id"], order)
        else:
            self.orders.insert(order, id_=order["id"])

    def order(self, item: Item) -> dict[str, Any]:
        """An order as lists show it, with the contact it was joined to."""
        who = item.values.get("identifiers") or {}
        names = (("email_id", "email_id"), ("phone_id", "phone_id"), ("ext_id", "ext_id"))
        contact = next(
            (c for name, kind in names if who.get(name) and (c := self.lookup(kind, who[name]))), None
        )
        joined = {"contact_id": int(contact.id), "email": contact.values.get("email", "")} if contact else {}
        return {**item.values, **joined, "updatedAt": item.values.get("updatedAt") or moment(item.updated_at)}


def _typed(document: Values) -> Values:
    """A person as the account's owner would have typed them in."""
    place = (document.get("addresses") or {}).get("default") or {}
    attributes = {
        "FIRSTNAME": document.get("given_name"),
        "LASTNAME": document.get("family_name"),
        "SMS": document.get("phone"),
        "LANGUAGE": document.get("language"),
        "BIRTHDATE": document.get("birth_date"),
        "COMPANY": document.get("company"),
        "STREET": place.get("street_address"),
        "CITY": place.get("locality"),
        "POSTCODE": place.get("postal_code"),
        "REGION": place.get("region"),
        "COUNTRY": place.get("country"),
    }
    kept = {name: value for name, value in attributes.items() if value}
    return {"email": document.get("email"), "attributes": kept, "listIds": [2]}


def create(options: SandboxOptions) -> BrevoSandbox:
    """The factory behind ``accord sandbox brevo``."""
    return BrevoSandbox(options)
