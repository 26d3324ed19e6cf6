"""Contacts: read by offset, written one by one or a hundred updates at a time.

Brevo sends by the state of two flags, and keeps blocks of transactional mail apart. Both are read here;
creates and updates never send a flag: one that carried ``false`` would re-subscribe people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

import accord
from accord.http import Call, Offset, Pages, segment
from accord_brevo.mapping import CONTACTS
from accord_brevo.streams.blocks import Blocks, blocks_since
from accord_brevo.streams.permissions import MISSING, PATH, REFUSED, Permissions

BATCH = 100
"""Updates per call; Brevo's reference names no figure, its clients use 100."""

IDENTIFIERS = {"hub_id": "ext_id", "email": "email_id", "phone": "phone_id"}
CREATED, PARTLY = 201, 207
DUPLICATE = "duplicate_parameter"
IDENTITIES = ("ext_id", "email")
"""What a refused create is looked up by. Which of them is taken is only told in optional metadata."""

BLOCKED = "blocked"
"""The resume token of the last page of an incremental read: contacts that only a block says news about."""


class Contacts(Permissions):
    """Everybody whom the account can write to."""

    name = "contacts"
    model = accord.Customer
    mapping = CONTACTS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.SCAN
    cursor = accord.CursorField("modifiedAt")
    reference: ClassVar[str | None] = "attributes.EXT_ID"
    creates = accord.Creates.REFERENCE
    find_by = ("hub_id", "email", "phone")
    atomicity = accord.Atomicity.ALL_OR_NOTHING

    pages = Pages(
        PATH,
        items="contacts",
        # Ordered by creation, filtered by modification: a row that changes meanwhile only joins the list,
        # one that is deleted moves the others up by one, which the overlap of the pages catches.
        next=Offset(key="id", overlap=10, total="count"),
        params={"sort": "asc"},
        since="modifiedSince",
        since_format="iso_ms",
        size=1000,
        size_param="limit",
        total="count",
        limit_class="contacts",
    )
    delete = Call("DELETE", PATH + "/{key}", params={"identifierType": "contact_id"}, limit_class="contacts")

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """The contacts with their blocks; Brevo leaves empty attributes out, so they are put back as empty.

        A block does not touch its contact's date of change, so an incremental read ends with the contacts
        that were blocked since.
        """
        wanted = self.connector.settings_value.blocks
        blocks = blocks_since(self.http, request.since) if wanted else None
        whole = request.since is None
        last = BLOCKED if blocks and not whole else None
        seen: set[str] = set()
        for page in self.pages(request) if request.token != BLOCKED else ():
            rows = [self._judged(row, blocks, whole=whole) for row in page.rows]
            seen |= {str(row["email"]).lower() for row in rows} if last else set()
            yield replace(page, rows=rows, token=page.token or last)
        if last or request.token == BLOCKED:
            since = request.since or self.connector.context.env.now()
            yield accord.Page(self._blocked(blocks or {}, since, seen), None)

    def _blocked(self, blocks: Blocks, since: datetime, seen: set[str]) -> list[accord.Row]:
        """The contacts blocked since then that the read has not brought yet."""
        start = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fresh = sorted(email for email, held in blocks.items() if held[0]["at"] >= start)
        found = (self.lookup("email_id", email) for email in fresh if email not in seen)
        return [self._judged(row, blocks, whole=False) for row in found if row is not None]

    def _judged(self, row: accord.Row, blocks: Blocks | None, *, whole: bool) -> accord.Row:
        """A row with its blocks; without them where only some of all blocks are known and none is its own."""
        row = self.completed(row)
        held = None if blocks is None else blocks.get(str(row["email"]).lower(), [] if whole else None)
        return row if held is None else {**row, "blocks": held}

    def get(self, ids: Sequence[str]) -> Mapping[str, accord.Row | None]:
        """Contacts by id; None for those that are gone."""
        return {id_: self.lookup("contact_id", id_) for id_ in ids}

    def find(self, probes: Sequence[accord.Probe]) -> Sequence[Sequence[accord.Row]]:
        """Brevo's identifiers are unique, so each probe has one answer or none."""
        found = (self.lookup(IDENTIFIERS[probe.field], probe.value) for probe in probes)
        return [[] if row is None else [row] for row in found]

    @accord.batch(1, limit_class="contacts")
    def create(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Create one contact; what Brevo takes for a duplicate is looked up before anything is overwritten.

        ``updateEnabled`` stays off: it would overwrite, or rename, whichever contact shares an identifier.
        """
        return [self._create(write) for write in writes]

    @accord.batch(BATCH, limit_class="contacts")
    def update(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Update by id: together where Brevo allows it, alone where an address changes.

        Raises:
            RecordRejectedError: the batch is refused as a whole; smaller ones will tell which record it was.
        """
        alone = [write for write in writes if "email" in write.row]
        together = [write for write in writes if "email" not in write.row]
        if len(together) == 1:
            alone, together = [*together, *alone], []
        outcomes = self._update_batch(together) if together else []
        return [*outcomes, *(self._update(write) for write in alone)]

    @cached_property
    def attributes(self) -> list[str]:
        """The contact attributes that the mapping knows."""
        paths = (path.partition(".") for path in self.mapping.vendor_paths())
        return sorted({name for head, _, name in paths if head == "attributes"})

    def lookup(self, kind: str, value: str) -> accord.Row | None:
        """One contact by one of its identifiers, None when there is none."""
        answer = self.http.get(
            f"{PATH}/{segment(value)}",
            params={"identifierType": kind},
            accept={MISSING},
            limit_class="contacts",
            template=PATH + "/{identifier}",
        )
        return None if answer.status == MISSING else self.completed(answer.json())

    def completed(self, row: accord.Row) -> accord.Row:
        """A row that shows every mapped attribute and identifier, empty ones as null."""
        blank = dict.fromkeys(self.attributes)
        return {"email": None, **row, "attributes": {**blank, **row["attributes"]}}

    def _create(self, write: accord.Write) -> accord.Outcome:
        body = _body(self.stamp(write.row, write.hub_id))
        if lists := self.connector.settings_value.lists:
            body["listIds"] = list(lists)
        answer = self.http.post(PATH, json=body, accept={REFUSED}, limit_class="contacts")
        if answer.status == CREATED:
            return accord.Outcome(write.id, accord.Result.DONE, external_id=str(answer.json()["id"]))
        return self._duplicate(write, answer.json())

    def _duplicate(self, write: accord.Write, error: dict[str, Any]) -> accord.Outcome:
        """A refused create: ours from an earlier try, somebody else's identifier, or plainly wrong."""
        names = _duplicates(error) or list(IDENTITIES if error.get("code") == DUPLICATE else ())
        values = {"ext_id": ("hub_id", write.hub_id), "email": ("email", write.row.get("email"))}
        for field, value in (values[name] for name in IDENTITIES if name in names):
            row = self.lookup(IDENTIFIERS[field], str(value)) if value else None
            if row is None or self.hub_reference(row) not in (None, write.hub_id):
                continue
            external_id = self.external_id(row)
            if self.hub_reference(row) is None:
                reason = _reason(error)
                return accord.Outcome(write.id, accord.Result.PRECONDITION, external_id, row, reason=reason)
            rest = {name: held for name, held in write.row.items() if name != "email"}
            return self._update(replace(write, external_id=external_id, row=rest))
        return accord.Outcome(write.id, accord.Result.REJECTED, reason=_reason(error))

    def _update_batch(self, writes: Sequence[accord.Write]) -> list[accord.Outcome]:
        contacts = [{"id": int(write.external_id or 0), **_body(write.row)} for write in writes]
        answer = self.http.post(f"{PATH}/batch", json={"contacts": contacts}, limit_class="contacts")
        if answer.status == PARTLY:
            # Some were updated: each again by itself, which changes nothing or tells why.
            return [self._update(write) for write in writes]
        return [
            accord.Outcome(write.id, accord.Result.DONE, external_id=write.external_id) for write in writes
        ]

    def _update(self, write: accord.Write) -> accord.Outcome:
        external_id = write.external_id or ""
        body = _body({name: value for name, value in write.row.items() if name != "email"})
        if "email" in write.row:
            refusal = self._rename(write, body)
            if refusal is not None:
                return refusal
        answer = self._put(external_id, body)
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE)
        if answer.status == REFUSED:
            return accord.Outcome(write.id, accord.Result.REJECTED, reason=_reason(answer.json()))
        return accord.Outcome(write.id, accord.Result.DONE, external_id=external_id)

    def _rename(self, write: accord.Write, body: dict[str, Any]) -> accord.Outcome | None:
        """Put the new address into the body where that is safe; else say why not.

        A rename carries the flags along, so that the old address would lose its opt-out.
        """
        row = self.lookup("contact_id", write.external_id or "")
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE)
        address = write.row["email"]
        if str(row.get("email", "")).lower() == str(address).lower():
            return None
        blocked = row["emailBlacklisted"] or row["smsBlacklisted"] or row.get("listUnsubscribed")
        if address is None or blocked or not self.connector.settings_value.rename:
            reason = "rename_of_blacklisted" if blocked else "rename_not_allowed"
            return accord.Outcome(
                write.id, accord.Result.REJECTED, external_id=write.external_id, reason=reason
            )
        body["attributes"] = {**body.get("attributes", {}), "EMAIL": address}
        return None


def _body(row: accord.Row) -> dict[str, Any]:
    """A row as Brevo wants it written: our reference stands beside the attributes."""
    body = dict(row)
    attributes = dict(row.get("attributes") or {})
    if reference := attributes.pop("EXT_ID", None):
        body["ext_id"] = reference
    if not body.get("email"):
        body.pop("email", None)
    return {**body, "attributes": attributes}


def _reason(error: dict[str, Any]) -> str:
    """Brevo's code and the identifiers in conflict; never its sentence, which may quote the record."""
    return " ".join([str(error.get("code")), *_duplicates(error)])


def _duplicates(error: dict[str, Any]) -> list[str]:
    """The identifiers that another contact holds."""
    return [str(name) for name in (error.get("metadata") or {}).get("duplicate_identifiers") or ()]
