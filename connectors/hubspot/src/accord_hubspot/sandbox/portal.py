"""One HubSpot portal: accounts, tokens, limits, merges, erasure, webhooks and the generated records.

Limits: 190 requests in 10 seconds per app and 5 searches per second (newer private apps); the headers
``X-HubSpot-RateLimit-*`` are not on answers to searches; a 429 names its ``policyName``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from accord.sandbox import (
    Delivery,
    Item,
    Refused,
    Request,
    Response,
    Route,
    Sandbox,
    Target,
    Tokens,
    Values,
    people,
)
from accord_hubspot.sandbox import answers
from accord_hubspot.sandbox.account import APP, DAILY, PORTAL, Account
from accord_hubspot.sandbox.associations import Associations
from accord_hubspot.sandbox.objects import Objects
from accord_hubspot.sandbox.properties import KINDS, Kind, Properties
from accord_hubspot.sandbox.rows import contact, order
from accord_hubspot.sandbox.subscriptions import Subscriptions
from accord_hubspot.sandbox.versions import Versions

WINDOW = 10.0
CALLS = 190
SEARCHES = 5


class HubSpotSandbox(Sandbox):
    """HubSpot: contacts, orders, associations, properties, communication preferences, OAuth."""

    name: ClassVar[str] = "hubspot"
    first_id: ClassVar[int] = 30_101

    closed = 0
    """The status that everything is answered with: 423 locked, 477 on its way to another data centre."""

    def setup(self) -> None:
        """Tables, routes and limits."""
        self.router = Versions()
        self._aliases = self.shelf.table("_aliases")
        self._blocked = self.shelf.table("_blocklist")
        self.properties = Properties(self, self.shelf.table("_properties"))
        self.objects = {name: Objects(self, kind) for name, kind in KINDS.items()}
        self.associations = Associations(self)
        self.subscriptions = Subscriptions(self)
        self.tokens = Tokens(self.shelf, self.clock, self.random)
        self._calls = self.bucket(CALLS / WINDOW, CALLS)
        self._searches = self.bucket(SEARCHES, SEARCHES)
        self._events = 0
        self.route("POST", "/crm/v3/objects/contacts/merge", self.merge)
        self.route("POST", "/crm/v3/objects/contacts/gdpr-delete", self.gdpr_delete)
        self.route("GET", "/crm/v3/properties/{type}", self.properties.listing)
        self.route("POST", "/crm/v3/properties/{type}", self.properties.create)
        self.route("GET", "/crm/v3/properties/{type}/{name}", self.properties.one)
        Account(self, self.tokens)

    def seed(self, seed: int, size: int) -> None:
        """The people HubSpot knows, their wishes, and their orders."""
        found: dict[str, str] = {}
        for person in people.known_to(self.name, seed, size):
            item = self.objects["contacts"].table.insert(contact(person))
            found[f"{person.key}:{person.document.get('email')}"] = item.id
            email, state = person.document.get("email"), person.consent.get("email")
            if email and state != "unknown":
                status = "SUBSCRIBED" if state == "granted" else "UNSUBSCRIBED"
                self.subscriptions.put(str(email), "1001", status)
        for purchase in people.orders(self.name, seed, size):
            buyer = found.get(f"{purchase.person.key}:{purchase.person.document.get('email')}")
            item = self.objects["orders"].table.insert(order(purchase))
            if buyer is not None:
                to = {"to": {"id": buyer}, "types": [{"associationTypeId": 507}]}
                self.associations.attach(KINDS["orders"], item.id, to)

    # What HubSpot says.

    def error(self, status: int, code: str, message: str) -> Response:
        """An error in HubSpot's shape; the kit's own codes get HubSpot's categories."""
        category = answers.CATEGORIES.get(code, code)
        return answers.error(self.random, status, category, message)

    def authenticate(self, request: Request) -> None:
        """A key, or an OAuth token that is still alive; nobody comes in while the portal is closed."""
        if self.closed:
            raise Refused(answers.closed(self.random, self.closed))
        token = request.bearer
        state = self.tokens.state(token)
        if state == "expired":
            message = "The OAuth token used to make this call expired a moment ago."
            raise self.refuse(401, "EXPIRED_AUTHENTICATION", message)
        if state != "valid":
            self.require_token(token)

    def throttle(self, request: Request, route: Route) -> None:  # noqa: ARG002
        """Ten-second window for all calls, one-second window for searches."""
        if route.kind == "search" and self._searches.take() > 0:
            raise Refused(self._limited("SECONDLY"))
        if self._calls.take() > 0:
            raise Refused(self._limited("TEN_SECONDLY_ROLLING"))

    def throttled(self, seconds: float) -> Response:
        """A 429 of the gateway in front, which names the seconds to wait."""
        response = self._limited("TEN_SECONDLY_ROLLING")
        response.headers["Retry-After"] = str(max(1, round(seconds)))
        return response

    def _limited(self, policy: str) -> Response:
        message = f"You have reached your {policy.lower()} limit."
        more = {"errorType": "RATE_LIMIT", "policyName": policy, "groupName": "publicapi:private-apps:calls"}
        return answers.error(self.random, 429, "RATE_LIMITS", message, **more)

    def finish(self, request: Request, route: Route, response: Response) -> None:  # noqa: ARG002
        """The rate-limit headers."""
        response.headers["X-HubSpot-Correlation-Id"] = answers.correlation(self.random)
        if route.kind == "search":
            return
        left = max(0, DAILY - self.counts["requests"])
        response.headers.update(
            {
                "X-HubSpot-RateLimit-Daily": str(DAILY),
                "X-HubSpot-RateLimit-Daily-Remaining": str(left),
                "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(WINDOW * 1000)),
                "X-HubSpot-RateLimit-Max": str(CALLS),
                "X-HubSpot-RateLimit-Remaining": str(int(self._calls.available)),
            }
        )

    # What happens to contacts.

    def alias(self, kind: str, key: str) -> str:
        """The id that an id or address of a merged record leads to now, '' when none."""
        item = self._aliases.get(f"{kind}:{key}")
        return str(item.values["to"]) if item else ""

    def blocked(self, email: str) -> bool:
        """Whether an address may not come back."""
        return email.lower() in self._blocked

    def merge(self, request: Request) -> Response:
        """POST two contacts: both disappear into a new one, to which both ids lead."""
        body = self.body(request) or {}
        contacts = self.objects["contacts"]
        first = contacts.find(str(body.get("primaryObjectId", "")))
        second = contacts.find(str(body.get("objectIdToMerge", "")))
        if first is None or second is None or first.id == second.id:
            raise self.refuse(404, "OBJECT_NOT_FOUND", "One of the contacts does not exist")
        return Response.json(answers.record(self._melt(first, second), ["email"], KINDS["contacts"].stamps))

    def _melt(self, first: Item, second: Item) -> Item:
        kind, table = KINDS["contacts"], self.objects["contacts"].table
        values = {**second.values, **{name: value for name, value in first.values.items() if value}}
        values["hs_merged_object_ids"] = ";".join(
            part
            for item in (first, second)
            for part in (*str(item.values.get("hs_merged_object_ids") or "").split(";"), item.id)
            if part
        )
        other = second.values.get("email")
        if other and other != values.get("email"):
            known = [part for part in str(values.get("hs_additional_emails") or "").split(";") if part]
            values["hs_additional_emails"] = ";".join([*known, other])
        for item in (first, second):
            table.remove(item.id)
        merged = table.insert(values)
        for item in (first, second):
            self._lead(item, merged.id, str(other or "") if item is second else "")
            with self.shelf.acting("vendor"):
                self.associations.move(kind, item.id, merged.id)
        self.tell(kind, "merge", merged, primaryObjectId=int(first.id), mergedObjectIds=[int(second.id)])
        return merged

    def _lead(self, item: Item, to: str, email: str) -> None:
        """Everything that led to a record, and the record itself, leads to the new one."""
        for alias in [row for row in self._aliases.items() if row.values["to"] == item.id]:
            self._aliases.update(alias.id, {"to": to})
        names = [f"contacts:{item.id}"]
        if email:
            names.append(f"email:{email}")
        for name in names:
            if name in self._aliases:
                self._aliases.update(name, {"to": to})
            else:
                self._aliases.insert({"to": to}, id_=name)

    def gdpr_delete(self, request: Request) -> Response:
        """POST an id or address to erase for good; an unknown address is blocked for the future."""
        body = self.body(request) or {}
        key, by = str(body.get("objectId") or ""), body.get("idProperty")
        contacts = self.objects["contacts"]
        item = contacts.find(key, by)
        if item is not None:
            contacts.table.remove(item.id)
            self.tell(KINDS["contacts"], "privacyDeletion", item)
        elif by == "email":
            if not self.blocked(key):
                self._blocked.insert({}, id_=key.lower())
        else:
            raise self.refuse(404, "OBJECT_NOT_FOUND", "resource not found")
        return Response.empty()

    # What a person does.

    def person_creates(self, table: str, values: Values) -> Item:
        """A person adds a contact or an order."""
        if table not in self.objects:
            return super().person_creates(table, values)
        with self.lock, self.shelf.acting("person"):
            return self.objects[table].create(values, (), by_person=True)

    def person_edits(self, table: str, id_: str, values: Values) -> Item:
        """A person changes properties; raises KeyError when there is no such record."""
        if table not in self.objects:
            return super().person_edits(table, id_, values)
        with self.lock, self.shelf.acting("person"):
            item = self.objects[table].find(id_)
            if item is None:
                raise KeyError(id_)
            return self.objects[table].update(item, values, by_person=True)

    def person_deletes(self, table: str, id_: str) -> None:
        """A person moves a record to the recycle bin; raises KeyError when there is no such record."""
        if table not in self.objects:
            super().person_deletes(table, id_)
            return
        with self.lock, self.shelf.acting("person"):
            item = self.objects[table].find(id_)
            if item is None:
                raise KeyError(id_)
            self.objects[table].archive(item)

    def person_merges(self, table: str, winner: str, loser: str) -> Item:
        """A person merges two contacts: the result has a new id."""
        with self.lock, self.shelf.acting("person"):
            first, second = self.objects[table].find(winner), self.objects[table].find(loser)
            if first is None or second is None or first.id == second.id:
                raise KeyError(loser if first is not None else winner)
            return self._melt(first, second)

    def person_unsubscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """A person follows the unsubscribe link of an e-mail: out of everything."""
        return self._decides(table, id_, channel, "UNSUBSCRIBED")

    def person_subscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """A person ticks every box of the preference page."""
        return self._decides(table, id_, channel, "SUBSCRIBED")

    def _decides(self, table: str, id_: str, channel: str, status: str) -> Item:
        item = self.objects["contacts"].find(id_) if table == "contacts" else None
        if item is None or channel != "email" or not item.values.get("email"):
            raise KeyError(f"subscription of {table}/{id_} on {channel}")
        with self.lock, self.shelf.acting("person"):
            self.subscriptions.decide(str(item.values["email"]), status)
        return item

    # Tokens and webhooks.

    def expire_tokens(self) -> None:
        """Every access token ends now."""
        self.tokens.expire()

    def tell(self, kind: Kind, what: str, item: Item, **more: Any) -> None:
        """Send a webhook event about a record."""
        if self.shelf.actor == "seed" or not self.webhooks.targets:
            return
        self._events += 1
        topic = f"{kind.singular.lower()}.{what}"
        source = "INTEGRATION" if self.shelf.actor == "api" else "CRM_UI"
        event: dict[str, Any] = {"eventId": self._events, "subscriptionId": 1, "portalId": PORTAL}
        event |= {"appId": APP, "subscriptionType": topic, "attemptNumber": 0, "changeSource": source}
        event |= {"occurredAt": answers.millis(self.clock.now()), "objectId": int(item.id)}
        self.emit(topic, {**event, **more})

    def pack_webhook(self, target: Target, topic: str, event: Mapping[str, Any]) -> Delivery:  # noqa: ARG002
        """A batch of one event with signature version 3: HMAC-SHA256 of method, address, body and time."""
        body = Response.json([dict(event)]).body
        at = str(answers.millis(self.clock.now()))
        source = b"POST" + target.url.encode() + body + at.encode()
        digest = hmac.new(target.secret.encode(), source, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
            "X-HubSpot-Request-Timestamp": at,
        }
        return Delivery(target.url, headers, body)
