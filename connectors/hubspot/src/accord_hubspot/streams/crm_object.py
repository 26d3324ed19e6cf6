"""What all CRM objects of HubSpot share: reading, looking up, batches of a hundred."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import accord
from accord.errors import RecordRejectedError
from accord.http import LastKey, Pages, segment
from accord_hubspot.streams.batch_answer import blamed, outcome_of

REFERENCE = "accord_id"
"""The unique text property with Accord's id of the record; ``check`` creates it."""

LIST_SIZE, SEARCH_SIZE, BATCH_SIZE = 100, 200, 100
MISSING = 404


class CrmObject(accord.Stream):
    """One object type of the portal.

    Attributes:
        modified: The property that a search for changes filters by.
        unique: Canonical fields that HubSpot keeps unique, with their properties.
        searched: Canonical fields that only a search finds, with the properties to look in.
        extra: Properties to ask for although no field is mapped onto them.
    """

    modified: ClassVar[str]
    unique: ClassVar[Mapping[str, str]] = {"hub_id": REFERENCE}
    searched: ClassVar[Mapping[str, Sequence[str]]] = {}
    extra: ClassVar[Sequence[str]] = ()

    origin = accord.Origin.OWN
    deletes = accord.Deletes.FEED
    deleted = "archived"
    cursor = accord.CursorField("updatedAt")
    reference = f"properties.{REFERENCE}"
    merged: ClassVar[str | None] = "properties.hs_merged_object_ids"
    creates = accord.Creates.UPSERT
    read_back = True

    @property
    def path(self) -> str:
        """Where the type lives."""
        return f"/crm/objects/{self.connector.settings_value.api_version}/{self.name}"

    @cached_property
    def properties(self) -> list[str]:
        """The properties to ask for: HubSpot shows only a few of its own accord."""
        mapped = (
            path.split(".")[1] for path in self.mapping.vendor_paths() if path.startswith("properties.")
        )
        return sorted({*mapped, *self.extra, REFERENCE, "hs_merged_object_ids"})

    def completed(self, rows: list[accord.Row]) -> list[accord.Row]:
        """The rows with what another API of HubSpot's holds of them; by default as they are."""
        return rows

    def updated_at(self, row: accord.Row) -> datetime | None:
        """An archived row last changed when it was archived."""
        return super().updated_at({**row, "updatedAt": row.get("archivedAt") or row.get("updatedAt")})

    # Reading.

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """The live rows (all of them, or by search those that changed), then the archived ones."""
        part, _, after = (request.token or "live:").partition(":")
        if part == "live":
            yield from self._changed(request, after) if request.since else self._listed(after)
            after = ""
        yield from self._archived(request, after)

    def _listed(self, after: str) -> Iterator[accord.Page]:
        for rows, more, answer_time in self.listed(after, archived=False):
            yield accord.Page(self.completed(rows), f"live:{more}" if more else "archived:", answer_time)

    def _archived(self, request: accord.ReadRequest, after: str) -> Iterator[accord.Page]:
        """HubSpot cannot filter its recycle bin, so what was archived before ``since`` is left out here."""
        for rows, more, answer_time in self.listed(after, archived=True):
            fresh = [row for row in rows if _within(self.updated_at(row), request)]
            yield accord.Page(fresh, f"archived:{more}" if more else None, answer_time)

    def listed(
        self, after: str, *, archived: bool
    ) -> Iterator[tuple[list[accord.Row], str, datetime | None]]:
        """Rows in the order of their ids, a hundred at a time, and where the next begin ('' = no more)."""
        while True:
            params = {"limit": LIST_SIZE, "properties": ",".join(self.properties)}
            params |= {"archived": str(archived).lower()} | ({"after": after} if after else {})
            answer = self.http.get(self.path, params=params)
            body = answer.json()
            after = body.get("paging", {}).get("next", {}).get("after", "")
            yield body["results"], after, answer.server_time
            if not after:
                return

    @cached_property
    def changes(self) -> Callable[[accord.ReadRequest], Iterator[accord.Page]]:
        """Search by date of change, page by id: ids never move, and no page lies beyond the 10,000th row.

        Every page is a question of its own, so the cap on one question's rows needs no cutting of time, and a
        bulk edit that gives more rows than the cap one date is read like any other.
        """
        filters = "filterGroups.0.filters"
        return Pages(
            f"{self.path}/search",
            method="POST",
            body={
                "filterGroups": [{"filters": [_filter("hs_object_id", "GT", "0")]}],
                "sorts": ["hs_object_id"],
                "properties": self.properties,
                "after": "0",
            },
            since={f"{filters}.1": _filter(self.modified, "GTE", "{since}")},
            until={f"{filters}.2": _filter(self.modified, "LT", "{until}")},
            since_format=_millis,
            items="results",
            next=LastKey(param=f"{filters}.0.value", key="id", more="paging.next", ascending=True),
            size=SEARCH_SIZE,
            size_param="limit",
            limit_class="search",
        ).bind(self)

    def _changed(self, request: accord.ReadRequest, after: str) -> Iterator[accord.Page]:
        for page in self.changes(replace(request, token=after or None)):
            token = f"live:{page.token}" if page.token else "archived:"
            yield replace(page, rows=self.completed(list(page.rows)), token=token)

    def _search(self, groups: list[list[Any]]) -> list[accord.Row]:
        body = {
            "filterGroups": [{"filters": group} for group in groups],
            "sorts": ["hs_object_id"],
            "properties": self.properties,
            "limit": SEARCH_SIZE,
            "after": "0",
        }
        answer = self.http.post(f"{self.path}/search", json=body, safe=True, limit_class="search")
        rows: list[accord.Row] = answer.json()["results"]
        return rows

    # Looking up.

    @accord.batch(BATCH_SIZE)
    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        """Rows by id. A merged id brings the row it became part of, under that row's own id."""
        rows = self.batch_read(ids)
        found: dict[str, accord.Row | None] = {row["id"]: row for row in rows}
        found |= {old: row for row in rows for old in self.merged_ids(row)}
        shown = {id_: found[id_] if id_ in found else self._get_one(id_) for id_ in ids}
        whole = {row["id"]: row for row in self.completed([row for row in shown.values() if row])}
        return {id_: None if row is None else whole[row["id"]] for id_, row in shown.items()}

    @accord.batch(BATCH_SIZE)
    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """Unique properties by batch read, which sees a record at once; others by search, which lags."""
        found: dict[tuple[str, str], list[accord.Row]] = {}
        for field, name in self.unique.items():
            values = sorted({probe.value for probe in probes if probe.field == field})
            rows = self.batch_read(values, name) if values else []
            found |= {(field, value): [row for row in rows if _holds(row, name, value)] for value in values}
        for probe in probes:
            if probe.field in self.searched:
                groups = [[_filter(name, "EQ", probe.value)] for name in self.searched[probe.field]]
                found[probe.field, probe.value] = self._search(groups)
        return [found[probe.field, probe.value] for probe in probes]

    def batch_read(self, ids: Sequence[str], by: str | None = None) -> list[accord.Row]:
        """The rows that exist (207 tells of others, which simply stay out)."""
        body: dict[str, Any] = {"inputs": [{"id": id_} for id_ in ids]}
        body |= {"properties": self.properties, "propertiesWithHistory": []} | (
            {"idProperty": by} if by else {}
        )
        answer = self.http.post(f"{self.path}/batch/read", json=body, safe=True)
        rows: list[accord.Row] = answer.json()["results"]
        return rows

    def _get_one(self, id_: str) -> accord.Row | None:
        params = {"properties": ",".join(self.properties)}
        answer = self.http.get(
            f"{self.path}/{segment(id_)}", params=params, accept={MISSING}, template=f"{self.path}/{{key}}"
        )
        row: accord.Row = answer.json()
        return None if answer.status == MISSING else row

    # Writing.

    @accord.batch(BATCH_SIZE)
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Upsert by our reference, so that a repeated create finds its record instead of making a second.

        Raises:
            RecordRejectedError: the batch is refused as a whole; smaller ones will tell which record it was.
        """
        inputs = [
            {
                "idProperty": REFERENCE,
                "id": write.hub_id,
                **self._input(write, self.stamp(write.row, write.hub_id)),
            }
            for write in writes
        ]
        try:
            outcomes = self.send("upsert", inputs, writes)
        except RecordRejectedError as error:
            if len(writes) > 1:
                raise
            outcomes = [
                accord.Outcome(writes[0].id, accord.Result.REJECTED, reason=str(error.facts.get("code")))
            ]
        return [self._explained(write, outcome) for write, outcome in zip(writes, outcomes, strict=True)]

    @accord.batch(BATCH_SIZE)
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Change the given properties and no others.

        Raises:
            RecordRejectedError: the batch is refused as a whole; smaller ones will tell which record it was.
        """
        inputs = [{"id": write.external_id, **self._input(write, write.row)} for write in writes]
        return self.send("update", inputs, writes)

    @accord.batch(BATCH_SIZE)
    def delete(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Move records to the recycle bin, where HubSpot keeps them for 90 days."""
        inputs = [{"id": write.external_id} for write in writes]
        self.http.post(f"{self.path}/batch/archive", json={"inputs": inputs})
        return [
            accord.Outcome(write.id, accord.Result.DONE, external_id=write.external_id) for write in writes
        ]

    def _input(self, write: accord.Write, row: accord.Row) -> dict[str, Any]:
        """One entry of a batch. HubSpot's properties are text, and empty text clears one."""
        text = {name: str(value) for name, value in row.get("properties", {}).items()}
        return {"objectWriteTraceId": write.id, "properties": text}

    def send(
        self, verb: str, inputs: list[dict[str, Any]], writes: Sequence[accord.Write]
    ) -> list[accord.Outcome]:
        """One batch call; outcomes in the order of the writes, matched by the trace id or the record's id."""
        answer = self.http.post(f"{self.path}/batch/{verb}", json={"inputs": inputs}).json()
        rows = {key: row for row in answer["results"] for key in (row["id"], row.get("objectWriteTraceId"))}
        rows |= {str(row["properties"].get(REFERENCE)): row for row in answer["results"]}
        errors = {key: error for error in answer.get("errors", ()) for key in blamed(error)}
        return [outcome_of(write, rows, errors) for write in writes]

    def _explained(self, write: accord.Write, outcome: accord.Outcome) -> accord.Outcome:
        """A refused create may be a record that exists: then the engine should read it and decide again."""
        refused = outcome.result is accord.Result.REJECTED and outcome.external_id is None
        for field in self.unique if refused else ():
            value = write.hub_id if field == "hub_id" else write.document.get(field)
            row = next(iter(self.find([accord.Probe(field, str(value))])[0] if value else ()), None)
            if row is not None:
                return accord.Outcome(
                    write.id, accord.Result.PRECONDITION, row["id"], row, reason=outcome.reason
                )
        return outcome


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _millis(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _within(at: datetime | None, request: accord.ReadRequest) -> bool:
    """Whether a change belongs to an incremental read; everything belongs to a full one."""
    return at is None or request.since is None or at >= request.since


def _holds(row: accord.Row, name: str, value: str) -> bool:
    """Whether the row answers for a unique value: its own, or an address it took over in a merge."""
    properties = row["properties"]
    own = {str(properties.get(name) or "").lower()}
    if name == "email":
        own |= set(str(properties.get("hs_additional_emails") or "").lower().split(";"))
    return value.lower() in own
