"""Accord: the ordinary engine behind its ordinary front door, with the connectors of bench/connector.

Nothing is switched off and nothing is prepared: hub, links, shadows, intents, merge and gate are those of any
run.
"""

from __future__ import annotations

from pathlib import Path

from accord import Accord, Report
from accord.plugins import Plugins
from bench.programs import configuration
from bench.programs.task import Task, told

PROFILED = 40
"""Functions that a profile lists."""


def config(task: Task) -> str:
    """The workload's accord.toml."""
    store = task.options.get("store") or f"sqlite:///{task.state}/accord.db"
    if "systems" in task.options:
        return configuration.systems(task.url, store, task.options["systems"].split(","))
    if "many" in task.options:
        return configuration.many(task.url, store, int(task.options["many"]))
    return configuration.one_way(task.url, store, task.stream, append=task.append)


def sync(task: Task, plugins: Plugins | None = None) -> Report:
    """One sync; plugins are those of the installation unless they are given."""
    flow = "people" if "systems" in task.options else task.stream
    with Accord.open(configuration.kept(task.state, config(task)), plugins=plugins) as accord:
        task.begin()
        return accord.sync(flow, full=task.full, approve=True)


def profiled(task: Task, path: Path) -> Report:
    """One sync, and where its CPU went in all threads: appended to a file, most self time first."""
    import yappi

    yappi.set_clock_type("cpu")
    yappi.start()
    report = sync(task)
    yappi.stop()
    spent = sorted(yappi.get_func_stats(), key=lambda each: each.tsub, reverse=True)[:PROFILED]
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{task.stream}, full={task.full}: {report.total.read} read, {report.writes} written\n")
        file.write("self CPU s   total CPU s       calls  function\n")
        for each in spent:
            file.write(f"{each.tsub:10.3f}{each.ttot:14.3f}{each.ncall:12d}  {each.full_name}\n")
    return report


def main() -> None:
    """One sync, and its account."""
    task = told()
    path = task.options.get("profile")
    report = profiled(task, Path(path)) if path else sync(task)
    counts = report.total
    task.end(
        began=report.started_at,
        ran=report.finished_at - report.started_at,
        state=str(report.state),
        problems=[f"{problem.connection}: {problem.message}" for problem in report.problems],
        read=counts.read,
        changed=counts.applied,
        written=counts.writes,
        conflicts=counts.open_conflicts,
        letters=counts.dead_letters,
    )


if __name__ == "__main__":
    main()
