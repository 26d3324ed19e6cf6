"""Associations v4 between orders and contacts (crm_associations.json, v4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.sandbox import Refused, Request, Response
from accord_hubspot.sandbox import answers
from accord_hubspot.sandbox.properties import KINDS, Kind

if TYPE_CHECKING:
    from accord_hubspot.sandbox.portal import HubSpotSandbox

TYPES: Mapping[tuple[str, str], int] = {("orders", "contacts"): 507, ("contacts", "orders"): 508}
"""HubSpot's own association types between the objects that exist here."""

MAX_BATCH = 100


class Associations:
    """Pairs of records. Stored once per direction, so that each side is found by its key."""

    def __init__(self, portal: HubSpotSandbox) -> None:
        self._portal = portal
        self._table = portal.shelf.table("associations", {"from": lambda values: str(values["from"])})
        batch = "/crm/v4/associations/{from}/{to}/batch/"
        portal.route("POST", batch + "create", self.batch_create)
        portal.route("POST", batch + "associate/default", self.batch_default)
        portal.route("POST", batch + "archive", self.batch_archive)
        portal.route("POST", batch + "read", self.batch_read, reads=True)
        pair = "/crm/v4/objects/{from}/{id}/associations/"
        portal.route("GET", pair + "{to}", self.listing)
        portal.route("PUT", pair + "{to}/{other}", self.put)
        portal.route("PUT", pair + "default/{to}/{other}", self.put_default)
        portal.route("DELETE", pair + "{to}/{other}", self.delete)

    def attach(self, kind: Kind, id_: str, row: Mapping[str, Any]) -> None:
        """An association given with a new record: ``{"to": {"id"}, "types": [...]}``."""
        types = [int(one.get("associationTypeId", 0)) for one in row.get("types") or ()]
        target = next((to for (of, to), type_ in TYPES.items() if of == kind.name and type_ in types), None)
        if target is None:
            raise self._wrong("The association type does not exist between these objects")
        self._link(kind.name, id_, target, str((row.get("to") or {}).get("id", "")))

    def summary(self, of: str, id_: str, to: str) -> list[dict[str, str]]:
        """The short form that a record with ``?associations=`` carries."""
        label = f"{of.removesuffix('s')}_to_{to.removesuffix('s')}"
        return [{"id": other, "type": label} for other in self._others(of, id_, to)]

    def move(self, kind: Kind, old: str, new: str) -> None:
        """Hand everything of a record over to another one (merge)."""
        for of, to in TYPES:
            if of == kind.name:
                for other in self._others(of, old, to):
                    self._unlink(of, old, to, other)
                    self._link(of, new, to, other)

    # Handlers.

    def batch_create(self, request: Request) -> Response:
        """Link pairs with given types."""
        of, to, inputs = self._batch(request)
        results = []
        for row in inputs:
            left, right = str(row["from"]["id"]), str(row["to"]["id"])
            self._link(of, left, to, right)
            results.append(self._pair(of, left, to, right))
        return Response.json(answers.batch(self._portal.clock.now(), results), 201)

    def batch_default(self, request: Request) -> Response:
        """Link pairs with HubSpot's own type, in both directions."""
        of, to, inputs = self._batch(request)
        results = []
        for row in inputs:
            left, right = str(row["from"]["id"]), str(row["to"]["id"])
            self._link(of, left, to, right)
            results += [self._default(of, left, to, right), self._default(to, right, of, left)]
        return Response.json(answers.batch(self._portal.clock.now(), results))

    def batch_archive(self, request: Request) -> Response:
        """Unlink pairs; what was not linked is no error."""
        of, to, inputs = self._batch(request)
        for row in inputs:
            for other in row.get("to") or ():
                self._unlink(of, str(row["from"]["id"]), to, str(other["id"]))
        return Response.empty()

    def batch_read(self, request: Request) -> Response:
        """The partners of up to 100 records; records without partners are left out as 207 errors."""
        of, to, inputs = self._batch(request)
        results, failures = [], []
        for row in inputs:
            others = self._others(of, str(row["id"]), to)
            if others:
                partners = [self._partner(of, to, other) for other in others]
                results.append({"from": {"id": str(row["id"])}, "to": partners})
            else:
                message = f"No {to} is associated with {of} {row['id']}."
                context = {"fromObjectId": [str(row["id"])]}
                more = {"subCategory": {"value": "crm.associations.NO_ASSOCIATIONS_FOUND"}}
                failures.append(answers.failure("OBJECT_NOT_FOUND", message, context, **more))
        body = answers.batch(self._portal.clock.now(), results, failures)
        return Response.json(body, 207 if failures else 200)

    def listing(self, request: Request) -> Response:
        """The partners of one record."""
        of, to = self._types(request)
        others = self._others(of, request.params["id"], to)
        return Response.json({"results": [self._partner(of, to, other) for other in others]})

    def put(self, request: Request) -> Response:
        """Link one pair."""
        of, to = self._types(request)
        left, right = request.params["id"], request.params["other"]
        self._link(of, left, to, right)
        return Response.json(self._pair(of, left, to, right), 201)

    def put_default(self, request: Request) -> Response:
        """Link one pair with HubSpot's own type."""
        of, to = self._types(request)
        left, right = request.params["id"], request.params["other"]
        self._link(of, left, to, right)
        results = [self._default(of, left, to, right), self._default(to, right, of, left)]
        return Response.json(answers.batch(self._portal.clock.now(), results))

    def delete(self, request: Request) -> Response:
        """Unlink one pair."""
        of, to = self._types(request)
        self._unlink(of, request.params["id"], to, request.params["other"])
        return Response.empty()

    # The rest.

    def _link(self, of: str, left: str, to: str, right: str) -> None:
        for name, id_ in ((of, left), (to, right)):
            item = self._portal.objects[name].find(id_)
            if item is None or answers.ARCHIVED in item.values:
                raise self._wrong(f"{name} {id_} does not exist")
        for a, x, b, y in ((of, left, to, right), (to, right, of, left)):
            key = f"{a}:{x}>{b}:{y}"
            if key not in self._table:
                self._table.insert({"from": f"{a}:{x}>{b}", "to": y}, id_=key)

    def _unlink(self, of: str, left: str, to: str, right: str) -> None:
        self._table.remove(f"{of}:{left}>{to}:{right}")
        self._table.remove(f"{to}:{right}>{of}:{left}")

    def _others(self, of: str, id_: str, to: str) -> list[str]:
        return [str(item.values["to"]) for item in self._table.find("from", f"{of}:{id_}>{to}")]

    def _types(self, request: Request) -> tuple[str, str]:
        pair = self._name(request.params["from"]), self._name(request.params["to"])
        if pair not in TYPES:
            raise self._wrong("These object types cannot be associated")
        return pair

    def _name(self, name: str) -> str:
        known = {word: kind.name for kind in KINDS.values() for word in (kind.name, kind.type_id)}
        return known.get(name, known.get(name + "s", name))

    def _batch(self, request: Request) -> tuple[str, str, list[Mapping[str, Any]]]:
        of, to = self._types(request)
        body = self._portal.body(request)
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or len(inputs) > MAX_BATCH:
            raise self._wrong(f"A batch needs a list of inputs, {MAX_BATCH} at most")
        return of, to, inputs

    def _pair(self, of: str, left: str, to: str, right: str) -> dict[str, Any]:
        ends = {"fromObjectId": left, "fromObjectTypeId": KINDS[of].type_id}
        return {**ends, "toObjectId": right, "toObjectTypeId": KINDS[to].type_id, "labels": []}

    def _default(self, of: str, left: str, to: str, right: str) -> dict[str, Any]:
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TYPES[of, to]}
        return {"from": {"id": left}, "to": {"id": right}, "associationSpec": spec}

    def _partner(self, of: str, to: str, other: str) -> dict[str, Any]:
        types = [{"category": "HUBSPOT_DEFINED", "typeId": TYPES[of, to]}]
        return {"toObjectId": other, "associationTypes": types}

    def _wrong(self, message: str) -> Refused:
        return Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))
