"""Accord: the ordinary engine behind its ordinary front door, with the connectors of bench/connector.

Nothing is switched off and nothing is prepared: hub, links, shadows, intents, merge and gate are those of any
run.
"""

from __future__ import annotations

import time

from accord import Accord
from bench.programs import configuration
from bench.programs.task import Task, told


def config(task: Task) -> str:
    """The workload's accord.toml."""
    store = task.options.get("store") or f"sqlite:///{task.state}/accord.db"
    if "systems" in task.options:
        return configuration.systems(task.url, store, task.options["systems"].split(","))
    if "many" in task.options:
        return configuration.many(task.url, store, int(task.options["many"]))
    return configuration.one_way(task.url, store, task.stream, append=task.append)


def main() -> None:
    """One sync."""
    task = told()
    flow = "people" if "systems" in task.options else task.stream
    with Accord.open(configuration.kept(task.state, config(task))) as accord:
        task.begin()
        began = time.time()
        report = accord.sync(flow, full=task.full, approve=True)
        counts = report.members.values()
        task.end(
            began=began,
            state=str(report.state),
            problems=[f"{problem.connection}: {problem.message}" for problem in report.problems],
            read=sum(each.read for each in counts),
            changed=sum(each.applied for each in counts),
            written=report.writes,
            conflicts=sum(each.open_conflicts for each in counts),
            letters=sum(each.dead_letters for each in counts),
        )


if __name__ == "__main__":
    main()
