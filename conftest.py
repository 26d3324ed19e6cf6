"""Options and fixtures of every test in the tree: those of the core and those of the connectors."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent
SPECS = Path(os.environ.get("ACCORD_SPECS", ROOT.parent / "shared" / "specs"))
"""The vendors' own API descriptions. Their licences keep them out of this repository."""

UNCHECKED = pytest.StashKey[int]()

# A law holds however slow the machine is; the same examples every time, so that a failure can be met again.
settings.register_profile(
    "accord", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("accord")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --require-specs."""
    parser.addoption(
        "--require-specs",
        action="store_true",
        help="fail, instead of skipping the contract tests, when the vendors' API descriptions are missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to start when descriptions are required and missing."""
    config.stash[UNCHECKED] = 0
    if config.getoption("--require-specs") and not SPECS.is_dir():
        message = f"--require-specs: no folder {SPECS}; set ACCORD_SPECS to where the descriptions are"
        raise pytest.UsageError(message)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, and count, the contract tests of a clone without the descriptions."""
    contract = [item for item in items if _reads_specs(item)]
    if SPECS.is_dir():
        return
    config.stash[UNCHECKED] = len(contract)
    for item in contract:
        item.add_marker(pytest.mark.skip(reason="no vendor API descriptions"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was not checked."""
    if count := config.stash[UNCHECKED]:
        terminalreporter.write_line(
            f"NOT CHECKED: {count} contract tests: the vendors' API descriptions are missing ({SPECS})",
            red=True,
            bold=True,
        )


@pytest.fixture
def specs() -> Path:
    """The folder of the vendors' API descriptions; a test that asks for it is a contract test."""
    return SPECS


def _reads_specs(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return "specs" in fixtures or item.get_closest_marker("specs") is not None


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Take back what a command run inside the test's process set up for its own log lines."""
    logger = logging.getLogger("accord")
    before = (list(logger.handlers), logger.propagate, logger.level)
    yield
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])
