"""The account of the stand-in: its key, its audience, its merge fields, its limits."""

from __future__ import annotations

import base64
import binascii

from accord.sandbox import Request, Response, Route, Values, people
from accord_mailchimp.sandbox.members import MemberHandlers
from accord_mailchimp.sandbox.shapes import LIST_ID, moment

CONNECTIONS = 10
"""Requests that may be under way at once (mailchimp.com/developer/marketing/docs/fundamentals)."""

CROWDED = "You have exceeded the limit of 10 simultaneous connections."

SEEDED = {"granted": "subscribed", "withdrawn": "unsubscribed", "unknown": "transactional"}


class MailchimpSandbox(MemberHandlers):
    """One Mailchimp account with one audience, whose id is ``sandbox``."""

    name = "mailchimp"

    def setup(self) -> None:
        """Tables and routes."""
        self.declare_merge_fields()
        self.declare_members()
        self.route("GET", "/3.0", self.account)
        self.route("GET", "/3.0/ping", self.ping)
        self.route("GET", "/3.0/lists/{list_id}", self.audience)
        self.route("GET", "/3.0/lists/{list_id}/abuse-reports", self.list_abuse_reports)

    def seed(self, seed: int, size: int) -> None:
        """People as this audience knows them; every fifth opt-in was single, every ninth address bounced."""
        for number, person in enumerate(people.known_to("mailchimp", seed, size)):
            email = person.document.get("email")
            if not email or self.by_address(str(email)):
                continue  # an audience holds one member per address, and none without
            item = self.members.insert(self.member(_typed(person.document)))
            status = SEEDED[person.consent.get("email", "unknown")]
            if number % 9 == 8:  # noqa: PLR2004
                status = "cleaned"
            facts: Values = {"status": status}
            if status == "subscribed":
                facts |= {"timestamp_opt": moment(item.created_at), "ip_opt": "192.0.2.1"}
                facts["timestamp_signup"] = "" if number % 5 == 0 else "2023-12-31T09:00:00+00:00"
            self.members.overwrite(item.id, {**item.values, **facts})

    # Every answer.

    def authenticate(self, request: Request) -> None:
        """Any user, the key as password; or a bearer token."""
        self.require_token(request.bearer or _password(request.header("authorization")))

    def throttle(self, request: Request, route: Route) -> None:  # noqa: ARG002  one limit for all
        """No rate, but a number of simultaneous connections; no header says how many are left."""
        if self.options.rate and self._in_flight > CONNECTIONS:
            raise self.refuse(429, "rate_limited", CROWDED)

    def throttled(self, seconds: float) -> Response:  # noqa: ARG002  it is not told
        """A 429 that does not say when to come back."""
        return self.error(429, "rate_limited", CROWDED)

    # The account and its audience.

    def account(self, request: Request) -> Response:  # noqa: ARG002
        """Who owns the key."""
        contact = {"company": "Example Sandbox", "city": "Example", "country": "US"}
        return Response.json(
            {
                "account_id": "sandbox0account",
                "account_name": "Example Sandbox",
                "email": "owner@example.com",
                "role": "owner",
                "contact": contact,
                "total_subscribers": len(self.members),
            }
        )

    def ping(self, request: Request) -> Response:  # noqa: ARG002
        """Health, without anything of the account."""
        return Response.json({"health_status": "Everything's Chimpy!"})

    def audience(self, request: Request) -> Response:
        """The audience with its numbers."""
        self.require_list(request)
        told = [item.values["status"] for item in self.members.items()]
        stats = {"member_count": told.count("subscribed"), "unsubscribe_count": told.count("unsubscribed")}
        stats |= {"cleaned_count": told.count("cleaned"), "merge_field_count": len(self.merge_fields)}
        return Response.json({"id": LIST_ID, "name": "Everybody", "double_optin": True, "stats": stats})

    def list_abuse_reports(self, request: Request) -> Response:
        """A page of complaints of spam."""
        self.require_list(request)
        count, offset = self.window(request)
        items = self.reports.items()[offset : offset + count]
        rows = [{**item.values, "id": int(item.id), "date": moment(item.created_at)} for item in items]
        total = len(self.reports)
        return Response.json({"abuse_reports": rows, "list_id": LIST_ID, "total_items": total})


def _password(header: str) -> str:
    """The password of a Basic header; '' when there is none."""
    scheme, _, word = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(word, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _typed(document: Values) -> Values:
    """A person as the account's owner would have typed them in."""
    place = (document.get("addresses") or {}).get("default") or {}
    address = {
        "addr1": place.get("street_address", ""),
        "addr2": "",
        "city": place.get("locality", ""),
        "state": place.get("region", ""),
        "zip": place.get("postal_code", ""),
        "country": place.get("country", ""),
    }
    born = str(document.get("birth_date") or "")
    fields = {
        "FNAME": document.get("given_name", ""),
        "LNAME": document.get("family_name", ""),
        "PHONE": document.get("phone", ""),
        "BIRTHDAY": f"{born[5:7]}/{born[8:10]}" if born else "",
        # Only American addresses have a state, and people cannot leave that line out.
        "ADDRESS": address if address["state"] else "",
    }
    return {
        "email_address": str(document["email"]),
        "merge_fields": fields,
        "language": document.get("language", ""),
    }
