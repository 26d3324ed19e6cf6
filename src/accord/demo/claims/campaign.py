"""People withdraw while a campaign is pushed: nothing starts after it, and what went is called back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

from accord.demo.claims.claim import Claim
from accord.sandbox import people

if TYPE_CHECKING:
    from accord.demo.stage import Stage
    from accord.engine.overview import Overview
    from accord.engine.report import Report

MAILED, WITHDRAWN = 60, 10
"""Newcomers who said yes, and how many of them change their minds while they are being sent."""
DEADLINE, LOOK = 60.0, 0.01
RUNS_AFTER = 3


def interrupted(stage: Stage) -> Claim:
    """Withdraw some of a campaign's people while it is pushed, some of them sent already, some not."""
    emails = _newcomers(stage)
    letter = stage.vendors["letter"]
    letter.faults("slow=100%")
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(stage.sync, "customers")
        _wait(stage, push, emails)
        here = _present(stage, emails)
        leavers = [*sorted(here)[: WITHDRAWN // 2], *sorted(set(emails) - here)[: WITHDRAWN // 2]]
        since = {email: _withdraw(stage, email) for email in leavers}
        letter.faults("")
        push.result()
    runs = stage.settle(RUNS_AFTER)
    found = {email: stage.accord.consent.show(email) for email in leavers}
    return _claim(stage, emails, here, since, found, runs)


def _newcomers(stage: Stage) -> list[str]:
    emails = []
    for person in people.customers(stage.seed + 2, MAILED):
        local, _, domain = str(person.document["email"]).partition("@")
        email = f"{local}.campaign@{domain}"
        emails.append(email)
        consent = {
            "marketingState": "SUBSCRIBED",
            "marketingOptInLevel": "SINGLE_OPT_IN",
            "consentUpdatedAt": "2026-01-15T09:30:00Z",
        }
        names = {
            "firstName": person.document.get("given_name"),
            "lastName": person.document.get("family_name"),
        }
        stage.vendors["shop"].add({**names, "email": email, "emailMarketingConsent": consent})
    return emails


def _wait(stage: Stage, push: Future[Report], emails: Sequence[str]) -> None:
    """Until the first of them are in the newsletter."""
    until = time.monotonic() + DEADLINE
    while not push.done() and time.monotonic() < until:
        if len(_present(stage, emails)) >= MAILED // 6:
            return
        time.sleep(LOOK)


def _present(stage: Stage, emails: Iterable[str]) -> set[str]:
    rows = stage.vendors["letter"].rows().values()
    return {str(row.get("email")) for row in rows} & set(emails)


def _withdraw(stage: Stage, email: str) -> float | None:
    """Somebody rings up; the instant at which their no was safe, None if they were not known yet."""
    told = stage.accord.consent.withdraw(email, "marketing.direct", "email", reference="call in the demo")
    return time.time() if told.subject else None


def _claim(
    stage: Stage,
    emails: Sequence[str],
    here: set[str],
    since: dict[str, float | None],
    found: dict[str, Overview],
    runs: int,
) -> Claim:
    rows = {str(row.get("email")): row for row in stage.vendors["letter"].rows().values()}
    sent = {email for email in since if email in rows}
    late = [
        email
        for email, overview in found.items()
        for send in overview.sends
        if send.connection == "letter" and send.at > (since[email] or float("inf"))
    ]
    waits = [
        (one.sent_at or float("inf")) - one.created_at
        for overview in found.values()
        for one in overview.revocations
        if one.connection == "letter"
    ]
    unexplained = [email for email in since if not stage.accord.consent.explain(email, "letter")]
    audit = stage.accord.consent.audit(verify=True)
    figures: dict[str, int | str | float] = {
        "campaign": len(emails),
        "withdrew": len(since),
        "sent_before": len(sent),
        "started_after": len(late),
        "called_back": sum(bool(rows[email].get("emailBlacklisted")) for email in sent),
        "seconds_to_tell_median": round(median(waits), 2) if waits else 0.0,
        "seconds_to_tell_worst": round(max(waits, default=0.0), 2),
        "unexplained": len(unexplained),
        "decisions_verified": audit.decisions if audit.broken_at is None else 0,
    }
    ok = bool(here) and len(sent) < len(since) and figures["called_back"] == len(sent)
    ok = ok and not late and not unexplained and audit.broken_at is None and runs <= RUNS_AFTER
    return Claim(
        "campaign", "Withdrawals in the middle of a campaign: stopped, called back, proved", ok, figures
    )
