"""Contacts: the people of the portal, with what they permit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import accord
from accord.mapping import Mapping as FieldMapping
from accord.mapping import read
from accord_hubspot.mapping import CONTACTS
from accord_hubspot.streams.crm_object import REFERENCE
from accord_hubspot.streams.permissions import Permissions
from accord_hubspot.subscription import Permission, permissions

SWEEP = "statuses:"
"""The resume token of the part of a read that looks for changed statuses."""


class Contacts(Permissions):
    """Contacts, both ways. HubSpot keeps e-mail addresses unique; a contact need not have one.

    What a person permits is another API of HubSpot's, and a changed status does not touch the contact's date
    of change. So every row that is read is completed with its statuses, and an incremental read goes once an
    hour (setting ``statuses_every``) through the statuses of all contacts.
    """

    name = "contacts"
    model = accord.Customer
    mapping = CONTACTS
    subject = "self"
    modified = "lastmodifieddate"
    # The recycle bin tells at once who was archived. Who was deleted for good under the GDPR is in no list:
    # absence from two complete reads tells, confirmed by a look at each.
    deletes = accord.Deletes.SCAN
    # An upsert by our reference repeats safely, but a portal may hold the same person without it: where the
    # contacts are only written, the engine must look before it creates.
    creates = accord.Creates.REFERENCE
    unique: ClassVar[Mapping[str, str]] = {"hub_id": REFERENCE, "email": "email"}
    searched: ClassVar[Mapping[str, Sequence[str]]] = {"phone": ("phone", "mobilephone")}
    extra = ("hs_additional_emails",)
    find_by = ("hub_id", "email", "phone")

    def __init__(self, connector: accord.Connector[Any], mapping: FieldMapping | None = None) -> None:
        settings = connector.settings_value
        purposes = sorted(set(settings.subscriptions.values()))
        shown = [
            read(f"consents[{purpose}:email]", Permission(purpose), needs=("permissions",))
            for purpose in purposes
        ]
        super().__init__(connector, (mapping or self.mapping).extended(*shown))

    def read(self, request: accord.ReadRequest) -> Iterator[accord.Page]:
        """The contacts, then those whose status alone has changed, where that is due."""
        sweeping = (request.token or "").startswith(SWEEP)
        last = SWEEP if self._is_due(request) else None
        seen: set[str] = set()
        if not sweeping:
            for page in super().read(request):
                seen |= {row["id"] for row in page.rows} if last else set()
                yield replace(page, token=page.token or last)
        if sweeping or last:
            after = (request.token or "").removeprefix(SWEEP) if sweeping else ""
            yield from self._swept(request, after, seen)

    def completed(self, rows: list[accord.Row]) -> list[accord.Row]:
        """The rows with what their addresses permit; two or three requests for a hundred of them."""
        if self.preferences is None:
            return rows
        emails = [str(row["properties"].get("email") or "").lower() for row in rows]
        known = self.preferences.of(email for email in emails if email)
        # Where HubSpot could not answer for an address, the row says nothing of permissions.
        return [
            {**row, "permissions": permissions(known[email], self.preferences.purposes)}
            if email in known
            else row
            for email, row in zip(emails, rows, strict=True)
        ]

    def _is_due(self, request: accord.ReadRequest) -> bool:
        """Whether an hour (or what is set) has begun since the read before began."""
        period = self.connector.settings_value.statuses_every * 3600
        if self.preferences is None or request.since is None or not period:
            return False
        now = self.connector.context.env.now()
        before = request.through or request.since
        return bool(before.timestamp() // period != now.timestamp() // period)

    def _swept(self, request: accord.ReadRequest, after: str, seen: set[str]) -> Iterator[accord.Page]:
        """All contacts, of which those are shown whose status changed since the sweep before."""
        period = timedelta(hours=self.connector.settings_value.statuses_every)
        start = (request.since or self.connector.context.env.now()) - period
        for rows, more, answer_time in self.listed(after, archived=False):
            others = [row for row in rows if row["id"] not in seen]
            fresh = [row for row in self.completed(others) if _may_be_news(row, start)]
            yield accord.Page(fresh, f"{SWEEP}{more}" if more else None, answer_time)


def _may_be_news(row: accord.Row, start: datetime) -> bool:
    """Whether a permission of the row was decided since then, as far as anybody can tell."""
    decided = [one for one in row.get("permissions", {}).values() if one["state"] != "unknown"]
    return any("at" not in one or datetime.fromisoformat(one["at"]) >= start for one in decided)
