"""Connectors to the benchmark's vendor: a source, a sink, and systems that are both."""

from __future__ import annotations

from typing import Any

import accord
from accord_bench.sink import BenchSink
from accord_bench.source import BenchSource
from accord_bench.system import BenchSystem


@accord.hookimpl
def accord_connectors() -> list[type[accord.Connector[Any]]]:
    """Offer the connectors."""
    return [BenchSource, BenchSink, BenchSystem]
