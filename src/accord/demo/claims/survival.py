"""A killed process and a failing network lose nothing and double nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accord.demo.census import SERVED
from accord.demo.claims.claim import Claim
from accord.demo.stage import kill
from accord.sandbox import people

if TYPE_CHECKING:
    import subprocess

    from accord.demo.census import Census
    from accord.demo.stage import Stage

LEAST_NEW = 120
"""Enough for a dozen batches of writes: the kill is to fall between the first and the last."""

DEADLINE = 60.0
"""Seconds until the killed process must have written something."""

LOOK = 0.01
"""Seconds between two looks at what it has written."""

SHARE = "10%"
FAULTY_RUNS, RUNS_AFTER = 3, 3
EDITS = 20


def killed(stage: Stage) -> Claim:
    """The till has new customers; ``accord sync`` dies while it creates them elsewhere, and starts again."""
    before = stage.census()
    new = _newcomers(stage, "killed", max(LEAST_NEW, stage.size // 8))
    stage.till.add(new)
    # The machine is fast: answers that take their time leave a middle to be killed in.
    stage.vendors["shop"].faults("slow=100%")
    process = stage.start_sync()
    was_killed = _kill_in_the_middle(stage, process, len(new))
    stage.vendors["shop"].faults("")
    at_kill = _found(stage.census(), new, "shop")
    runs = stage.settle(RUNS_AFTER)
    now = stage.census()
    lost = _lost(now, new)
    double = now.duplicates(before)
    figures = {"new_customers": len(new), "in_shop_when_killed": at_kill, "runs_to_finish": runs}
    figures |= {"lost": lost, "duplicates": double}
    ok = was_killed and 0 < at_kill < len(new) and not lost and not double and runs <= RUNS_AFTER
    return Claim("kill_and_resume", "kill -9 in the middle of a push, then resume", ok, figures)


def _kill_in_the_middle(stage: Stage, process: subprocess.Popen[bytes], expected: int) -> bool:
    """Wait until the first of the new customers are in the shop, and kill."""
    shop = stage.vendors["shop"]
    base = shop.stats()["creates"]
    until = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < until:
        if shop.stats()["creates"] - base >= expected // 4:
            break
        time.sleep(LOOK)
    return kill(process)


def faulty(stage: Stage) -> Claim:
    """Every tenth request fails, in all the ways there are, while people go on working."""
    before = stage.census()
    new = _newcomers(stage, "faulty", max(40, stage.size // 10))
    edited = dict.fromkeys(before.everywhere()[-EDITS:], "Joséphine")
    faults = {name: sum(vendor.stats()["faults"].values()) for name, vendor in stage.vendors.items()}
    for vendor in stage.vendors.values():
        vendor.faults(SHARE)
    stage.till.add(new)
    for email in edited:
        stage.vendors["crm"].edit(before.by_email("crm")[email].id, {"firstname": edited[email]})
    for _ in range(FAULTY_RUNS):
        stage.sync("customers", full=True)
    drawn = sum(sum(v.stats()["faults"].values()) - faults[name] for name, v in stage.vendors.items())
    for vendor in stage.vendors.values():
        vendor.faults("")
    runs = stage.settle(RUNS_AFTER)
    now = stage.census()
    lost = _lost(now, new) + _unequal(now, edited)
    double = now.duplicates(before)
    figures: dict[str, int | str | float] = {"share": SHARE, "faults": drawn, "new_customers": len(new)}
    figures |= {"edits": len(edited), "runs_after_the_faults": runs, "lost": lost, "duplicates": double}
    ok = drawn > 0 and runs <= RUNS_AFTER and not lost and not double
    return Claim("faults", "Every tenth request fails: it converges once they stop", ok, figures)


def _newcomers(stage: Stage, tag: str, number: int) -> list[Mapping[str, Any]]:
    """People whom no system knows yet."""
    found: list[Mapping[str, Any]] = []
    for person in people.customers(stage.seed + 1, number):
        document = {name: value for name, value in person.document.items() if name != "phone"}
        local, _, domain = str(document["email"]).partition("@")
        found.append({**document, "email": f"{local}.{tag}@{domain}"})
    return found


def _found(now: Census, new: list[Mapping[str, Any]], connection: str) -> int:
    copies = now.copies(connection)
    return sum(copies[str(document["email"])] == 1 for document in new)


def _lost(now: Census, new: list[Mapping[str, Any]]) -> int:
    """How many of the new customers are missing in how many systems."""
    return sum(len(new) - _found(now, new, name) for name in SERVED)


def _unequal(now: Census, edited: Mapping[str, str]) -> int:
    """How many edits are missing in how many systems."""
    from accord.demo.claims.edits import shown

    names = [shown(now, email, "given_name").values() for email in edited]
    return sum(name != edited[email] for email, found in zip(edited, names, strict=True) for name in found)
