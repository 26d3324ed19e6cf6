"""Communication preferences: what an address wants to receive, per subscription type and as a whole.

Version 3 refuses to subscribe an address that opted out; version 4 does it and says so
(``RESUBSCRIBE_OCCURRED``). Descriptions: communication-preferences_subscriptions.json v3 and v4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.sandbox import Refused, Request, Response
from accord_hubspot.sandbox import answers

if TYPE_CHECKING:
    from accord_hubspot.sandbox.portal import HubSpotSandbox

TYPES: Mapping[str, str] = {
    "1001": "Marketing Information",
    "1002": "Customer Service Communication",
    "1003": "One to One",
}
STATUSES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")
WIDE = "*"
MAX_BATCH = 100


class Subscriptions:
    """Communication preferences. Rows are keyed ``address|type``; type ``*`` is everything."""

    def __init__(self, portal: HubSpotSandbox) -> None:
        self._portal = portal
        self.table = portal.shelf.table("subscriptions")
        v3, v4 = "/communication-preferences/v3/", "/communication-preferences/v4/"
        portal.route("GET", v3 + "definitions", self.definitions_v3)
        portal.route("GET", v3 + "status/email/{email}", self.status_v3)
        portal.route("POST", v3 + "subscribe", self.subscribe_v3)
        portal.route("POST", v3 + "unsubscribe", self.unsubscribe_v3)
        portal.route("GET", v4 + "definitions", self.definitions_v4)
        portal.route("GET", v4 + "statuses/{email}", self.status_v4)
        portal.route("POST", v4 + "statuses/{email}", self.write_v4)
        portal.route("GET", v4 + "statuses/{email}/unsubscribe-all", self.wide_v4)
        portal.route("POST", v4 + "statuses/{email}/unsubscribe-all", self.unsubscribe_all_v4)
        portal.route("POST", v4 + "statuses/batch/read", self.batch_read, reads=True)
        portal.route("POST", v4 + "statuses/batch/write", self.batch_write)
        portal.route("POST", v4 + "statuses/batch/unsubscribe-all", self.batch_unsubscribe_all)
        portal.route("POST", v4 + "statuses/batch/unsubscribe-all/read", self.batch_wide, reads=True)

    def put(self, email: str, type_: str, status: str, more: Mapping[str, Any] | None = None) -> None:
        """Set one status. It does not touch the contact's date of change."""
        key = f"{email.lower()}|{type_}"
        at = answers.stamp(self._portal.clock.now())
        values = {"email": email.lower(), "type": type_, "status": status, "at": at, **(more or {})}
        if key in self.table:
            self.table.update(key, values)
        else:
            self.table.insert(values, id_=key)

    def opted_out(self, email: object) -> bool:
        """Whether an address refuses everything; contacts show it as ``hs_email_optout``."""
        return bool(email) and self._status(str(email), WIDE) == "UNSUBSCRIBED"

    def decide(self, email: str, status: str) -> None:
        """A person refuses everything by the link in a mail, or subscribes by the preference page."""
        self.put(email, WIDE, status if status == "UNSUBSCRIBED" else "SUBSCRIBED")
        for type_ in TYPES:
            self.put(email, type_, status)

    # Version 3.

    def definitions_v3(self, _request: Request) -> Response:
        """GET the subscription types."""
        return Response.json({"subscriptionDefinitions": [_definition(*row) for row in TYPES.items()]})

    def status_v3(self, request: Request) -> Response:
        """GET what one address receives."""
        email = request.params["email"]
        rows = [self._shown_v3(email, type_) for type_ in TYPES]
        return Response.json({"recipient": email, "subscriptionStatuses": rows})

    def subscribe_v3(self, request: Request) -> Response:
        """Subscribe an address; 400 when it opted out itself."""
        email, type_, more = self._wish(request)
        if "UNSUBSCRIBED" in (self._status(email, type_), self._status(email, WIDE)):
            message = f"{email} cannot be updated because they have unsubscribed"
            raise self._wrong(message)
        self.put(email, type_, "SUBSCRIBED", more)
        return Response.json(self._shown_v3(email, type_))

    def unsubscribe_v3(self, request: Request) -> Response:
        """Unsubscribe an address from one type."""
        email, type_, more = self._wish(request)
        if self._status(email, type_) == "UNSUBSCRIBED":
            raise self._wrong(f"{email} is already unsubscribed from subscription {type_}")
        self.put(email, type_, "UNSUBSCRIBED", more)
        return Response.json(self._shown_v3(email, type_))

    def _wish(self, request: Request) -> tuple[str, str, dict[str, Any]]:
        body = self._portal.body(request) or {}
        email, type_ = str(body.get("emailAddress") or ""), str(body.get("subscriptionId") or "")
        if "@" not in email or type_ not in TYPES:
            raise self._wrong("emailAddress and an existing subscriptionId are needed")
        return email, type_, _basis(body)

    def _shown_v3(self, email: str, type_: str) -> dict[str, Any]:
        wide = self._status(email, WIDE) == "UNSUBSCRIBED"
        subscribed = self._status(email, type_) == "SUBSCRIBED" and not wide
        row = {"id": type_, "name": TYPES[type_], "description": TYPES[type_]}
        row["status"] = "SUBSCRIBED" if subscribed else "NOT_SUBSCRIBED"
        row["sourceOfStatus"] = "PORTAL_WIDE_STATUS" if wide else "SUBSCRIPTION_STATUS"
        return {**row, **self._basis_of(email, type_)}

    # Version 4.

    def definitions_v4(self, _request: Request) -> Response:
        """GET the subscription types."""
        return self._many([_definition(*row) for row in TYPES.items()])

    def status_v4(self, request: Request) -> Response:
        """GET the three-valued status of one address per type."""
        self._need_channel(request)
        return self._many([self._shown_v4(request.params["email"], type_) for type_ in TYPES])

    def write_v4(self, request: Request) -> Response:
        """Set the status of one type, even after an opt-out."""
        body = {"subscriberIdString": request.params["email"], **(self._portal.body(request) or {})}
        return self._many([self._write(body)])

    def batch_write(self, request: Request) -> Response:
        """Set many statuses."""
        return self._many([self._write(row) for row in self._inputs(request)])

    def batch_read(self, request: Request) -> Response:
        """The statuses of many addresses."""
        self._need_channel(request)
        rows = [
            {"subscriberIdString": email, "statuses": [self._shown_v4(email, type_) for type_ in TYPES]}
            for email in self._inputs(request)
        ]
        return self._many(rows)

    def wide_v4(self, request: Request) -> Response:
        """Whether one address unsubscribed from everything."""
        self._need_channel(request)
        return self._many(self._wide(request.params["email"]))

    def batch_wide(self, request: Request) -> Response:
        """Whether many addresses unsubscribed from everything."""
        self._need_channel(request)
        rows = [
            {"subscriberIdString": email, "wideStatuses": self._wide(email)}
            for email in self._inputs(request)
        ]
        return self._many(rows)

    def unsubscribe_all_v4(self, request: Request) -> Response:
        """Unsubscribe one address from everything."""
        self._need_channel(request)
        return self._many(self._unsubscribe_all(request.params["email"]))

    def batch_unsubscribe_all(self, request: Request) -> Response:
        """Unsubscribe many addresses from everything."""
        self._need_channel(request)
        rows = [
            {"subscriberIdString": email, "statuses": self._unsubscribe_all(email)}
            for email in self._inputs(request)
        ]
        return self._many(rows)

    def _write(self, row: Mapping[str, Any]) -> dict[str, Any]:
        email, type_ = str(row.get("subscriberIdString") or ""), str(row.get("subscriptionId") or "")
        status = row.get("statusState")
        if (
            "@" not in email
            or type_ not in TYPES
            or status not in {"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"}
        ):
            raise self._wrong("An address, an existing subscriptionId and a statusState are needed")
        before = self._status(email, type_)
        reason = "NO_STATUS_CHANGE" if before == status else "REQUESTED_CHANGE_OCCURRED"
        if status == "SUBSCRIBED" and "UNSUBSCRIBED" in (before, self._status(email, WIDE)):
            reason = "RESUBSCRIBE_OCCURRED"
            if self._status(email, WIDE) == "UNSUBSCRIBED":
                self.put(email, WIDE, "SUBSCRIBED")
        if before != status:
            self.put(email, type_, str(status), _basis(row))
        return {**self._shown_v4(email, type_), "setStatusSuccessReason": reason}

    def _unsubscribe_all(self, email: str) -> list[dict[str, Any]]:
        self.put(email, WIDE, "UNSUBSCRIBED")
        for type_ in TYPES:
            self.put(email, type_, "UNSUBSCRIBED")
        shown = [self._shown_v4(email, type_) for type_ in TYPES]
        return [{**row, "setStatusSuccessReason": "UNSUBSCRIBE_FROM_ALL_OCCURRED"} for row in shown]

    def _shown_v4(self, email: str, type_: str) -> dict[str, Any]:
        row = {"channel": "EMAIL", "subscriberIdString": email, "subscriptionId": int(type_)}
        row |= {"subscriptionName": TYPES[type_], "status": self._status(email, type_)}
        return {**row, "source": "API", "timestamp": self._at(email, type_), **self._basis_of(email, type_)}

    def _wide(self, email: str) -> list[dict[str, Any]]:
        """Nothing at all for whoever has not refused everything."""
        if not self.opted_out(email):
            return []
        row = {"channel": "EMAIL", "subscriberIdString": email, "status": self._status(email, WIDE)}
        return [{**row, "wideStatusType": "PORTAL_WIDE", "timestamp": self._at(email, WIDE)}]

    def _need_channel(self, request: Request) -> None:
        if request.argument("channel") != "EMAIL":
            raise self._wrong("channel must be EMAIL")

    # The rest.

    def _many(self, rows: list[dict[str, Any]]) -> Response:
        return Response.json(answers.batch(self._portal.clock.now(), rows))

    def _inputs(self, request: Request) -> list[Any]:
        body = self._portal.body(request)
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or len(inputs) > MAX_BATCH:
            raise self._wrong(f"A batch needs a list of inputs, {MAX_BATCH} at most")
        return inputs

    def _status(self, email: str, type_: str) -> str:
        item = self.table.get(f"{email.lower()}|{type_}")
        return str(item.values["status"]) if item else "NOT_SPECIFIED"

    def _at(self, email: str, type_: str) -> str:
        item = self.table.get(f"{email.lower()}|{type_}")
        return answers.stamp(item.updated_at if item else self._portal.clock.now())

    def _basis_of(self, email: str, type_: str) -> dict[str, Any]:
        item = self.table.get(f"{email.lower()}|{type_}")
        return _basis(item.values) if item else {}

    def _wrong(self, message: str) -> Refused:
        return Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))


def _basis(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("legalBasis", "legalBasisExplanation") if row.get(name)}


def _definition(id_: str, name: str) -> dict[str, Any]:
    row = {"id": id_, "name": name, "description": name, "purpose": name, "communicationMethod": "Email"}
    row |= {"createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z"}
    return {**row, "isActive": True, "isDefault": id_ == "1003", "isInternal": id_ == "1003"}
