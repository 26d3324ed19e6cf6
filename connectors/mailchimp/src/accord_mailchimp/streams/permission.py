"""What may change a subscription: unsubscribe, ask for a confirmation, erase. Nothing else here does.

Mailchimp cannot be asked to subscribe on condition, so it is never asked to: :meth:`Permission.subscribe`
sets ``pending``, Mailchimp mails the person, and only the click in that mail opens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import accord
from accord.http import Answer
from accord_mailchimp.problem import reason_of

REFUSED, MISSING = 400, 404
MEMBER = "/3.0/lists/{list_id}/members/{subscriber_hash}"
ASKED = frozenset({"subscribed", "pending"})
"""Members who need not be asked: they have agreed, or have our question in their mailbox."""

CLOSED = frozenset({"unsubscribed", "cleaned", "archived"})
"""States in which Mailchimp mails nobody."""


def subscriber_hash(email: str) -> str:
    """The MD5 of the address in lower case: how Mailchimp names a member (parameter SubscriberHash)."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


class Permission(accord.Stream):
    """The consent operations of an audience's members, and how one member is addressed."""

    consent_channels = frozenset({"email"})

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
        return f"/3.0/lists/{self.connector.settings_value.list_id}/members/{target}"

    def lookup(self, target: str) -> accord.Row | None:
        """One member by contact id or subscriber hash, archived ones too; None when there is none."""
        answer = self.http.get(self.path(target), accept={MISSING}, template=MEMBER)
        if answer.status == MISSING:
            return None
        row: accord.Row = answer.json()
        return row

    def patch(self, target: str, body: accord.Row) -> Answer:
        """Change a member; 400 and 404 are answers."""
        return self.http.patch(self.path(target), json=body, accept={REFUSED, MISSING}, template=MEMBER)

    def _unsubscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        if not write.purpose.startswith("marketing"):
            return _impossible(write, "purpose_not_served")
        found = accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        met: set[str] = set()
        for target in _targets(write):
            if target in met:
                continue
            answer = self.patch(target, {"status": "unsubscribed"})
            if answer.status == MISSING:
                continue
            if answer.status == REFUSED:
                return _refused(write, answer)
            row = answer.json()
            met |= {row["contact_id"], row["id"]}
            if row["status"] not in CLOSED:  # what the answer shows is believed, not what was sent
                return accord.Outcome(write.id, accord.Result.UNKNOWN, row["contact_id"], reason="not_closed")
            found = _done(write, row, accord.Receipt.CONFIRMED)
        return found

    def _subscribe(self, write: accord.ConsentWrite) -> accord.Outcome:
        refusal = self._unfounded(write)
        if refusal is not None:
            return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=refusal)
        targets = _targets(write)
        row = next((row for target in targets if (row := self.lookup(target)) is not None), None)
        if row is None:
            return self._invite(write)
        if row["status"] in ASKED:
            sure = accord.Receipt.CONFIRMED if row["status"] == "subscribed" else accord.Receipt.ACCEPTED
            return _done(write, row, sure)
        if row["status"] == "cleaned":
            return accord.Outcome(write.id, accord.Result.REJECTED, row["contact_id"], reason="hard_bounce")
        return self._asked(write, self.patch(row["contact_id"], {"status": "pending"}))

    def _unfounded(self, write: accord.ConsentWrite) -> str | None:
        """Why nobody may be asked at all."""
        if not write.grant:
            return "no_grant"
        if not write.purpose.startswith("marketing"):
            return "purpose_not_served"
        here = self.connector.settings_value.list_id
        return "other_list" if write.scope not in (None, here) else None

    def _invite(self, write: accord.ConsentWrite) -> accord.Outcome:
        """Somebody Mailchimp does not know: a pending member, for whom a confirmation is sent."""
        email = str(write.document.get("email") or "")
        if not email:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        answer = self.http.put(
            self.path(subscriber_hash(email)),
            json={"email_address": email, "status_if_new": "pending"},
            accept={REFUSED},
            template=MEMBER,
        )
        return self._asked(write, answer)

    def _asked(self, write: accord.ConsentWrite, answer: Answer) -> accord.Outcome:
        if answer.status == MISSING:
            return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
        if answer.status == REFUSED:
            return _refused(write, answer)
        return _done(write, answer.json(), accord.Receipt.ACCEPTED)

    def _erase(self, write: accord.ConsentWrite) -> accord.Outcome:
        erased = [target for target in _targets(write) if self._erase_one(target)]
        result = accord.Result.DONE if erased else accord.Result.GONE
        receipt = accord.Receipt.CONFIRMED if erased else None
        return accord.Outcome(write.id, result, write.external_id, receipt=receipt)

    def _erase_one(self, target: str) -> bool:
        """Delete whoever answers to this target; False when nobody does.

        The action takes the hash only, not the contact id (mailchimp-marketing 3.0.80,
        ``delete_list_member_permanent``), and the hash may have changed since the last read.
        """
        row = self.lookup(target)
        if row is None:
            return False
        answer = self.http.post(
            self.path(row["id"]) + "/actions/delete-permanent",
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


def _refused(write: accord.ConsentWrite, answer: Answer) -> accord.Outcome:
    reason = reason_of(answer.json(), answer.status)
    return accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason=reason)


def _done(write: accord.ConsentWrite, row: accord.Row, receipt: accord.Receipt) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.DONE, row["contact_id"], row, receipt=receipt)


def _impossible(write: accord.ConsentWrite, reason: str) -> accord.Outcome:
    receipt = accord.Receipt.IMPOSSIBLE
    return accord.Outcome(write.id, accord.Result.DONE, write.external_id, reason=reason, receipt=receipt)
