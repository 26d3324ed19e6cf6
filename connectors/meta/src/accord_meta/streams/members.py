"""Members of a customer list: added by hash, taken out by the hashes that the ledger remembers.

An audience cannot be read. Adding somebody twice, or taking out somebody who is not there, changes nothing,
so both may be repeated. Changes take up to 24 hours (reference of custom audience users).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import accord
from accord.errors import AccessError
from accord_meta.mapping import IDENTIFIERS, MEMBERS, PERSON, customer
from accord_meta.problem import closed

BATCH = 10_000
"""Rows per call (reference of custom audience users)."""

CHANNEL = "ad_platform:meta"
KEYS = dict(zip(IDENTIFIERS, ("EMAIL", "PHONE", "FN", "LN", "CT", "ST", "ZIP", "COUNTRY"), strict=True))
"""Our identifiers and the keys of a multi-key schema."""

CONTACT = ("em", "ph")
"""One of these it takes: by name and town alone Meta would match strangers."""

OPTIONS = "DATA_PROCESSING_OPTIONS"


class Members(accord.Stream):
    """Who may be reached by the audience. Only written."""

    name = "members"
    model = accord.Customer
    mapping = MEMBERS
    subject = "self"
    origin = accord.Origin.OWN
    deletes = accord.Deletes.NONE
    creates = accord.Creates.UPSERT
    full_read_is_complete: ClassVar[bool] = False
    allows = MappingProxyType({"ads.audience_match": frozenset(PERSON)})
    consent_channels = frozenset({CHANNEL})

    @property
    def audience(self) -> str:
        """The audience of the settings."""
        return str(self.connector.settings_value.audience)

    def identifiers(self, row: accord.Row) -> Mapping[str, str]:
        """The hashes and their normalisers, and the audience they go to; {} when nobody leaves."""
        held = row.get("identifiers") or {}
        return {**held, "audience": self.audience} if _contactable(held) else {}

    @accord.batch(BATCH, limit_class="audience")
    def upsert(self, writes: Sequence[accord.Write]) -> Sequence[accord.Outcome]:
        """Add people under their present identifiers; earlier ones are taken out by :meth:`remove`."""
        fit = [write for write in writes if _contactable(write.row.get("identifiers") or {})]
        taken = self._send("POST", self.audience, [write.row["identifiers"] for write in fit])
        said = {write.id: _added(write, ok=ok) for write, ok in zip(fit, taken, strict=True)}
        return [said.get(write.id) or _nobody(write) for write in writes]

    @accord.batch(BATCH, limit_class="audience")
    def remove(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Take people out of the audiences they were sent to, by the identifiers they were sent under.

        Raises:
            AccessError: Meta has flagged the audience, or it cannot be reached; a person must act. Where
                other audiences could be cleared, only the writes of that one say so (``retry``).
        """
        nameless = [write for write in writes if not _contactable(write.identifiers)]
        groups: dict[str, list[accord.ConsentWrite]] = defaultdict(list)
        for write in writes:
            if _contactable(write.identifiers):
                groups[write.identifiers.get("audience") or self.audience].append(write)
        outcomes = [_impossible(write, "no_identifiers_in_the_ledger") for write in nameless]
        shut: AccessError | None = None
        for audience, group in groups.items():
            try:
                outcomes += self._take_out(audience, group)
            except AccessError as problem:
                if not closed(problem):
                    raise
                shut, why = problem, f"audience_{closed(problem)}"
                outcomes += [accord.Outcome(w.id, accord.Result.RETRY, reason=why) for w in group]
        if shut is not None and all(outcome.result is accord.Result.RETRY for outcome in outcomes):
            raise shut
        return outcomes

    @accord.batch(BATCH, limit_class="audience")
    def erase(self, writes: Sequence[accord.ConsentWrite]) -> Sequence[accord.Outcome]:
        """Take people out for good; who was never sent under any identifier is not there."""
        named = [write for write in writes if _contactable(write.identifiers)]
        gone = [accord.Outcome(w.id, accord.Result.GONE) for w in writes if not _contactable(w.identifiers)]
        return [*gone, *(self.remove(named) if named else ())]

    def _take_out(self, audience: str, writes: Sequence[accord.ConsentWrite]) -> list[accord.Outcome]:
        taken = self._send("DELETE", audience, [write.identifiers for write in writes])
        return [
            accord.Outcome(write.id, accord.Result.DONE, receipt=accord.Receipt.ACCEPTED)
            if ok
            else _impossible(write, "identifiers_refused")
            for write, ok in zip(writes, taken, strict=True)
        ]

    def _send(self, method: str, audience: str, people: Sequence[Mapping[str, str]]) -> list[bool]:
        """Send people as one finished session; whether Meta took each.

        Meta says only how many rows it could not use, so a batch with any is halved until they are found.
        """
        if not people:
            return []
        version = self.connector.settings_value.api_version
        answer = self.http.request(
            method,
            f"/{version}/{audience}/users",
            json=self._body(method, people),
            limit_class="audience",
            template=f"/{version}/{{audience}}/users",
        )
        invalid = answer.json().get("num_invalid_entries", 0)
        if not invalid or len(people) in (1, invalid):
            return [not invalid] * len(people)
        middle = len(people) // 2
        return [
            *self._send(method, audience, people[:middle]),
            *self._send(method, audience, people[middle:]),
        ]

    def _body(self, method: str, people: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        used = [field for field in KEYS if any(person.get(field) for person in people)]
        limited = self.connector.settings_value.limited_data_use and method == "POST"
        extra: list[list[str]] = [["LDU"]] if limited else []
        rows = [[*(person.get(field, "") for field in used), *extra] for person in people]
        schema = [*(KEYS[field] for field in used), *([OPTIONS] if limited else ())]
        return {
            "payload": {"schema": schema, "data": rows},
            "session": {
                "session_id": self.connector.context.env.random.getrandbits(62) + 1,
                "batch_seq": 1,
                "last_batch_flag": True,
                "estimated_num_total": len(people),
            },
        }


def _contactable(identifiers: Mapping[str, str]) -> bool:
    return any(identifiers.get(field) for field in CONTACT)


def _added(write: accord.Write, *, ok: bool) -> accord.Outcome:
    if ok:
        return accord.Outcome(write.id, accord.Result.DONE, external_id=write.hub_id)
    return accord.Outcome(write.id, accord.Result.REJECTED, reason="identifiers_refused")


def _nobody(write: accord.Write) -> accord.Outcome:
    """Neither an address nor a number that may be hashed; the reason names the fields, never their values."""
    unfit = customer(write.document).unfit
    why = "; ".join(f"{field}: {unfit[field]}" for field in CONTACT if field in unfit)
    return accord.Outcome(write.id, accord.Result.REJECTED, reason=why or "neither e-mail nor telephone")


def _impossible(write: accord.ConsentWrite, reason: str) -> accord.Outcome:
    return accord.Outcome(write.id, accord.Result.REJECTED, reason=reason, receipt=accord.Receipt.IMPOSSIBLE)
