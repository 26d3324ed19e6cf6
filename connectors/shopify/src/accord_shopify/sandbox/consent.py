"""The vendor's rule for marketing consent: the latest ``consentUpdatedAt`` wins, a missing one means now.

So a replayed SUBSCRIBED without a date revives a person who unsubscribed since: exactly what Accord must
not do. Source: https://shopify.dev/docs/api/admin-graphql/2026-07/input-objects/CustomerEmailMarketingConsentInput
(as noted in this project's consent specification).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from accord.sandbox import Values
from accord_shopify.sandbox.wire import moment, problem

if TYPE_CHECKING:
    from accord_shopify.sandbox.shop import ShopifySandbox

WRITABLE = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"})


def now(shop: ShopifySandbox) -> str:
    """The date that a consent without one gets."""
    return stamp(shop.clock.now())


def stamp(at: datetime) -> str:
    """A date as the vendor keeps it."""
    return moment(at)


def shown(values: Values, name: str, point: str) -> Values | None:
    """A customer's state as the API shows it: none without the address or number it is about."""
    held: Values | None = values.get(name)
    if held and held["marketingState"] == "REDACTED":
        return held
    if not values.get(point):
        return None
    never: Values = {"marketingState": "NOT_SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"}
    never |= {"consentUpdatedAt": None, "consentCollectedFrom": "OTHER"}
    return held or never


def problem_of(given: Values) -> dict[str, Any] | None:
    """Why this state cannot be written, if so."""
    if given["marketingState"] in WRITABLE:
        return None
    text = f"Cannot specify {given['marketingState']} as a marketing state input"
    return problem(text, "input", "marketingState", code="INVALID")


def later(old: Values | None, given: Values, received: str, *, sms: bool) -> Values:
    """The state to keep: the given one, unless what is kept was decided later or is the same.

    A repeated state is ignored with its date (community.shopify.dev/t/1683, read 2026-11).
    """
    if old and old["marketingState"] == given["marketingState"] and old.get("consentUpdatedAt"):
        return old
    at = given.get("consentUpdatedAt") or received
    if old and old.get("consentUpdatedAt") and _instant(old["consentUpdatedAt"]) > _instant(at):
        return old
    state = {
        "marketingState": given["marketingState"],
        "marketingOptInLevel": given.get("marketingOptInLevel") or "SINGLE_OPT_IN",
        "consentUpdatedAt": moment(_instant(at)),
    }
    return state | ({"consentCollectedFrom": "OTHER"} if sms else {})


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
