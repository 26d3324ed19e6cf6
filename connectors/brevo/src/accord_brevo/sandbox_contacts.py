"""The contacts of Brevo's stand-in: identifiers, attributes and flags as the vendor treats them.

Kept on purpose: ``false`` really clears a blacklist flag, attributes that the account does not have are
dropped without a word, ``EMAIL`` renames a contact together with its flags.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from accord.sandbox import Item, Refused, Request, Response, Sandbox, Values

ATTRIBUTES = {
    **dict.fromkeys(("FIRSTNAME", "LASTNAME", "SMS", "EXT_ID", "LANDLINE_NUMBER", "JOB_TITLE"), "text"),
    **dict.fromkeys(("COMPANY", "LANGUAGE", "STREET", "CITY", "POSTCODE", "REGION", "COUNTRY"), "text"),
    "BIRTHDATE": "date",
}
"""The contact attributes of the account, with their types; writes to any other are dropped."""

LISTED = timezone(timedelta(hours=2))
"""Brevo writes instants with the offset of the account's time zone."""

SETTABLE = ("emailBlacklisted", "smsBlacklisted", "ext_id")
PAGE_LIMIT, BATCH_LIMIT = 1000, 100
BLANK: Values = {
    "attributes": {},
    "emailBlacklisted": False,
    "smsBlacklisted": False,
    "listIds": [],
    "listUnsubscribed": [],
}


class ContactHandlers(Sandbox):
    """Everything under ``/v3/contacts`` but imports."""

    def declare_contacts(self) -> None:
        """The table with its three unique identifiers, and the routes."""
        self.contacts = self.shelf.table(
            "contacts",
            {
                "email_id": lambda values: values.get("email"),
                "ext_id": lambda values: values.get("ext_id"),
                "phone_id": lambda values: values["attributes"].get("SMS"),
            },
        )
        self.route("GET", "/v3/contacts", self.list_contacts, kind="contacts")
        self.route("POST", "/v3/contacts", self.create_contact, kind="contacts")
        self.route("GET", "/v3/contacts/attributes", self.list_attributes, kind="contacts")
        self.route("POST", "/v3/contacts/batch", self.update_batch, kind="contacts")
        self.route("GET", "/v3/contacts/{identifier}", self.get_contact, kind="contacts")
        self.route("PUT", "/v3/contacts/{identifier}", self.update_contact, kind="contacts")
        self.route("DELETE", "/v3/contacts/{identifier}", self.delete_contact, kind="contacts")

    def error(self, status: int, code: str, message: str) -> Response:
        """Brevo's error model: a code and a sentence."""
        known = {"unauthorized", "document_not_found", "out_of_range", "missing_parameter"}
        return Response.json(
            {"code": code if code in known else "invalid_parameter", "message": message}, status
        )

    def normalise(self, table: str, values: Values) -> Values:
        """Lower-case addresses, digits-only phones, upper-case attribute names; unknown ones fall away."""
        if table != "contacts":
            return values
        clean = {**BLANK, **values}
        if values.get("email"):
            clean["email"] = str(values["email"]).strip().lower()
        given = {name.upper(): value for name, value in clean["attributes"].items()}
        kept = {name: value for name, value in given.items() if _fits(ATTRIBUTES.get(name), value)}
        if kept.get("SMS"):
            kept["SMS"] = digits(str(kept["SMS"]))
        if kept.pop("EXT_ID", None):
            clean["ext_id"] = given["EXT_ID"]
        clean["attributes"] = kept
        return clean

    def person_edits(self, table: str, id_: str, values: Values) -> Item:
        """A person changes some fields: attributes are overlaid, flags and the address replaced."""
        old = self.shelf.tables[table].get(id_)
        if table != "contacts" or old is None:
            return super().person_edits(table, id_, values)
        attributes = {**old.values["attributes"], **(values.get("attributes") or {})}
        return super().person_edits(table, id_, {**old.values, **values, "attributes": attributes})

    # What a client asks.

    def list_contacts(self, request: Request) -> Response:
        """A page by offset, ordered by creation; the filter is on the modification."""
        limit, offset = self.window(request, PAGE_LIMIT)
        since = self.instant(request, "modifiedSince")
        rows = self.contacts.indexed() if since is None else self.contacts.changed_since(since)
        ordered = sorted(rows, key=lambda item: int(item.id), reverse=request.argument("sort") != "asc")
        page = [shown(item) for item in self.page(request, ordered, offset, limit)]
        return Response.json({"contacts": page, "count": len(rows)})

    def list_attributes(self, request: Request) -> Response:  # noqa: ARG002  the list is the same for all
        """The attributes of the account."""
        rows = [{"name": name, "category": "normal", "type": kind} for name, kind in ATTRIBUTES.items()]
        return Response.json({"attributes": rows})

    def get_contact(self, request: Request) -> Response:
        """One contact, with its (empty) statistics."""
        return Response.json({**shown(self.named(request)), "statistics": {}})

    def create_contact(self, request: Request) -> Response:
        """Create, or with ``updateEnabled`` update the one contact that shares an identifier."""
        body = self.body(request)
        fields = self.fields(body)
        if not fields.get("email") and not fields.get("ext_id") and not fields["attributes"].get("SMS"):
            raise self.refuse(400, "missing_parameter", "email is missing")
        found = self.owners(fields)
        if not found:
            item = self.contacts.insert(self.normalise("contacts", fields))
            return Response.json({"id": int(item.id)}, 201)
        if not body.get("updateEnabled") or len(set(found.values())) > 1:
            raise Refused(duplicate("create", found))
        self.change(next(iter(found.values())), fields)
        return Response.empty()

    def update_contact(self, request: Request) -> Response:
        """Overlay what was sent; ``EMAIL`` among the attributes renames."""
        self.change(self.named(request).id, self.fields({**self.body(request), "email": None}))
        return Response.empty()

    def update_batch(self, request: Request) -> Response:
        """All updates or none."""
        rows = self.body(request).get("contacts") or []
        if not 0 < len(rows) <= BATCH_LIMIT:
            raise self.refuse(400, "out_of_range", "contacts takes 1 to 100 entries")
        changes = [(self.target(row), self.fields({**row, "email": None})) for row in rows]
        for id_, fields in changes:
            self.check_free(id_, fields)
        for id_, fields in changes:
            self.change(id_, fields)
        return Response.empty()

    def delete_contact(self, request: Request) -> Response:
        """Gone for good: its flags go with it."""
        self.contacts.remove(self.named(request).id)
        return Response.empty()

    # How identifiers behave.

    def fields(self, body: Values) -> Values:
        """The values a request sets, in the vendor's form; refuses impossible addresses and numbers."""
        attributes = {name.upper(): value for name, value in (body.get("attributes") or {}).items()}
        email = attributes.pop("EMAIL", None) or body.get("email")
        sent: Values = {name: body[name] for name in SETTABLE if name in body}
        if email is not None:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(email).strip()):
                raise self.refuse(400, "invalid_parameter", "Invalid email address")
            sent["email"] = email
        phone = str(attributes.get("SMS") or "")
        if phone and not 6 <= len(digits(phone)) <= 15:  # noqa: PLR2004  E.164
            raise self.refuse(400, "invalid_parameter", "Invalid phone number")
        clean = self.normalise("contacts", {**sent, "attributes": attributes})
        wanted = {*sent, "attributes", *(("ext_id",) if clean.get("ext_id") else ())}
        lists = {name: body[name] for name in ("listIds", "unlinkListIds") if body.get(name)}
        return {name: clean[name] for name in wanted} | lists

    def owners(self, fields: Values) -> dict[str, str]:
        """Which contact holds each identifier that these values name."""
        phone = fields["attributes"].get("SMS")
        named = (("email", "email_id", fields.get("email")), ("ext_id", "ext_id", fields.get("ext_id")))
        found = {}
        for name, key, value in (*named, ("SMS", "phone_id", phone)):
            if value and (items := self.contacts.find(key, str(value))):
                found[name] = items[0].id
        return found

    def check_free(self, id_: str, fields: Values) -> None:
        """Refuse identifiers that another contact holds."""
        taken = {name: owner for name, owner in self.owners(fields).items() if owner != id_}
        if taken:
            raise Refused(duplicate("update", taken))

    def change(self, id_: str, fields: Values) -> None:
        """Apply one update; an empty attribute is removed."""
        self.check_free(id_, fields)
        old = self.contacts.get(id_)
        if old is None:
            raise self.refuse(404, "document_not_found", "Contact does not exist")
        merged = {**old.values["attributes"], **fields["attributes"]}
        kept = {name: value for name, value in merged.items() if value not in ("", None)}
        left = set(fields.pop("unlinkListIds", ()))
        lists = sorted({*old.values["listIds"], *fields.get("listIds", ())} - left)
        self.contacts.overwrite(id_, {**old.values, **fields, "attributes": kept, "listIds": lists})

    def named(self, request: Request) -> Item:
        """The contact of a path, by the type of identifier it claims or seems to be."""
        word = request.params["identifier"]
        kind = request.argument("identifierType") or ("email_id" if "@" in word else "contact_id")
        item = self.lookup(kind, word)
        if item is None:
            raise self.refuse(404, "document_not_found", "Contact does not exist")
        return item

    def target(self, row: Values) -> str:
        """The contact that one entry of a batch names."""
        kinds = {"id": "contact_id", "email": "email_id", "sms": "phone_id"}
        found = (self.lookup(kind, str(row[name])) for name, kind in kinds.items() if row.get(name))
        item = next(found, None)
        if item is None:
            raise self.refuse(400, "document_not_found", "Contact does not exist")
        return item.id

    def lookup(self, kind: str, word: str) -> Item | None:
        """A contact by one of its identifiers, as it is now."""
        if kind == "contact_id":
            return self.contacts.get(word)
        value = {"email_id": word.strip().lower(), "phone_id": digits(word), "ext_id": word}.get(kind)
        return next(iter(self.contacts.find(kind, value)), None) if value else None

    def window(self, request: Request, most: int) -> tuple[int, int]:
        """Limit and offset of a list; out of range is refused."""
        try:
            limit, offset = int(request.argument("limit", "50")), int(request.argument("offset", "0"))
        except ValueError:
            raise self.refuse(400, "invalid_parameter", "limit and offset are numbers") from None
        if not 0 < limit <= most or offset < 0:
            raise self.refuse(400, "out_of_range", f"limit exceeds its maximum of {most}")
        return limit, offset

    def instant(self, request: Request, name: str) -> datetime | None:
        """An instant of the query; without an offset it is refused."""
        try:
            return request.instant(name)
        except ValueError:
            raise self.refuse(400, "invalid_parameter", f"{name} is not a valid date-time") from None


def duplicate(verb: str, found: Values) -> Response:
    """The refusal that names the identifiers in conflict."""
    message = f"Unable to {verb} contact, {', '.join(found)} is already associated with another Contact"
    body = {"code": "duplicate_parameter", "message": message}
    return Response.json({**body, "metadata": {"duplicate_identifiers": sorted(found)}}, 400)


def shown(item: Item) -> dict[str, Any]:
    """A contact as lists and lookups show it; identifiers it lacks are left out."""
    values = item.values
    reference = {"EXT_ID": values["ext_id"]} if values.get("ext_id") else {}
    address = {"email": values["email"]} if values.get("email") else {}
    flags = {name: values[name] for name in BLANK if name != "attributes"}
    stamps = {"createdAt": moment(item.created_at), "modifiedAt": moment(item.updated_at)}
    return {
        "id": int(item.id),
        **address,
        **flags,
        **stamps,
        "attributes": {**values["attributes"], **reference},
    }


def moment(value: datetime) -> str:
    """An instant with milliseconds and the account's offset."""
    return value.astimezone(LISTED).isoformat(timespec="milliseconds")


def digits(phone: str) -> str:
    """A number as Brevo keeps it: no plus, no leading zeros of the dialling prefix, digits only."""
    return re.sub(r"\D", "", phone).removeprefix("00")


def _fits(kind: str | None, value: Any) -> bool:
    """Whether a value has the type of its attribute; what does not fit is ignored."""
    if kind == "date" and value not in ("", None):
        return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
    return kind is not None and (value is None or isinstance(value, str | int | float | bool))
