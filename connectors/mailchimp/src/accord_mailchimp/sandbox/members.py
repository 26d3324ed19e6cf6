"""The members of the stand-in's audience, as the API treats them.

Kept on purpose: whoever is unsubscribed or has bounced can only be asked again, never be subscribed;
deleting archives; an address that was deleted for good is refused; a rename carries the status along.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from accord.sandbox import Item, Request, Response, Values
from accord_mailchimp.sandbox.merge_fields import MergeFields
from accord_mailchimp.sandbox.recipients import Recipients
from accord_mailchimp.sandbox.shapes import LIST_ID, hash_of, moment, shown

WRITABLE = ("subscribed", "unsubscribed", "cleaned", "pending")
STATUSES = (*WRITABLE, "transactional")
REFUSING = ("unsubscribed", "cleaned")
SORTED = {"last_changed", "timestamp_signup", "timestamp_opt"}
BLANK: Values = {
    "email_type": "html",
    "status": "transactional",
    "merge_fields": {},
    "language": "",
    "ip_signup": "",
    "timestamp_signup": "",
    "ip_opt": "",
    "timestamp_opt": "",
    "unsubscribe_reason": "",
    "before": "",
}


class MemberHandlers(MergeFields, Recipients):
    """Everything under ``/3.0/lists/{list_id}/members``, and the search."""

    resolution = timedelta(seconds=1)

    def declare_members(self) -> None:
        """The tables and the routes."""
        hashed = {"hash": lambda values: hash_of(values["email_address"])}
        self.members = self.shelf.table("members", hashed)
        self.forgotten = self.shelf.table("_forgotten")
        self.crowded: set[str] = set()
        self.reports = self.shelf.table("_abuse_reports")
        members = "/3.0/lists/{list_id}/members"
        self.route("GET", members, self.list_members)
        self.route("POST", members, self.add_member)
        self.route("GET", members + "/{hash}", self.get_member)
        self.route("PUT", members + "/{hash}", self.put_member)
        self.route("PATCH", members + "/{hash}", self.patch_member)
        self.route("DELETE", members + "/{hash}", self.archive_member)
        self.route("POST", members + "/{hash}/actions/delete-permanent", self.forget_member)
        self.route("GET", "/3.0/search-members", self.search_members)

    # What a client asks.

    def list_members(self, request: Request) -> Response:
        """A page by offset; archived members only when they are asked for by status."""
        self.require_list(request)
        count, offset = self.window(request)
        rows = [item for item in self.members.indexed() if self.wanted(request, item)]
        field = request.argument("sort_field") or "timestamp_signup"
        if field not in SORTED:
            raise self.invalid("sort_field", "Value must be one of the provided values.")
        if field != "last_changed":
            rows.sort(key=lambda item: (str(item.values[field]), item.created_at, item.id))
        if request.argument("sort_dir").upper() == "DESC":
            rows.reverse()
        page = [self.shown(item) for item in self.page(request, rows, offset, count)]
        return Response.json({"members": page, "list_id": LIST_ID, "total_items": len(rows)})

    def wanted(self, request: Request, item: Item) -> bool:
        """Whether the filters of a list let a member through; since and before exclude their instant."""
        status, told = item.values["status"], moment(item.updated_at)
        asked = request.argument("status")
        if status != asked if asked else status == "archived":
            return False
        since = self.instant(request, "since_last_changed")
        before = self.instant(request, "before_last_changed")
        changed = datetime.fromisoformat(told)
        return (since is None or changed > since) and (before is None or changed < before)

    def get_member(self, request: Request) -> Response:
        """One member, archived or not."""
        return Response.json(self.shown(self.named(request)))

    def add_member(self, request: Request) -> Response:
        """Create only."""
        self.require_list(request)
        body = self.body(request) or {}
        if self.by_address(self.address(body)):
            raise self.invalid("email_address", "This address is already a member: use PUT.")
        return Response.json(self.shown(self.created(body, body.get("status"))))

    def put_member(self, request: Request) -> Response:
        """Update whoever answers to the hash, or create; ``status_if_new`` counts for the latter only."""
        self.require_list(request)
        body = self.body(request) or {}
        item = self.lookup(request.params["hash"])
        if item is None:
            return Response.json(self.shown(self.created(body, body.get("status_if_new"))))
        if item.values["status"] == "archived":
            back = item.values["before"]
            body = {"status": back if back in REFUSING else body.get("status_if_new"), **body}
            return Response.json(self.shown(self.restored(item, body)))
        return Response.json(self.shown(self.changed(item, body)))

    def patch_member(self, request: Request) -> Response:
        """Update one member."""
        return Response.json(self.shown(self.changed(self.named(request), self.body(request) or {})))

    def archive_member(self, request: Request) -> Response:
        """What a DELETE does: the member leaves the lists and keeps what was answered."""
        item = self.named(request)
        if item.values["status"] == "archived":
            raise self.refuse(405, "not_found", "This list member cannot be removed.")
        before = {"status": "archived", "before": item.values["status"]}
        self.members.overwrite(item.id, {**item.values, **before})
        return Response.empty()

    def forget_member(self, request: Request) -> Response:
        """Gone for good; the hash of the address stays, to refuse it."""
        self.require_list(request)
        item = next(iter(self.members.find("hash", request.params["hash"])), None)
        if item is None:
            raise self.refuse(404, "not_found", "The requested resource could not be found.")
        self.members.remove(item.id)
        if request.params["hash"] not in self.forgotten:
            self.forgotten.insert({}, id_=request.params["hash"])
        return Response.empty()

    def search_members(self, request: Request) -> Response:
        """Members whose address, names or other texts hold the words; archived ones are left out."""
        words = request.argument("query").strip().lower()
        rows = [item for item in self.members.indexed() if item.values["status"] != "archived"]
        exact = [item for item in rows if item.values["email_address"].lower() == words]
        full = [item for item in rows if words and item not in exact and words in _searched(item)]
        parts = {"exact_matches": exact, "full_search": full}
        found = {
            name: {"members": [self.shown(item) for item in items[:100]], "total_items": len(items)}
            for name, items in parts.items()
        }
        return Response.json(found)

    # How members behave.

    def member(self, body: Values, status: Any = "transactional") -> Values:
        """The values of a new member."""
        kept = {name: body[name] for name in ("email_type", "language") if body.get(name)}
        return {
            **BLANK,
            **kept,
            "email_address": self.address(body),
            "merge_fields": self.checked_fields(body),
            "status": status,
        }

    def created(self, body: Values, status: Any) -> Item:
        """A new member; forgotten addresses are refused whatever is asked for them."""
        values = self.member(body, status)
        if status not in STATUSES:
            raise self.invalid("status_if_new", "Data did not match any of the schemas described in anyOf.")
        self.refuse_forgotten(values["email_address"])
        self.refuse_crowded(values["email_address"])
        return self.members.insert({**values, **self.stamped(values, status)})

    def restored(self, item: Item, body: Values) -> Item:
        """An archived member comes back, with a refusal if there was one."""
        values = {**item.values, "status": item.values["before"] or "transactional", "before": ""}
        if body["status"] in STATUSES:
            values["status"] = body["status"]
        fields = {**item.values["merge_fields"], **self.checked_fields(body)}
        return self.members.overwrite(item.id, {**values, "merge_fields": fields})

    def changed(self, item: Item, body: Values) -> Item:
        """Apply one update: merge fields are overlaid, the status is judged."""
        values = dict(item.values)
        if "email_address" in body:
            values["email_address"] = self.free_address(item, body)
        values["merge_fields"] = {**values["merge_fields"], **self.checked_fields(body)}
        values |= {name: body[name] for name in ("email_type", "language") if name in body}
        if "status" in body:
            values |= self.decided(item, body["status"])
        return self.members.overwrite(item.id, values)

    def decided(self, item: Item, status: Any) -> Values:
        """What a status asked for by the API does; whoever refused or bounced is not subscribed."""
        now, email = item.values["status"], item.values["email_address"]
        if status not in WRITABLE:
            raise self.invalid("status", "Value must be one of the provided values.")
        refused = item.values["before"] if now == "archived" else now
        closed = refused in REFUSING and status == "subscribed"
        if closed or (refused == "cleaned" and status == "pending"):
            detail = f"{email} is in a compliance state due to unsubscribe, bounce, or compliance review"
            raise self.refuse(400, "compliance_state", f"{detail} and cannot be subscribed.")
        if status == now:
            return {}
        if status == "pending":
            self.refuse_crowded(email)
        return {"status": status, **self.stamped(item.values, status)}

    def stamped(self, values: Values, status: Any) -> Values:
        """The times and addresses that a change of status through the API leaves behind."""
        now = moment(self.clock.now())
        if status == "subscribed":
            return {"timestamp_opt": now, "ip_opt": "192.0.2.2"}
        if status == "pending":
            return {"timestamp_signup": now, "ip_signup": "192.0.2.2", "timestamp_opt": "", "ip_opt": ""}
        reason = "N/A (Unsubscribed by admin)" if status == "unsubscribed" else values["unsubscribe_reason"]
        return {"unsubscribe_reason": reason}

    def free_address(self, item: Item, body: Values) -> str:
        """A new address, unless somebody else has it or it was forgotten."""
        email = self.address(body)
        owner = self.by_address(email)
        if owner is not None and owner.id != item.id:
            there = f'"{email}" is already in this list with a status of "{owner.values["status"]}".'
            raise self.invalid("email_address", there)
        if owner is None:
            self.refuse_forgotten(email)
        return email

    def refuse_forgotten(self, email: str) -> None:
        """Refuse an address that was deleted for good."""
        if hash_of(email) in self.forgotten:
            detail = f"{email} was permanently deleted and cannot be re-imported."
            again = "The contact must re-subscribe to get back on the list."
            raise self.refuse(400, "forgotten_email", f"{detail} {again}")

    def refuse_crowded(self, email: str) -> None:
        """Refuse an address that has come to many audiences at once (those in ``crowded``)."""
        if email.lower() in self.crowded:
            detail = f"{email} has signed up to a lot of lists very recently;"
            raise self.refuse(400, "invalid_resource", f"{detail} we're not allowing more signups for now")

    def address(self, body: Values) -> str:
        """The address in a body; 400 when it is none."""
        email = str(body.get("email_address") or "").strip()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise self.refuse(400, "invalid_resource", "Please provide a valid email address.")
        return email

    # How members are named.

    def shown(self, item: Item) -> dict[str, Any]:
        """A member as the vendor shows it."""
        return shown(item, [field.values["tag"] for field in self.merge_fields.items()])

    def named(self, request: Request) -> Item:
        """The member of a path."""
        self.require_list(request)
        item = self.lookup(request.params["hash"])
        if item is None:
            raise self.refuse(404, "not_found", "The requested resource could not be found.")
        return item

    def lookup(self, word: str) -> Item | None:
        """A member by hash, address or contact id, as it is now."""
        hash_ = hash_of(word) if "@" in word else word
        return next(iter(self.members.find("hash", hash_)), None) or self.members.get(word)


def _searched(item: Item) -> str:
    """Where the search looks: the address and the texts among the merge fields."""
    texts = [value for value in item.values["merge_fields"].values() if isinstance(value, str)]
    return "\n".join([item.values["email_address"], *texts]).lower()
