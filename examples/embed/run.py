"""Accord inside a program: a configuration of objects, progress as a callback, a typed report.

python run.py FOLDER        # with the till's customers.csv in it
"""

from __future__ import annotations

import sys

from accord import Accord, Config, Progress

FIELDS = {"given_name": "first_name", "email": "email", "phone": "phone"}
TILL = {"model": "customer", "write": "customers.csv", "key": "card", "hub_id": "accord_id", "fields": FIELDS}
MEMBERS = {"model": "customer", "table": "members", "key": "id", "hub_id": "accord_id", "fields": FIELDS}


def configuration(folder: str) -> Config:
    """What accord.toml would say."""
    return Config.model_validate(
        {
            "accord": {"store": f"sqlite:///{folder}/accord.db"},
            "connections": {
                "till": {"connector": "files", "root": folder, "streams": {"customers": TILL}},
                "loyalty": {
                    "connector": "sql",
                    "url": f"sqlite:///{folder}/loyalty.db",
                    "streams": {"members": MEMBERS},
                },
            },
            "flows": {
                "customers": {
                    "model": "customer",
                    "both": ["till", "loyalty"],
                    "purpose": "service.transactional",
                }
            },
        }
    )


def show(step: Progress) -> None:
    """Called from any thread, for every page and batch."""
    print(f"{step.phase} {step.connection}: {step.done} of {step.total or '?'}")


def main(folder: str) -> int:
    """Sync; the exit code is the report's."""
    with Accord(configuration(folder), progress=show) as accord:
        plan = accord.plan("customers")
        print({scope: dict(counts) for scope, counts in plan.counts.items()})
        report = accord.sync("customers")
        print(f"{report.writes} writes, {report.total.dead_letters} set aside")
        return report.exit_code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
