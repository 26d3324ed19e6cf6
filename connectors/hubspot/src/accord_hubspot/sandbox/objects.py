"""CRM objects: list, get, create, update, upsert, archive, merge, erase; one by one and in batches.

Batches: 100 inputs. A batch whose inputs carry ``objectWriteTraceId`` gets 207 with the failed items; without
it one bad input fails the whole batch and nothing is written (HubSpot/hubspot-api-python issue 51). Ids that
do not exist always lead to 207.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accord.sandbox import Item, Refused, Request, Response
from accord_hubspot.sandbox import answers, search
from accord_hubspot.sandbox.properties import Kind

if TYPE_CHECKING:
    from accord_hubspot.sandbox.portal import HubSpotSandbox

MAX_BATCH = 100
MAX_PAGE = 100


class Objects:
    """The handlers of one object type."""

    def __init__(self, portal: HubSpotSandbox, kind: Kind) -> None:
        self._portal = portal
        self._kind = kind
        self.table = portal.shelf.table(kind.name)
        base = f"/crm/v3/objects/{kind.name}"
        portal.route("GET", base, self.listing)
        portal.route("POST", base, self.post)
        portal.route("GET", base + "/{id}", self.get)
        portal.route("PATCH", base + "/{id}", self.patch)
        portal.route("DELETE", base + "/{id}", self.delete)
        portal.route("POST", base + "/search", self.search, reads=True, kind="search")
        portal.route("POST", base + "/batch/read", self.batch_read, reads=True)
        portal.route("POST", base + "/batch/create", self.batch_create)
        portal.route("POST", base + "/batch/update", self.batch_update)
        portal.route("POST", base + "/batch/upsert", self.batch_upsert)
        portal.route("POST", base + "/batch/archive", self.batch_archive)

    # Reading.

    def listing(self, request: Request) -> Response:
        """GET a page in the order of ids; ``after`` is the last id of the page before."""
        size = self._number(request.argument("limit", "10"), MAX_PAGE)
        archived = request.argument("archived") == "true"
        rows = [item for item in self.table.items() if (answers.ARCHIVED in item.values) == archived]
        after = int(request.argument("after") or 0)
        start = next((place for place, item in enumerate(rows) if int(item.id) > after), len(rows))
        page = rows[start : start + size]
        body: dict[str, Any] = {
            "results": [self._seen(request, item) for item in self._portal.page(request, rows, start, size)]
        }
        if start + size < len(rows):
            link = f"https://api.hubapi.com{request.path}?after={page[-1].id}&limit={size}"
            body["paging"] = {"next": {"after": page[-1].id, "link": link}}
        return Response.json(body)

    def get(self, request: Request) -> Response:
        """GET one record; the id of a record that was merged away leads to the one that is left."""
        item = self._named(request)
        return Response.json(self._seen(request, item))

    def batch_read(self, request: Request) -> Response:
        """POST ids (or unique values); what is missing is named in a 207."""
        body = self._batch(request)
        names = body.get("properties") or self._kind.shown
        found: dict[str, Item] = {}
        missing: list[str] = []
        for row in body["inputs"]:
            item = self.find(str(row.get("id", "")), body.get("idProperty"))
            if item is None or (answers.ARCHIVED in item.values) != (request.argument("archived") == "true"):
                missing.append(str(row.get("id", "")))
            else:
                found[item.id] = item
        results = [self._shown(item, names) for item in found.values()]
        return self._answer(200, results, [self._absent(missing)] if missing else [])

    def search(self, request: Request) -> Response:
        """POST filters; answers from the index, which lags behind."""
        wanted = self._portal.body(request) or {}
        try:
            found, start, size = search.run(self._kind, self.table.indexed(), wanted)
        except search.SearchError as wrong:
            return answers.error(self._portal.random, 400, "VALIDATION_ERROR", str(wrong))
        names = wanted.get("properties") or self._kind.shown
        page = self._portal.page(request, found, start, size)
        body: dict[str, Any] = {"total": len(found), "results": [self._shown(item, names) for item in page]}
        if start + size < len(found):
            body["paging"] = {"next": {"after": str(start + size)}}
        return Response.json(body)

    # Writing.

    def post(self, request: Request) -> Response:
        """Create one record."""
        body = self._portal.body(request) or {}
        item = self.create(body.get("properties") or {}, body.get("associations") or ())
        return Response.json(self._shown(item, list(item.values)), 201)

    def patch(self, request: Request) -> Response:
        """Change the given properties of one record."""
        item = self._named(request)
        body = self._portal.body(request) or {}
        item = self.update(item, body.get("properties") or {})
        return Response.json(self._shown(item, list(body.get("properties") or {})))

    def delete(self, request: Request) -> Response:
        """Archive one record; archiving twice is no error."""
        item = self.find(request.params["id"])
        if item is not None:
            self.archive(item)
        return Response.empty()

    def batch_create(self, request: Request) -> Response:
        """POST new records."""

        def write(row: Mapping[str, Any]) -> dict[str, Any]:
            item = self.create(row.get("properties") or {}, row.get("associations") or ())
            return self._shown(item, list(item.values))

        return self._each(request, write, 201)

    def batch_update(self, request: Request) -> Response:
        """POST changes by id or unique property."""

        def write(row: Mapping[str, Any]) -> dict[str, Any] | None:
            item = self.find(str(row.get("id", "")), row.get("idProperty"))
            if item is None or answers.ARCHIVED in item.values:
                return None
            item = self.update(item, row.get("properties") or {})
            return self._shown(item, list(row.get("properties") or {}))

        return self._each(request, write, 200)

    def batch_upsert(self, request: Request) -> Response:
        """POST records by a unique property: created where it finds none, else changed."""

        def write(row: Mapping[str, Any]) -> dict[str, Any] | None:
            name, key = row.get("idProperty"), str(row.get("id", ""))
            item = self.find(key, name)
            given = row.get("properties") or {}
            if item is not None and answers.ARCHIVED not in item.values:
                return {**self._shown(self.update(item, given), list(given)), "new": False}
            if not name:
                return None
            item = self.create({name: key, **given}, ())
            return {**self._shown(item, list(item.values)), "new": True}

        return self._each(request, write, 200)

    def batch_archive(self, request: Request) -> Response:
        """POST ids to archive."""
        for row in self._batch(request)["inputs"]:
            item = self.find(str(row.get("id", "")))
            if item is not None:
                self.archive(item)
        return Response.empty()

    # What the handlers, the control plane and the other files use.

    def find(self, key: str, id_property: str | None = None) -> Item | None:
        """A record by id or unique property, following merges; None when there is none."""
        if id_property and id_property != "hs_object_id":
            name = self._portal.properties.unique(self._kind, id_property)
            value = key.strip().lower() if name == "email" else key
            found = self.table.find(name, value)
            key = found[0].id if found else self._portal.alias(name, value)
        return self.table.get(key) or self.table.get(self._portal.alias(self._kind.name, key))

    def create(
        self, given: Mapping[str, Any], associations: Sequence[Mapping[str, Any]], *, by_person: bool = False
    ) -> Item:
        """A new record; raises the 409 or 400 that HubSpot answers."""
        values = self._portal.properties.clean(self._kind, given, None, by_person=by_person)
        self._free(values, None)
        item = self.table.insert({name: value for name, value in values.items() if value})
        for row in associations:
            self._portal.associations.attach(self._kind, item.id, row)
        self._portal.tell(self._kind, "creation", item)
        return item

    def update(self, item: Item, given: Mapping[str, Any], *, by_person: bool = False) -> Item:
        """The record with other values; values that are already there change nothing."""
        values = self._portal.properties.clean(self._kind, given, item, by_person=by_person)
        self._free(values, item)
        changed = {name: value for name, value in values.items() if (item.values.get(name) or "") != value}
        if not changed:
            return item
        fresh = self.table.update(item.id, changed)
        for name, value in changed.items():
            self._portal.tell(self._kind, "propertyChange", fresh, propertyName=name, propertyValue=value)
        return fresh

    def archive(self, item: Item) -> None:
        """Into the recycle bin."""
        if answers.ARCHIVED in item.values:
            return
        self.table.update(item.id, {answers.ARCHIVED: answers.stamp(self._portal.clock.now())})
        self._portal.tell(self._kind, "deletion", item)

    def _free(self, values: Mapping[str, Any], mine: Item | None) -> None:
        """409 when a unique value belongs to another record; 400 when the address was erased for good."""
        for name in self._portal.properties.uniques(self._kind):
            value = values.get(name)
            if not value:
                continue
            other = self.find(value, name)
            if other is None or answers.ARCHIVED in other.values:
                continue
            if mine is None or other.id != mine.id:
                raise Refused(self._taken(name, other))
        if values.get("email") and self._portal.blocked(values["email"]):
            wrong = answers.problem("email", "CONTACT_BLOCKED", "The contact was erased and is blocked")
            raise Refused(answers.invalid(self._portal.random, [wrong]))

    def _taken(self, name: str, other: Item) -> Response:
        if name == "email":
            message = f"Contact already exists. Existing ID: {other.id}"
            return answers.error(self._portal.random, 409, "CONFLICT", message)
        message = f"{other.id} already has that value."
        wrong = answers.problem(name, "CONFLICTING_UNIQUE_VALUE", message)
        return answers.invalid(self._portal.random, [wrong])

    # The rest.

    def _each(
        self, request: Request, write: Callable[[Mapping[str, Any]], dict[str, Any] | None], status: int
    ) -> Response:
        inputs: list[Mapping[str, Any]] = self._batch(request)["inputs"]
        traced = bool(inputs) and all(row.get("objectWriteTraceId") for row in inputs)
        results: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        waiting = list(self._portal.webhooks.waiting)
        with self._portal.shelf.undoing() as undo:
            for row in inputs:
                trace = {"objectWriteTraceId": [str(row["objectWriteTraceId"])]} if traced else {}
                try:
                    shown = write(row)
                except Refused as refusal:
                    if not traced:
                        undo()
                        self._portal.webhooks.waiting = deque(waiting)
                        raise
                    said = refusal.response.value()
                    failures.append(answers.failure(said["category"], said["message"], trace))
                    continue
                if shown is None:
                    failures.append(self._absent([str(row.get("id", ""))], trace))
                else:
                    more = {"objectWriteTraceId": row["objectWriteTraceId"]} if traced else {}
                    results.append({**shown, **more})
        return self._answer(status, results, failures)

    def _answer(self, status: int, results: Sequence[Any], failures: Sequence[Mapping[str, Any]]) -> Response:
        body = answers.batch(self._portal.clock.now(), results, failures)
        return Response.json(body, 207 if failures else status)

    def _absent(self, ids: list[str], more: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
        noun = self._kind.singular
        message = (
            f"Could not get some {noun} objects, they may be deleted or not exist. Check that ids are valid."
        )
        return answers.failure("OBJECT_NOT_FOUND", message, {"ids": ids, **(more or {})})

    def _batch(self, request: Request) -> dict[str, Any]:
        body = self._portal.body(request)
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or len(inputs) > MAX_BATCH:
            message = f"A batch needs a list of inputs, {MAX_BATCH} at most"
            raise Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))
        return dict(body)

    def _number(self, text: str, most: int) -> int:
        if not text.isdigit() or not 1 <= int(text) <= most:
            message = f"limit must be a number between 1 and {most}"
            raise Refused(answers.error(self._portal.random, 400, "VALIDATION_ERROR", message))
        return int(text)

    def _named(self, request: Request) -> Item:
        item = self.find(request.params["id"], request.argument("idProperty") or None)
        if item is None or (answers.ARCHIVED in item.values) != (request.argument("archived") == "true"):
            raise Refused(answers.error(self._portal.random, 404, "OBJECT_NOT_FOUND", "resource not found"))
        return item

    def _seen(self, request: Request, item: Item) -> dict[str, Any]:
        body = self._shown(item, request.arguments("properties") or self._kind.shown)
        for other in request.arguments("associations"):
            rows = self._portal.associations.summary(self._kind.name, item.id, other)
            if rows:
                body.setdefault("associations", {})[other] = {"results": rows}
        return body

    def _shown(self, item: Item, names: Sequence[str]) -> dict[str, Any]:
        shown = [name for name in names if not name.startswith("#")]
        body = answers.record(item, [*shown, *self._kind.shown], self._kind.stamps)
        if "hs_email_optout" in shown and self._portal.subscriptions.opted_out(item.values.get("email")):
            body["properties"]["hs_email_optout"] = "true"
        return body
