"""After the first run: everybody is everywhere, once, and a further run finds nothing to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from accord.demo.census import SERVED
from accord.demo.claims.claim import Claim

if TYPE_CHECKING:
    from accord.demo.stage import Stage


def everybody_everywhere(stage: Stage) -> Claim:
    """Whoever was known in one system is now in all; what could not be done is listed for a person."""
    persons, now, aside = stage.start.persons(), stage.census(), stage.set_aside()
    missing = {name: persons - now.present(name) for name in SERVED}
    silent = sum(len(lack - aside[name]) for name, lack in missing.items())
    twice = now.duplicates(stage.start)
    figures: dict[str, int | str | float] = {"persons": len(persons)}
    figures |= {name: len(persons & now.present(name)) for name in SERVED}
    figures |= {"set_aside": sum(map(len, missing.values())) - silent, "missing": silent, "duplicates": twice}
    return Claim("agreement", "Every system holds every person", not silent and not twice, figures)


def typed_twice(stage: Stage) -> Claim:
    """Customers with two cards in the till are one person: one hub record, one row elsewhere."""
    cards = Counter(row["mail"].lower() for row in stage.till.rows() if row["mail"])
    twice = [email for email, number in cards.items() if number > 1]
    found = [stage.accord.find(email) for email in twice]
    records = sum(len(entities) for entities in found)
    places = [
        link for entities in found for _, links in entities for link in links if link.connection == "till"
    ]
    now = stage.census()
    copies = {name: sum(now.copies(name)[email] for email in twice) for name in ("shop", "crm")}
    ok = bool(twice) and records == copies["shop"] == copies["crm"] == len(twice)
    ok = ok and len(places) == sum(cards[email] for email in twice)
    figures = {"customers": len(twice), "cards": len(places), "hub_records": records}
    figures |= {"in_shop": copies["shop"], "in_crm": copies["crm"]}
    return Claim("typed_twice", "A customer typed twice is one person", ok, figures)


def second_run(stage: Stage) -> Claim:
    """Nothing changed, so nothing is written: by Accord's account and by the systems' own."""
    before = stage.written()
    reports = [stage.sync(flow) for flow in ("customers", "orders")]
    after = stage.written()
    changed = [name for name in before if before[name] != after[name]]
    writes = sum(report.writes for report in reports)
    seconds = sum(report.finished_at - report.started_at for report in reports)
    figures: dict[str, int | str | float] = {"read": sum(report.total.read for report in reports)}
    figures |= {"writes": writes, "systems_changed": len(changed), "seconds": round(seconds, 1)}
    return Claim("second_run", "A second run writes nothing", not writes and not changed, figures)
