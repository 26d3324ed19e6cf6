"""What HubSpot's subscription statuses say about a person: one table of every value it has.

Sources: communication-preferences/v3 and /v4 of HubSpot's API description (Subscriptions). Version 4 tells
three states with their dates; version 3 two without, and cannot tell who refused from who was never asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from accord.mapping import MISSING

STATUSES: Mapping[str, str] = {
    "SUBSCRIBED": "granted",
    "UNSUBSCRIBED": "withdrawn",
    "NOT_SPECIFIED": "unknown",
    "NOT_SUBSCRIBED": "unknown",
}
"""Every status, of both versions (NOT_SUBSCRIBED is version 3's); whatever is added one day is unknown."""

REFUSALS = frozenset({"UNSUBSCRIBED", "NOT_SUBSCRIBED"})
"""The statuses that carry a refusal out."""

WIDE_SOURCES = frozenset({"PORTAL_WIDE_STATUS", "BRAND_WIDE_STATUS"})
"""Version 3: the status comes from a refusal of everything."""

CONSENTING: Mapping[str | None, bool] = {
    None: True,
    "CONSENT_WITH_NOTICE": True,
    "LEGITIMATE_INTEREST_CLIENT": False,
    "LEGITIMATE_INTEREST_OTHER": False,
    "LEGITIMATE_INTEREST_PQL": False,
    "NON_GDPR": False,
    "PERFORMANCE_OF_CONTRACT": False,
    "PROCESS_AND_STORE": False,
}
"""Whether the legal basis of a subscription is the person's own yes. Others may mail; they are no grant."""


class Status(NamedTuple):
    """One status of an address.

    Attributes:
        type: The subscription type's id; ``*`` is everything of the portal or of a brand.
        word: The vendor's word.
        at: When it was last changed, None in version 3.
        basis: The legal basis, if any.
    """

    type: str
    word: str
    at: str | None = None
    basis: str | None = None


WIDE = "*"
ALL_MARKETING = "marketing"
"""The purpose above all that HubSpot mails for."""


def permissions(statuses: Iterable[Status], purposes: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    """What an address permits, by purpose, as canonical consents.

    Withdrawn when any type of the purpose, or everything, is refused; granted when all its types are
    subscribed with the person's own yes; otherwise unknown.

    Args:
        statuses: What is known of the address.
        purposes: By purpose the ids of its subscription types.
    """
    known = list(statuses)
    told = {purpose: _permission(known, types) for purpose, types in purposes.items()}
    everything = _permission(known, frozenset())
    # Whatever is mapped: who refuses everything refuses all marketing.
    return {ALL_MARKETING: everything, **told} if everything["state"] == "withdrawn" else told


def concerned(
    purpose: str, purposes: Mapping[str, frozenset[str]], *, opening: bool
) -> frozenset[str] | None:
    """The subscription types that a decision about a purpose is about; None = all mail, empty = none of them.

    A refusal covers the purposes below its own, and all mail where it is wider than any of them or no type is
    mapped at all. A permission is never wider than it says.
    """
    if opening:
        return purposes.get(purpose, frozenset())
    covered = {name for name in purposes if f"{name}.".startswith(f"{purpose}.")}
    if covered and purpose not in purposes:
        return None
    if purpose.partition(".")[0] == "marketing" and not any(purposes.values()):
        return None
    return frozenset(id_ for name in covered for id_ in purposes[name])


def _permission(known: list[Status], types: frozenset[str]) -> dict[str, Any]:
    own = [status for status in known if status.type in types]
    refused = [s for s in known if s.type in {WIDE, *types} and STATUSES.get(s.word) == "withdrawn"]
    if refused:
        at = max((status.at for status in refused if status.at), default=None)
        everything = any(status.type == WIDE for status in refused)
        return _consent("withdrawn", at, "UNSUBSCRIBED_FROM_ALL" if everything else "UNSUBSCRIBED")
    given = {status.type: status for status in own if _is_grant(status)}
    if types and given.keys() >= types:
        dates = [status.at for status in given.values()]
        at = min(filter(None, dates)) if all(dates) else None
        return _consent("granted", at, "SUBSCRIBED")
    bases = sorted({s.basis for s in own if s.basis and STATUSES.get(s.word) == "granted"})
    return _consent("unknown", None, ",".join(bases) or "NOT_SPECIFIED")


def _is_grant(status: Status) -> bool:
    return STATUSES.get(status.word) == "granted" and CONSENTING.get(status.basis, False)


def _consent(state: str, at: str | None, source: str) -> dict[str, Any]:
    consent = {"state": state, "source": f"hubspot:{source}"}
    return consent if at is None else {**consent, "at": at}


@dataclass(frozen=True)
class Permission:
    """The permission for a purpose that the stream has laid beside a contact; MISSING where it has not."""

    purpose: str

    def __call__(self, row: dict[str, Any]) -> Any:
        """The consent, or MISSING."""
        return (row.get("permissions") or {}).get(self.purpose, MISSING)
