"""What the vendor's marketing states say about a person's permission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accord.mapping import Converter

STATES = {
    "SUBSCRIBED": "granted",
    "PENDING": "pending_confirmation",
    "UNSUBSCRIBED": "withdrawn",
    "NOT_SUBSCRIBED": "unknown",
}


@dataclass(frozen=True)
class Subscription(Converter):
    """A ``...MarketingConsent`` object as a canonical consent; it is never written.

    SUBSCRIBED is a grant only with a date: without one nobody can say when the person decided. States that
    are no decision of the person (INVALID, REDACTED, and whatever the vendor adds) are unknown; the
    vendor's own word stays in ``source``.
    """

    takes_empty = True
    lossy = True

    def read(self, value: Any, row: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002  the base's signature
        """State, date and whether the person confirmed. No address or number at all is unknown too."""
        if not value:
            return {"state": "unknown"}
        word, at = value["marketingState"], value.get("consentUpdatedAt")
        state = STATES.get(word, "unknown")
        if state == "granted" and at is None:
            state = "unknown"
        confirmed = value.get("marketingOptInLevel") == "CONFIRMED_OPT_IN"
        return {"state": state, "at": at, "double_opt_in": confirmed, "source": f"shopify:{word}"}
