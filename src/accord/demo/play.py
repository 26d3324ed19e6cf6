"""``accord demo`` from beginning to end."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from accord.demo import claims
from accord.demo.stage import FLOWS, set_up
from accord.demo.story import Story
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.demo.claims.claim import Claim
    from accord.demo.stage import Stage

LEAST = 50
NEEDED = (
    *("faker", "uvicorn", "graphql"),
    *("accord_shopify", "accord_hubspot", "accord_brevo", "accord_files", "accord_sql"),
)


def run(*, size: int, json: bool = False, keep: Path | None = None, seed: int = 7) -> int:
    """Show what Accord does with five invented systems, and check every claim.

    Args:
        json: Print one JSON document instead of a story.
        size: Customers in the shop and in the CRM; the other systems hold fewer.
        keep: A new or empty folder for accord.toml, the till's files, the databases and the sandboxes'
            state; by default all of it is temporary.
        seed: Decides the people.

    Returns:
        0 when every claim holds, else 1.

    Raises:
        SetupError: the folder is not empty, the size is too small, or a sandbox does not start.
    """
    if size < LEAST:
        raise SetupError(f"a demo needs at least {LEAST} customers", hint="Leave --size out.")
    _require(NEEDED)
    started = time.monotonic()
    story = Story(silent=json)
    with _folder(keep) as folder, _stage(folder, seed, size, story, keep=keep is not None) as stage:
        found, plans = _play(stage, story)
        document = _document(stage, found, plans)
    seconds = round(time.monotonic() - started, 1)
    if json:
        sys.stdout.buffer.write(
            orjson.dumps({**document, "seconds": seconds, "config": str(stage.config) if keep else None})
            + b"\n"
        )
    held = sum(claim.ok for claim in found)
    story.end(f"{held} of {len(found)} claims hold, {seconds} s. {_next(stage, keep)}")
    return 0 if held == len(found) else 1


@contextmanager
def _stage(folder: Path, seed: int, size: int, story: Story, *, keep: bool) -> Iterator[Stage]:
    with ExitStack() as stack:
        with story.step("Starting five systems"):
            stage = stack.enter_context(set_up(folder, seed, size, keep=keep, progress=story.hear))
        yield stage


def _require(modules: Sequence[str]) -> None:
    """The sandboxes are an extra, the connectors distributions of their own."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        wanted = " ".join(f"'accord-{name}[sandbox]'" for name in ("shopify", "hubspot", "brevo"))
        raise SetupError(
            f"the demo needs what is not installed: {', '.join(missing)}",
            hint=f"Run `pip install 'accord[sandbox]' accord-files accord-sql {wanted}`.",
        )


def _play(stage: Stage, story: Story) -> tuple[list[Claim], dict[str, Any]]:
    story.systems(stage)
    plans = {flow: _first(stage, story, flow) for flow in FLOWS}
    story.heading("What that is worth, checked in the systems themselves:")
    found: list[Claim] = []
    checks = claims.check(stage)
    while True:
        with story.working():
            claim = next(checks, None)
        if claim is None:
            return found, plans
        found.append(claim)
        story.claim(len(found), claim)


def _first(stage: Stage, story: Story, flow: str) -> dict[str, Any]:
    """A flow's first run: first as a plan."""
    with story.step(f"Planning {flow}"):
        plan = stage.accord.plan(flow)
    story.plan(plan)
    with story.step(f"Syncing {flow}"):
        report = stage.sync(flow)
    story.report(report)
    return {scope: dict(counts) for scope, counts in plan.counts.items()}


def _document(stage: Stage, found: list[Claim], plans: dict[str, Any]) -> dict[str, Any]:
    runs = [
        {
            "flow": report.flow,
            "state": str(report.state),
            "read": report.total.read,
            "writes": report.writes,
            "balanced": report.total.balanced,
            "seconds": round(report.finished_at - report.started_at, 2),
        }
        for report in stage.reports
    ]
    held = {name: len(records) for name, records in stage.start.held.items()}
    return {"claims": [claim.as_dict() for claim in found], "held": held, "plans": plans, "runs": runs}


def _next(stage: Stage, keep: Path | None) -> str:
    if keep is None:
        return "Keep everything with --keep FOLDER."
    return f"{stage.config} says in its first lines how to go on."


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="accord-demo-") as name:
            yield Path(name)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise SetupError(
            f"the folder {str(keep)!r} is not empty", hint="Name a new one: the demo overwrites nothing."
        )
    yield keep.absolute()
