"""The newsletter holds those who said yes, and a withdrawal ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from accord.demo.claims.claim import Claim

if TYPE_CHECKING:
    from accord.demo.census import Census
    from accord.demo.stage import Stage

YES, NO = "SUBSCRIBED", "UNSUBSCRIBED"
NEWSLETTER = "1001"
"""The CRM's subscription type for marketing."""


def withdrawn(stage: Stage) -> Callable[[], Claim]:
    """Compare the newsletter with what people told shop and CRM; then somebody withdraws in the shop."""
    census = stage.census()
    told = _told_the_shop(census)
    states = _states(told, stage)
    known = {record.id for record in stage.start.held["letter"]}
    added = [record for record in census.held["letter"] if record.id not in known]
    without = [record.email for record in added if states.get(record.email) != YES]
    everywhere = set(census.everywhere())
    leaver = max(one.email for one in added if one.email in everywhere and told[one.email] == YES)
    shop, crm = census.by_email("shop")[leaver], census.by_email("crm")[leaver]
    consent = {**shop.values["emailMarketingConsent"], "marketingState": NO}
    stage.vendors["shop"].edit(shop.id, {"emailMarketingConsent": consent})
    stage.vendors["crm"].edit(crm.id, {"firstname": "Nobody's business"})
    before = census.by_email("letter")[leaver].values

    def check() -> Claim:
        after = stage.census().by_email("letter")[leaver].values
        figures = {
            "said_yes": sum(state == YES for state in states.values()),
            "added": len(added),
            "added_without_yes": len(without),
            "yes_but_missing": len(_missing(stage, census, told, states)),
            "sent_after_withdrawal": int(_filled(before) != _filled(after)),
            "not_unsubscribed": int(after["emailBlacklisted"] is not True),
        }
        ok = bool(added) and not any(list(figures.values())[2:])
        return Claim("consent", "The newsletter holds only those who consented", ok, figures)

    return check


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a contact says of itself; an empty attribute is none."""
    return {name: value for name, value in row["attributes"].items() if value}


def _states(told: dict[str, str], stage: Stage) -> dict[str, str]:
    """What each address said anywhere: a no counts before a yes."""
    rows = stage.vendors["crm"].rows("subscriptions").values()
    crm = {str(row["email"]): str(row["status"]) for row in rows if row["type"] == NEWSLETTER}
    said = {email: {told.get(email), crm.get(email)} for email in {*told, *crm}}
    return {email: NO if NO in words else YES if YES in words else "" for email, words in said.items()}


def _told_the_shop(census: Census) -> dict[str, str]:
    """What each customer told the shop about its newsletter."""
    return {
        email: str((record.values.get("emailMarketingConsent") or {}).get("marketingState"))
        for email, record in census.by_email("shop").items()
    }


def _missing(stage: Stage, census: Census, told: dict[str, str], states: dict[str, str]) -> set[str]:
    """Who said yes in the shop and did not get in, although nobody knows of an objection."""
    letter = census.present("letter")
    aside = stage.set_aside().get("letter", set())
    return {email for email, word in told.items() if word == states[email] == YES} - letter - aside
