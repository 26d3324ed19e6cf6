"""What may change a subscription: unsubscribe, ask for a confirmation, erase. Nothing else here does.

Mailchimp cannot be asked to subscribe on condition, so it is never asked to: :meth:`Permission.subscribe`
sets ``pending``, Mailchimp mails the person, and only the click in that mail opens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import accord
from accord.http import Answer, segment
from accord_mailchimp.problem import refused

REFUSED, MISSING = 400, 404
MEMBER = "/3.0/lists/{list_id}/members/{subscriber_hash}"
ASKED = frozenset({"subscribed", "pending"})
"""Members who need not be asked: they have agreed, or have our question in their mailbox."""

SERVED = "marketing"
"""The purpose, with all below it, that a member's status is about."""

CLOSED = frozenset({"unsubscribed", "cleaned", "archived"})
"""States in which Mailchimp mails nobody."""


def subscriber_hash(email: str) -> str:
    """The MD5 of the address in lower case: how Mailchimp names a member (parameter SubscriberHash)."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


class Permission(accord.Stream):
    """The consent operations of an audience's members, and how one member is addressed."""

    consent_channels = frozenset({"email"})
    confirms = True

    def identifiers(self, row: accord.Row) -> Mapping[str, str]:
        """The hash that the member is known by, as long as the address stays the same."""
        email = row.get("email_address")
        return {"subscriber_hash": subscriber_hash(str(email))} if email else {}

    @accord.batch(1)
    def unsubscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Set the member to unsubscribed. A narrower wish (a topic) is met in full by the audience."""
        return [self._unsubscribe(write) for write in writes]

    @accord.batch(1)
    def subscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Have Mailchimp ask the person to confirm; nobody is ever set to subscribed."""
        return [self._subscribe(write) for write in writes]

    @accord.batch(1)
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Delete the member for good. Mailchimp then refuses the address until its owner signs up."""
        return [self._erase(write) for write in writes]

    def path(self, target: str) -> str:
        """The path of one member, by contact id or subscriber hash."""
        return f"/3.0/lists/{self.connector.settings_value.list_id}/members/{segment(target)}"

    @cached_property
    def audience(self) -> str:
        """The audience's id, once it has been seen that there is one.

        A member who is missing and an audience that was deleted are answered alike: nobody may be taken for
        deleted before this has been asked.

        Raises:
            AccessError: the account has no such audience.
        """
        list_id = self.connector.settings_value.list_id
        path = f"/3.0/lists/{list_id}"
        self.http.get(path, params={"fields": "id"}, template="/3.0/lists/{list_id}")
        return str(list_id)

    def is_missing(self, answer: Answer) -> bool:
        """Whether the answer says that there is no such member, in an audience that there is."""
        return answer.status == MISSING and bool(self.audience)

    def lookup(self, target: str) -> accord.Row | None:
        """One member by contact id or subscriber hash, archived ones too; None when there is none."""
        answer = self.http.get(self.path(target), accept={MISSING}, template=MEMBER)
        if self.is_missing(answer):
            return None
        row: accord.Row = answer.json()
        return row

    def patch(self, target: str, body: accord.Row) -> Answer:
        """Change a member; 400 and 404 are answers."""
        answer = self.http.patch(self.path(target), json=body, accept={REFUSED, MISSING}, template=MEMBER)
        self.is_missing(answer)
        return answer

    def _unsubscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        if not write.purpose.startswith(SERVED):
            return _impossible(write)
        found = accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        for row in self._meant(write):
            answer = self.patch(row["contact_id"], {"status": "unsubscribed"})
            if answer.status == REFUSED:
                return refused(write, answer)
            if answer.status == MISSING:
                continue
            after = answer.json()["status"]
            if after not in CLOSED:  # what the answer shows is believed, not what was sent
                return accord.Outcome(write.id, accord.Result.UNKNOWN, row["contact_id"], reason="not_closed")
            found = _done(write, row, accord.Receipt.CONFIRMED)
        return found

    def _subscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        if not write.purpose.startswith(SERVED):
            return _impossible(write)
        if write.scope not in (None, self.connector.settings_value.list_id):
            return _rejected(write, "other_list")
        row = next(self._meant(write), None)
        if row is None:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        if row["status"] in ASKED:
            agreed = row["status"] == "subscribed"
            return _done(write, row, accord.Receipt.CONFIRMED if agreed else accord.Receipt.ACCEPTED)
        if row["status"] == "cleaned":
            return _rejected(write, "hard_bounce")
        answer = self.patch(row["contact_id"], {"status": "pending"})
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        return (
            refused(write, answer) if answer.status == REFUSED else _done(write, row, accord.Receipt.ACCEPTED)
        )

    def _meant(self, write: accord.ConsentWrite, *, archived: bool = False) -> Iterator[accord.Row]:
        """The members that a write is about, each once; archived ones get no mail and are left alone."""
        met: set[str] = set()
        for target in _targets(write):
            row = None if target in met else self.lookup(target)
            if row is not None and row["contact_id"] not in met and (archived or row["status"] != "archived"):
                met |= {row["contact_id"], row["id"]}
                yield row

    def _erase(self, write: accord.ConsentWrite) -> accord.Outcome:
        """Delete whoever answers to any of the names, archived or not.

        The action takes the hash only, not the contact id (mailchimp-marketing 3.0.80,
        ``delete_list_member_permanent``), and the hash may have changed since the last read.
        """
        erased = [row for row in self._meant(write, archived=True) if self._forget(row["id"])]
        if not erased:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        return _done(write, erased[0], accord.Receipt.CONFIRMED)

    def _forget(self, hashed: str) -> bool:
        """Delete one member for good; False when somebody else was faster."""
        answer = self.http.post(
            self.path(hashed) + "/actions/delete-permanent",
            accept={MISSING},
            template=MEMBER + "/actions/delete-permanent",
        )
        return answer.status != MISSING


def _targets(write: accord.ConsentWrite) -> list[str]:
    """Under which names the person may be known here, each once, the surest first."""
    email = str(write.document.get("email") or "")
    hashed = subscriber_hash(email) if email else None
    named = (write.external_id, write.identifiers.get("subscriber_hash"), hashed)
    return list(dict.fromkeys(target for target in named if target))


def _rejected(write: accord.ConsentWrite, reason: str) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason)


def _done(write: accord.ConsentWrite, row: accord.Row, receipt: accord.Receipt) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.DONE, row["contact_id"], receipt=receipt)


def _impossible(write: accord.ConsentWrite) -> accord.Outcome:
    """An audience knows one permission; whoever refuses something else must be helped by a person."""
    return replace(_rejected(write, "purpose_not_served"), receipt=accord.Receipt.IMPOSSIBLE)
