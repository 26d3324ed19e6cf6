"""Accord's CPU per record stays within a multiple of a plain script's, measured beside it in this process.

Ratios of CPU time, no wall clock: a busy machine slows both. The bounds are about 1.6 times what
docs/explanation/performance.md reports, so that they catch a lost optimisation, not noise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import accord_bench
import httpx
import pytest

from accord.plugins import Plugins
from bench.hosting import Vendor
from bench.programs import floor_threads, with_accord
from bench.programs.ledger import Ledger
from bench.programs.task import Task

WARM, RECORDS = 100, 750
FIRST_BOUND, AGAIN_BOUND = 8.0, 2.0
"""Times the script's CPU: a first sync, and a full read of which nothing changed."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    """The benchmarks' vendor, in a process of its own so that its CPU is not counted."""
    with Vendor(sys.executable) as running:
        yield running


def script(task: Task) -> None:
    """The plain script, as the benchmarks run it."""
    ledger = Ledger(task.state, task.stream)
    with httpx.Client(timeout=30, trust_env=False) as client:
        floor_threads.Script(task, client, ledger).run()
    ledger.done()


def accord(task: Task) -> None:
    """Accord, as the benchmarks run it; its connectors are passed instead of installed."""
    report = with_accord.sync(task, Plugins.load([accord_bench]))
    assert report.problems == []


def cost(vendor: Vendor, run: Callable[[Task], None], folder: Path, records: int) -> tuple[float, float]:
    """CPU seconds of a first sync and of a full read after it."""
    vendor.tell("stock", customers=records, orders=0)
    folder.mkdir()
    spent = []
    for full in (False, True):
        began = time.process_time()
        run(Task(vendor.url, folder, "customers", full=full, append=False))
        spent.append(time.process_time() - began)
    told = vendor.tell("compare", stream="customers")
    assert (told["wanted"], told["lost"], told["wrong"]) == (records, 0, 0)
    return spent[0], spent[1]


def test_a_record_costs_a_bounded_multiple_of_a_plain_scripts_cpu(vendor: Vendor, tmp_path: Path) -> None:
    found = {}
    for run in (script, accord):
        cost(vendor, run, tmp_path / f"{run.__name__}-warm", WARM)
        found[run] = cost(vendor, run, tmp_path / run.__name__, RECORDS)
    first, again = (ours / theirs for ours, theirs in zip(found[accord], found[script], strict=True))
    assert first < FIRST_BOUND
    assert again < AGAIN_BOUND
