"""Consent at Brevo's stand-in: blocks of transactional mail, confirmation mails, and people who decide.

Kept on purpose: deleting a block subscribes again; a confirmation for somebody on the blacklist is refused as
"already associated" (sendinblue/APIv3-php-library#253); a block does not touch the contact's date of change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accord.sandbox import Item, Request, Response, Values
from accord_brevo.sandbox_contacts import ContactHandlers

FLAGS = {"email": "emailBlacklisted", "sms": "smsBlacklisted"}
SENDER = "shop@example.com"
BLOCKED_PAGE = 100


class ConsentHandlers(ContactHandlers):
    """Blocked contacts, double opt-in, and what people do."""

    def declare_consent(self) -> None:
        """The tables and routes."""
        self.blocked = self.shelf.table("blocked", {"email": lambda values: values["email"]})
        self.confirmations = self.shelf.table("confirmations", {"email": lambda values: values["email"]})
        self.route("GET", "/v3/smtp/blockedContacts", self.list_blocked, kind="blocks")
        self.route("DELETE", "/v3/smtp/blockedContacts/{email}", self.unblock)
        self.route("POST", "/v3/contacts/doubleOptinConfirmation", self.ask_to_confirm, kind="contacts")

    # What a client asks.

    def list_blocked(self, request: Request) -> Response:
        """A page of blocked contacts, by day; none in the future (reference get-transac-blocked-contacts)."""
        limit, offset = self.window(request, BLOCKED_PAGE)
        start, end = request.argument("startDate"), request.argument("endDate")
        if bool(start) != bool(end):
            raise self.refuse(400, "missing_parameter", "startDate and endDate go together")
        if max(start, end) > self.clock.now().date().isoformat():
            raise self.refuse(400, "invalid_parameter", "startDate and endDate may not lie in the future")
        rows = [item for item in self.blocked.items() if not start or start <= _day(item) <= end]
        ordered = rows if request.argument("sort") == "asc" else rows[::-1]
        page = [_shown(item) for item in self.page(request, ordered, offset, limit)]
        return Response.json({"count": len(rows), "contacts": page})

    def unblock(self, request: Request) -> Response:
        """Unblock, or subscribe again, whoever has this address."""
        found = self.blocked.find("email", request.params["email"].lower())
        if not found:
            raise self.refuse(404, "document_not_found", "The address is not blocked")
        for item in found:
            self.blocked.remove(item.id)
        return Response.empty()

    def ask_to_confirm(self, request: Request) -> Response:
        """Send the mail with the link; the contact joins the lists when it is followed."""
        body = self.body(request)
        for name in ("email", "includeListIds", "templateId", "redirectionUrl"):
            if not body.get(name):
                raise self.refuse(400, "missing_parameter", f"{name} is missing")
        contact = self.lookup("email_id", body["email"])
        if contact is not None and contact.values["emailBlacklisted"]:
            raise self.refuse(400, "invalid_parameter", "email is already associated with another user")
        values = {"email": body["email"].lower(), "lists": body["includeListIds"], "confirmed": False}
        self.confirmations.insert(values)
        return Response.empty() if contact is not None else Response.empty(201)

    # What people do.

    def person_unsubscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """Follow the link of a campaign, or answer STOP."""
        return self._flag(table, id_, channel, held=True)

    def person_subscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """Fill in the account's own form, which takes people off the blacklist."""
        return self._flag(table, id_, channel, held=False)

    def _flag(self, table: str, id_: str, channel: str, *, held: bool) -> Item:
        if table != "contacts" or channel not in FLAGS:
            raise KeyError(f"subscription of {table}/{id_} on {channel}")
        return self.person_edits(table, id_, {FLAGS[channel]: held})

    def person_blocks(self, email: str, code: str = "unsubscribedViaEmail") -> Item:
        """Something ends one sender's transactional mail to an address: a click, a bounce, a complaint."""
        return self.person_creates("blocked", {"email": email.lower(), "code": code, "senderEmail": SENDER})

    def person_confirms(self, email: str) -> Item:
        """Follow the link of the last confirmation mail.

        Raises:
            KeyError: none was sent.
        """
        found = self.confirmations.find("email", email.lower())
        if not found:
            raise KeyError(f"confirmation of {email}")
        with self.lock, self.shelf.acting("person"):
            asked = self.confirmations.update(found[-1].id, {"confirmed": True})
            contact = self.lookup("email_id", email)
            if contact is None:
                return self.contacts.insert(self.normalise("contacts", _joining(asked)))
            lists = sorted({*contact.values["listIds"], *asked.values["lists"]})
            return self.contacts.update(contact.id, {"listIds": lists})


def _joining(asked: Item) -> Values:
    return {"email": asked.values["email"], "listIds": list(asked.values["lists"])}


def _shown(item: Item) -> dict[str, Any]:
    values = item.values
    reason = {"code": values["code"], "message": values["code"]}
    at = _written(item.created_at)
    return {"email": values["email"], "senderEmail": values["senderEmail"], "reason": reason, "blockedAt": at}


def _written(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds")


def _day(item: Item) -> str:
    return item.created_at.date().isoformat()
