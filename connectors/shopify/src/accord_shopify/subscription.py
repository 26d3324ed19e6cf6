"""What the vendor's marketing states say about a person: one table of every value it has.

Sources: the enums CustomerEmailMarketingState and CustomerSmsMarketingState of the Admin API
(https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerEmailMarketingState).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from accord.mapping import MISSING, Converter

FIELDS = {"email": "emailMarketingConsent", "sms": "smsMarketingConsent"}
"""Where a customer's state on each channel stands."""


class Meaning(NamedTuple):
    """What a state says: a permission, and whether it tells a technical fact or an erasure besides."""

    permission: str
    suppression: str | None = None
    erased: bool = False


STATES = {
    "SUBSCRIBED": Meaning("granted"),
    "PENDING": Meaning("pending_confirmation"),
    "UNSUBSCRIBED": Meaning("withdrawn"),
    "NOT_SUBSCRIBED": Meaning("unknown"),
    "INVALID": Meaning("unknown", suppression="invalid"),
    "REDACTED": Meaning("unknown", erased=True),
}
"""Every state the vendor describes. SUBSCRIBED is a grant only with a date."""

UNSEEN = Meaning("unknown")
"""What the vendor adds one day says nothing."""


def meaning(held: Any) -> Meaning:
    """What a ``...MarketingConsent`` object says; no address or number at all is unknown too."""
    return STATES.get(held["marketingState"], UNSEEN) if held else UNSEEN


@dataclass(frozen=True)
class Subscription(Converter):
    """A ``...MarketingConsent`` object as a canonical consent; it is never written.

    SUBSCRIBED is a grant only with a date: without one nobody can say when the person decided. The vendor's
    own word stays in ``source``.
    """

    takes_empty = True
    lossy = True

    def read(self, value: Any, row: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002  the base's signature
        """State, date and whether the person confirmed."""
        if not value:
            return {"state": "unknown"}
        word, at = value["marketingState"], value.get("consentUpdatedAt")
        state = meaning(value).permission
        if state == "granted" and at is None:
            state = "unknown"
        confirmed = value.get("marketingOptInLevel") == "CONFIRMED_OPT_IN"
        return {"state": state, "at": at, "double_opt_in": confirmed, "source": f"shopify:{word}"}


@dataclass(frozen=True)
class Suppressed:
    """Whether a customer's state on a channel suppresses its address for this reason."""

    channel: str
    reason: str

    def __call__(self, row: dict[str, Any]) -> Any:
        """The suppression, or MISSING."""
        held = row.get(FIELDS[self.channel]) or {}
        if not held or meaning(held).suppression != self.reason:
            return MISSING
        return {"at": held["consentUpdatedAt"], "source": f"shopify:{held['marketingState']}"}


def is_erased(row: dict[str, Any]) -> bool:
    """Whether the vendor has erased the personal data of a customer."""
    return any(meaning(row.get(name)).erased for name in FIELDS.values())
