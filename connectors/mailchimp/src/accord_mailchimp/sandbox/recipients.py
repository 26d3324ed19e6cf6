"""What people do at the stand-in without the API: sign up, confirm, unsubscribe, bounce, complain.

Over the control plane, ``PUT /_sandbox/tables/members/{contact_id}`` with a ``status`` does the same:
``subscribed`` is the click in the confirmation mail, ``unsubscribed`` the link in a newsletter, ``cleaned``
a bounce.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from accord.sandbox import Item, Sandbox, Table, Values
from accord_mailchimp.sandbox.shapes import hash_of, moment

LATER = timedelta(seconds=1)
"""A confirmation is never in the second of the sign-up: a mail lies between them."""


class Recipients(Sandbox):
    """The people behind the addresses; only they can open what they closed."""

    members: Table
    forgotten: Table
    reports: Table

    def member(self, body: Values) -> Values:
        """The values of a new member, in the vendor's form."""
        return body

    def by_address(self, email: str) -> Item | None:
        """The member with this address."""
        return next(iter(self.members.find("hash", hash_of(email))), None)

    def normalise(self, table: str, values: Values) -> Values:
        """A member typed in by the account's owner has everything a member has."""
        if table != "members":
            return values
        return {**self.member(values), **values}

    def person_edits(self, table: str, id_: str, values: Values) -> Item:
        """Somebody edits a member; a new status leaves its times behind."""
        old = self.shelf.tables[table].get(id_)
        if table != "members" or old is None:
            return super().person_edits(table, id_, values)
        fields = {**old.values["merge_fields"], **values.get("merge_fields", {})}
        status = str(values.get("status", old.values["status"]))
        facts = {} if status == old.values["status"] else self.answered(old.values, status)
        with self.lock, self.shelf.acting("person"):
            changed = {**old.values, **values, **facts, "merge_fields": fields}
            return self.members.overwrite(id_, changed)

    def answered(self, values: Values, status: str) -> Values:
        """What a person's own act leaves behind."""
        now = self.clock.now()
        if status == "subscribed":
            signed = values["timestamp_signup"] or moment(now - LATER)
            opted = max(now, datetime.fromisoformat(signed) + LATER)
            return {"timestamp_signup": signed, "timestamp_opt": moment(opted), "ip_opt": "192.0.2.3"}
        if status == "pending":
            return {"timestamp_signup": moment(now), "ip_signup": "192.0.2.3", "timestamp_opt": ""}
        if status == "unsubscribed":
            return {"unsubscribe_reason": values.get("unsubscribe_reason") or "NORMAL"}
        return {}

    def person_unsubscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The link in a newsletter; an audience has no other channel.

        Raises:
            KeyError: there is no such member, or no such channel.
        """
        if table != "members" or channel != "email":
            raise KeyError(channel)
        return self.leave(id_)

    def person_subscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The hosted form, and the click in the mail that follows; raises KeyError as unsubscribing does."""
        if table != "members" or channel != "email":
            raise KeyError(channel)
        self.person_edits("members", id_, {"status": "pending"})
        return self.confirm(id_)

    def sign_up(self, email: str) -> Item:
        """Somebody fills in the hosted form, which takes forgotten addresses too: pending at first."""
        with self.lock:
            if hash_of(email) in self.forgotten:
                with self.shelf.acting("person"):
                    self.forgotten.remove(hash_of(email))
            item = self.by_address(email) or self.person_creates("members", {"email_address": email})
            return self.person_edits("members", item.id, {"status": "pending"})

    def confirm(self, id_: str) -> Item:
        """The person clicks in the confirmation mail.

        Raises:
            KeyError: nobody is waiting for it.
        """
        item = self.members.get(id_)
        if item is None or item.values["status"] != "pending":
            raise KeyError(id_)
        return self.person_edits("members", id_, {"status": "subscribed"})

    def leave(self, id_: str) -> Item:
        """The person clicks the unsubscribe link of a newsletter."""
        return self.person_edits("members", id_, {"status": "unsubscribed"})

    def bounce(self, id_: str) -> Item:
        """A mail could not be delivered for good: the member is cleaned."""
        return self.person_edits("members", id_, {"status": "cleaned"})

    def complain(self, id_: str) -> Item:
        """The person reports spam: unsubscribed, and an abuse report stays."""
        item = self.person_edits("members", id_, {"status": "unsubscribed", "unsubscribe_reason": "ABUSE"})
        email = item.values["email_address"]
        report = {"campaign_id": "0", "email_id": hash_of(email), "email_address": email, "vip": False}
        with self.lock, self.shelf.acting("person"):
            self.reports.insert({**report, "list_id": "sandbox", "merge_fields": {}})
        return item
