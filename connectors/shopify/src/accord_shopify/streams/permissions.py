"""What people allow and refuse, carried to the shop, and erasure.

The vendor keeps the state with the latest ``consentUpdatedAt`` and dates one without it with its arrival. So
every state is sent with the date of the person's own decision: a replay, however late, then changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import accord
from accord_shopify.streams import user_errors
from accord_shopify.streams.aliased import Part
from accord_shopify.streams.shop_stream import ShopStream, unanswered
from accord_shopify.subscription import FIELDS, is_erased

MUTATIONS = {"email": "customerEmailMarketingConsentUpdate", "sms": "customerSmsMarketingConsentUpdate"}
INPUTS = {
    "email": "CustomerEmailMarketingConsentUpdateInput!",
    "sms": "CustomerSmsMarketingConsentUpdateInput!",
}
TEMPORARY = ("INTERNAL_ERROR", "FAILED_TO_REQUEST")
"""Codes of a failure inside the vendor, told in a 200 answer: nothing about the person, so it goes again."""

POINTS = {"email": ("email", "emailAddress"), "sms": ("phone", "phoneNumber")}
"""The canonical contact point of each channel and the vendor's identifier for it."""

GLOBAL = "gid://"
LATER = "later_decision"
OLD = timedelta(days=1)
"""How old a decision in the shop must be to count as read: the engine then refuses with it in mind."""

REFUSED, AGREED = "UNSUBSCRIBED", "SUBSCRIBED"


class Permissions(ShopStream):
    """The consent operations of the customers."""

    consent_channels = frozenset(FIELDS)

    @accord.batch(10)
    def unsubscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Record refusals, each with the date of the person's decision (else of now)."""
        return self._decide(writes, REFUSED)

    @accord.batch(10)
    def subscribe(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Record permissions, each with the date of the grant; one without a date is refused."""
        undated = [
            accord.Outcome(write.id, accord.Result.REJECTED, write.external_id, reason="undated_grant")
            for write in writes
            if write.at is None
        ]
        return [*undated, *self._decide([write for write in writes if write.at is not None], AGREED)]

    @accord.batch(10)
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Request erasure. The shop carries it out days later, or months after the last order."""
        keys = self._keys(writes)
        parts = [
            Part(
                f"w{at}",
                "customerRequestDataErasure(customerId: $customer)",
                "{ customerId userErrors { code field message } }",
                {"customer": ("ID!", keys[write.id])},
            )
            for at, write in enumerate(writes)
            if write.id in keys
        ]
        data = self.send("EraseCustomers", parts) if parts else {}
        return [_erased(write, keys.get(write.id), data.get(f"w{at}")) for at, write in enumerate(writes)]

    def _decide(self, writes: Sequence[accord.ConsentWrite], state: str) -> list[accord.Outcome]:
        """Send one state for several people; a refusal that an old one stands against goes again."""
        outcomes = {one.write_id: one for one in self._send_states(writes, state)}
        now = self.connector.context.env.now()
        again = [replace(write, at=now) for write in writes if _is_overruled(write, outcomes[write.id], now)]
        firm = self._send_states(again, state) if again else []
        return list((outcomes | {one.write_id: one for one in firm}).values())

    def _send_states(self, writes: Sequence[accord.ConsentWrite], state: str) -> list[accord.Outcome]:
        keys = self._keys(writes)
        parts = [
            self._deciding(at, write, keys[write.id], state)
            for at, write in enumerate(writes)
            if write.id in keys
        ]
        data = self.send("CarryConsent", parts, self.fragment) if parts else {}
        return [
            _decided(write, keys.get(write.id), data.get(f"w{at}"), state) for at, write in enumerate(writes)
        ]

    def _deciding(self, at: int, write: accord.ConsentWrite, key: str, state: str) -> Part:
        decided = write.at or self.connector.context.env.now()
        given = {
            "customerId": key,
            FIELDS[write.channel]: {"marketingState": state, "consentUpdatedAt": _seconds(decided)},
        }
        selection = "{ customer { ...Row } userErrors { code field message } }"
        call = f"{MUTATIONS[write.channel]}(input: $input)"
        return Part(f"w{at}", call, selection, {"input": (INPUTS[write.channel], given)})

    def _keys(self, writes: Sequence[accord.ConsentWrite]) -> dict[str, str]:
        """The customer of each write: the linked one while it exists, else who has the address or number.

        Looked up exactly and at once, not by the lagging search: who came back still gets mail.
        """
        linked = [id_ for write in writes if (id_ := write.external_id) and id_.startswith(GLOBAL)]
        rows = self.get(linked) if linked else {}
        live = {id_ for id_, row in rows.items() if row is not None and not is_erased(row)}
        keys = {write.id: id_ for write in writes if (id_ := write.external_id) and id_ in live}
        asked = {
            write.id: part
            for at, write in enumerate(writes)
            if write.id not in keys and (part := _question(at, write)) is not None
        }
        data = self.look("FindPeople", list(asked.values())) if asked else {}
        found = {id_: data.get(part.alias) for id_, part in asked.items()}
        return keys | {id_: row["id"] for id_, row in found.items() if row}


def _question(at: int, write: accord.ConsentWrite) -> Part | None:
    """Who has the contact point that a write is about; an erasure goes by number only without an address."""
    channel = write.channel or ("email" if write.document.get("email") else "sms")
    field, identifier = POINTS[channel]
    value = write.document.get(field)
    if not value:
        return None
    variable = ("CustomerIdentifierInput!", {identifier: str(value)})
    return Part(f"p{at}", "customerByIdentifier(identifier: $who)", "{ id }", {"who": variable})


def _decided(
    write: accord.ConsentWrite, key: str | None, said: dict[str, Any] | None, state: str
) -> accord.Outcome:
    """What the shop made of one state: it answers with the state it keeps."""
    if key is None:
        return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
    if said is None:
        return unanswered(write)
    errors, row = said["userErrors"], said.get("customer")
    if user_errors.is_missing(errors) or user_errors.has_code(errors, "INCLUSION"):
        # Nobody there, or nobody with an address or number: nothing that could be sent to.
        return accord.Outcome(write.id, accord.Result.GONE, key, reason=user_errors.reason(errors))
    if user_errors.has_code(errors, *TEMPORARY):
        return _later(write, key)
    if errors or row is None:
        return accord.Outcome(write.id, accord.Result.REJECTED, key, reason=user_errors.reason(errors))
    kept = (row.get(FIELDS[write.channel]) or {}).get("marketingState")
    if kept == state:
        return accord.Outcome(write.id, accord.Result.DONE, key, row, receipt=accord.Receipt.CONFIRMED)
    if state == AGREED:
        # The person refused in the shop after this grant.
        return accord.Outcome(write.id, accord.Result.REJECTED, key, row, reason="compliance_state")
    # Somebody agreed in the shop after this refusal: read that first, then decide again.
    return accord.Outcome(write.id, accord.Result.PRECONDITION, key, row, reason=LATER)


def _erased(write: accord.ConsentWrite, key: str | None, said: dict[str, Any] | None) -> accord.Outcome:
    if key is None:
        return accord.Outcome(write.id, accord.Result.GONE, write.external_id)
    if said is None:
        return unanswered(write)
    errors = said["userErrors"]
    if user_errors.has_code(errors, "DOES_NOT_EXIST"):
        return accord.Outcome(write.id, accord.Result.GONE, key)
    if user_errors.has_code(errors, *TEMPORARY):
        return _later(write, key)
    if errors:
        return accord.Outcome(write.id, accord.Result.REJECTED, key, reason=user_errors.reason(errors))
    return accord.Outcome(write.id, accord.Result.DONE, key, receipt=accord.Receipt.ACCEPTED)


def _later(write: accord.ConsentWrite, key: str) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.RETRY, key, reason="vendor_failure")


def _is_overruled(write: accord.ConsentWrite, outcome: accord.Outcome, now: datetime) -> bool:
    """Whether a refusal met a later decision that is so old that the engine has refused with it in mind."""
    held = (outcome.row or {}).get(FIELDS[write.channel]) or {}
    at = held.get("consentUpdatedAt")
    return outcome.reason == LATER and at is not None and datetime.fromisoformat(at) < now - OLD


def _seconds(at: datetime) -> str:
    """Whole seconds, rounded down: the vendor keeps no finer ones."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
