"""The merge fields of the stand-in's audience, and what they take."""

from __future__ import annotations

import re
from typing import Any

from accord.sandbox import Request, Response, Values
from accord_mailchimp.sandbox.audience import Audience
from accord_mailchimp.sandbox.shapes import LIST_ID

NEEDED = ("addr1", "city", "state", "zip")
LONGEST_TAG = 10
AMERICAN = re.compile(r"(\d{3}-\d{3}-\d{4})?")
"""What a phone field of American format takes; an international one takes anything."""

OPTIONS: dict[str, Values] = {
    "phone": {"phone_format": "International"},
    "birthday": {"date_format": "MM/DD"},
    "address": {"default_country": 164},
}
MERGE_FIELDS = {
    "FNAME": "text",
    "LNAME": "text",
    "ADDRESS": "address",
    "PHONE": "phone",
    "BIRTHDAY": "birthday",
    "ACCORD_ID": "text",
}


class MergeFields(Audience):
    """Everything under ``/3.0/lists/{list_id}/merge-fields``."""

    def declare_merge_fields(self) -> None:
        """The table and the routes."""
        self.merge_fields = self.shelf.table("_merge_fields", {"tag": lambda values: values["tag"]})
        self.route("GET", "/3.0/lists/{list_id}/merge-fields", self.list_merge_fields)
        self.route("POST", "/3.0/lists/{list_id}/merge-fields", self.create_merge_field)

    def fill(self) -> None:
        """Seed the empty shelf; an audience begins with its merge fields."""
        with self.shelf.acting("seed"):
            for number, (tag, kind) in enumerate(MERGE_FIELDS.items(), start=1):
                values = {"tag": tag, "name": tag.title(), "type": kind, "public": kind == "text"}
                values["options"] = OPTIONS.get(kind, {})
                self.merge_fields.insert(values, id_=str(number))
        super().fill()

    # What a client asks.

    def list_merge_fields(self, request: Request) -> Response:
        """A page of the audience's merge fields."""
        self.require_list(request)
        count, offset = self.window(request)
        rows = [self.merge_field(int(item.id), item.values) for item in self.merge_fields.items()]
        page = {"merge_fields": rows[offset : offset + count], "list_id": LIST_ID, "total_items": len(rows)}
        return Response.json(page)

    def create_merge_field(self, request: Request) -> Response:
        """One more merge field; its tag must be new."""
        self.require_list(request)
        body = self.body(request) or {}
        tag = str(body.get("tag") or "").upper()
        if not 0 < len(tag) <= LONGEST_TAG or self.merge_fields.find("tag", tag):
            raise self.invalid("tag", "A Merge Field with this tag already exists, or it is too long.")
        values = {"tag": tag, "name": str(body.get("name")), "type": str(body.get("type", "text"))}
        item = self.merge_fields.insert({**values, "public": bool(body.get("public")), "options": {}})
        return Response.json(self.merge_field(int(item.id), item.values))

    def merge_field(self, number: int, values: Values) -> dict[str, Any]:
        """A merge field as the vendor shows it."""
        fixed = {"required": False, "default_value": "", "list_id": LIST_ID, "display_order": number}
        return {"merge_id": number, **values, **fixed}

    # What they take.

    def checked_fields(self, body: Values) -> Values:
        """The merge fields in a body that the audience has; an address is complete or empty."""
        known = {item.values["tag"]: item.values for item in self.merge_fields.items()}
        sent = {tag: value for tag, value in (body.get("merge_fields") or {}).items() if tag in known}
        for tag, value in sent.items():
            if known[tag]["type"] == "address" and value != "":
                sent[tag] = self.whole_address(tag, value)
            american = known[tag]["options"].get("phone_format") == "US"
            if american and not AMERICAN.fullmatch(str(value)):
                raise self.invalid(tag, "Please enter a phone number in the form NPA-NXX-LINE")
        return sent

    def whole_address(self, tag: str, value: Any) -> Values:
        """An address with every line it needs; the country defaults to the United States."""
        lines = value if isinstance(value, dict) else {}
        if not all(str(lines.get(name) or "").strip(" ") for name in NEEDED):
            raise self.invalid(tag, "Please enter a complete address")
        return {"addr2": "", **lines, "country": lines.get("country") or "US"}
