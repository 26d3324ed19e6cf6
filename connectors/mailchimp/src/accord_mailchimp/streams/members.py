"""Members of one audience: read in the order of their last change, written one by one.

A member's key is its ``contact_id``, which stays when the address changes; the hash of the address, which
everything else at Mailchimp is named by, does not. Ordinary writes say what a new member is
(``transactional``: never asked) and nothing about anybody who is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import ClassVar

import accord
from accord.http import Answer, Offset, Pages
from accord_mailchimp.mapping import MEMBERS, REFERENCE
from accord_mailchimp.problem import reason_of, refused
from accord_mailchimp.streams.permission import MEMBER, MISSING, REFUSED, Permission, subscriber_hash

PAGE = 1000
"""Members, or reports, of one answer (parameter CollectionCount: maximum 1000)."""

ARCHIVED = 405
"""The answer to a delete of a member who is archived already."""

ADDRESS_REFUSED = "invalid_resource ADDRESS"
"""Why a member was refused whose postal address Mailchimp finds incomplete."""

NEVER_ASKED = "transactional"
"""The status of a new member: Mailchimp's word for somebody who has not opted in (status_if_new)."""

FREE = frozenset({"transactional"})
"""Members who may be renamed: no permission and no refusal travels with them."""

OPEN = frozenset({"subscribed", "pending"})
"""Members who may be renamed if the settings allow it."""


def _since(instant: datetime) -> str:
    """Mailchimp shows what changed *after* an instant, in whole seconds: the one before is asked for."""
    return (instant - timedelta(seconds=1)).isoformat(timespec="seconds").replace("Z", "+00:00")


class Members(Permission):
    """Everybody in the audience who is not archived."""

    name = "members"
    model = accord.Customer
    mapping = MEMBERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.SCAN
    key = "contact_id"
    cursor = accord.CursorField("last_changed")
    reference: ClassVar[str | None] = f"merge_fields.{REFERENCE}"
    creates = accord.Creates.UPSERT
    upsert_by = "email"
    find_by = ("email", "hub_id")
    read_back = True

    pages = Pages(
        "/3.0/lists/{settings.list_id}/members",
        items="members",
        # Whoever changes meanwhile moves to the end, and moves the rest up: pages overlap.
        next=Offset(key="contact_id", overlap=10, total="total_items"),
        params={"sort_field": "last_changed", "sort_dir": "ASC", "exclude_fields": "_links,members._links"},
        since="since_last_changed",
        since_format=_since,
        size=PAGE,
        size_param="count",
        total="total_items",
    )

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """The members; whoever complained of spam carries the report."""
        reports: dict[str, accord.Row] | None = None
        for page in self.pages(request):
            rows = [row for row in page.rows if row["status"] != "archived"]
            if reports is None and _any_left(rows):
                reports = self._reports()
            yield replace(page, rows=[_with_report(row, reports or {}) for row in rows])

    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        """Members by contact id; None for those that are archived or gone."""
        return {id_: self._reported(self.live(id_)) for id_ in ids}

    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """By address: the one member. By our reference: whom the search shows, compared exactly."""
        found = [self._found(probe) for probe in probes]
        return [[row for each in rows if (row := self._reported(each)) is not None] for rows in found]

    @accord.batch(1)
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Put the member under the hash of the address; one that is there keeps its status."""
        return [self._create(write) for write in writes]

    @accord.batch(1)
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Change what was sent and nothing else; a new address renames where that is safe."""
        return [self._update(write) for write in writes]

    @accord.batch(1)
    def delete(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Archive the member: Mailchimp keeps what was answered. Erasure is another operation."""
        return [self._delete(write) for write in writes]

    @cached_property
    def merge_tags(self) -> list[str]:
        """The merge fields that the mapping knows, and the one of our reference."""
        said = [path for line in self.mapping.declarations for path in (*line.needed, *line.written)]
        parts = (path.split(".") for path in said)
        return sorted({part[1] for part in parts if part[0] == "merge_fields" and part[1:]} | {REFERENCE})

    def live(self, target: str) -> accord.Row | None:
        """A member who is not archived."""
        row = self.lookup(target)
        return None if row is None or row["status"] == "archived" else row

    def _found(self, probe: accord.Probe) -> list[accord.Row]:
        if probe.field == "email":
            row = self.live(subscriber_hash(probe.value))
            return [] if row is None else [row]
        params = {"query": probe.value, "list_id": self.connector.settings_value.list_id}
        answer = self.http.get("/3.0/search-members", params=params).json()
        rows = {
            row["contact_id"]: row
            for part in ("exact_matches", "full_search")
            for row in answer[part]["members"]
            if self.hub_reference(row) == probe.value and row["status"] != "archived"
        }
        return list(rows.values())

    def _create(self, write: accord.Write) -> accord.Outcome:
        body = self.stamp(deepcopy(write.row), write.hub_id)
        email = str(body.get("email_address") or "")
        if not email:
            return accord.Outcome(write.id, accord.Result.REJECTED, reason="address_needed")
        target = subscriber_hash(email)
        answer = self._sent(partial(self._put, target), {**body, "status_if_new": NEVER_ASKED})
        if answer.status != REFUSED and answer.json()["status"] == "archived":
            return accord.Outcome(write.id, accord.Result.REJECTED, reason="archived")
        return _outcome(write, answer)

    def _update(self, write: accord.Write) -> accord.Outcome:
        target, body = write.external_id or "", dict(write.row)
        if "email_address" in body:
            refusal = self._rename(write, body)
            if refusal is not None:
                return refusal
        answer = self._sent(partial(self.patch, target), body)
        archived = answer.status not in (REFUSED, MISSING) and answer.json()["status"] == "archived"
        return accord.Outcome(write.id, accord.Result.GONE, target) if archived else _outcome(write, answer)

    def _put(self, target: str, body: accord.Row) -> Answer:
        return self.http.put(self.path(target), json=body, accept={REFUSED}, template=MEMBER)

    def _sent(self, send: Callable[[accord.Row], Answer], body: accord.Row) -> Answer:
        """The answer to a write; an address that Mailchimp finds incomplete does not keep back the rest."""
        answer = send(body)
        if answer.status != REFUSED or reason_of(answer.json(), answer.status) != ADDRESS_REFUSED:
            return answer
        fields = {tag: value for tag, value in body["merge_fields"].items() if tag != "ADDRESS"}
        return send({**body, "merge_fields": fields})

    def _rename(self, write: accord.Write, body: accord.Row) -> accord.Outcome | None:
        """Leave the new address in the body where a rename is safe; else say why not.

        A rename carries the status along: the new address would inherit a permission that its owner
        never gave, or the old one would lose its refusal.
        """
        row = self.live(write.external_id or "")
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        if str(body["email_address"] or "").lower() == str(row["email_address"]).lower():
            del body["email_address"]
            return None
        allowed = FREE | OPEN if self.connector.settings_value.rename else FREE
        reason = f"rename_of_{row['status']}" if row["status"] not in allowed else ""
        reason = reason if body["email_address"] else "address_needed"
        if not reason:
            return None
        return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason)

    def _delete(self, write: accord.Write) -> accord.Outcome:
        target = write.external_id or ""
        if self.live(target) is None:
            return accord.Outcome(write.id, accord.Result.GONE, target)
        answer = self.http.delete(self.path(target), accept={MISSING, ARCHIVED}, template=MEMBER)
        result = accord.Result.GONE if answer.status in (MISSING, ARCHIVED) else accord.Result.DONE
        return accord.Outcome(write.id, result, target)

    def _reported(self, row: accord.Row | None) -> accord.Row | None:
        """The same member as a read shows it."""
        return row if row is None or not _any_left([row]) else _with_report(row, self._reports())

    def _reports(self) -> dict[str, accord.Row]:
        """Complaints of spam by the hash of who complained. There are few; all are asked for."""
        path = f"/3.0/lists/{self.connector.settings_value.list_id}/abuse-reports"
        found: list[accord.Row] = []
        while True:
            params = {"count": PAGE, "offset": len(found)}
            answer = self.http.get(path, params=params, template="/3.0/lists/{list_id}/abuse-reports")
            rows = answer.json()["abuse_reports"]
            found += rows
            if len(rows) < PAGE:
                return {row["email_id"]: {"date": row["date"]} for row in found}


def _any_left(rows: Sequence[accord.Row]) -> bool:
    """Whether anybody here may have complained: whoever does is unsubscribed by Mailchimp."""
    return any(row["status"] == "unsubscribed" for row in rows)


def _with_report(row: accord.Row, reports: Mapping[str, accord.Row]) -> accord.Row:
    report = reports.get(row["id"])
    return row if report is None else {**row, "abuse_report": report}


def _outcome(write: accord.Write, answer: Answer) -> accord.Outcome:
    """What one answered write came to; the answer shows the whole member."""
    if answer.status == MISSING:
        return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
    if answer.status == REFUSED:
        return refused(write, answer)
    row = answer.json()
    whole = None if _any_left([row]) else row  # a complaint stands in another answer
    return accord.Outcome(write.id, accord.Result.DONE, row["contact_id"], whole)
