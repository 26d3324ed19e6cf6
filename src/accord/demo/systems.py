"""The vendors of the demo: real HTTP servers, one process each, watched through their control planes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from accord.errors import SetupError

TOKENS = {"shop": "SHOP_TOKEN", "crm": "CRM_TOKEN", "letter": "LETTER_TOKEN"}
"""The environment variable that holds each connection's credential."""

CONNECTORS = {"shop": "shopify", "crm": "hubspot", "letter": "brevo"}
TABLES = {"shop": "customers", "crm": "contacts", "letter": "contacts"}
"""Where each vendor keeps its people."""

STOP_SECONDS = 10.0

Processes = dict[str, subprocess.Popen[str]]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One running sandbox, seen from its control plane: what its own people do and see.

    Attributes:
        name: The connection's name.
        url: Where it listens.
        http: A client of the control plane.
    """

    name: str
    url: str
    http: httpx.Client

    def rows(self, table: str | None = None) -> dict[str, dict[str, Any]]:
        """All records of a table by id, as the vendor keeps them."""
        answer = self.http.get(f"/_sandbox/tables/{table or TABLES[self.name]}")
        return {str(row["id"]): row["values"] for row in answer.raise_for_status().json()["items"]}

    def row(self, id_: str, table: str | None = None) -> dict[str, Any]:
        """One record."""
        answer = self.http.get(f"/_sandbox/tables/{table or TABLES[self.name]}/{id_}")
        values: dict[str, Any] = answer.raise_for_status().json()["values"]
        return values

    def edit(self, id_: str, values: Mapping[str, Any], table: str | None = None) -> None:
        """Somebody at the vendor changes a record by hand."""
        path = f"/_sandbox/tables/{table or TABLES[self.name]}/{id_}"
        self.http.put(path, json=dict(values)).raise_for_status()

    def add(self, values: Mapping[str, Any], table: str | None = None) -> str:
        """Somebody at the vendor types a new record; its id."""
        answer = self.http.post(f"/_sandbox/tables/{table or TABLES[self.name]}", json=dict(values))
        return str(answer.raise_for_status().json()["id"])

    def stats(self) -> dict[str, Any]:
        """Requests, writes, faults and table sizes, as the vendor counts them."""
        found: dict[str, Any] = self.http.get("/_sandbox/stats").raise_for_status().json()
        return found

    def written(self) -> int:
        """Changes that came through the API so far."""
        stats = self.stats()
        return int(stats["creates"] + stats["updates"] + stats["deletes"])

    def faults(self, profile: str) -> None:
        """From now on requests fail so often; an empty profile stops that and applies what was delayed."""
        self.http.post("/_sandbox/faults", json={"faults": profile}).raise_for_status()
        if not profile:
            self.http.post("/_sandbox/settle").raise_for_status()


@contextmanager
def started(seed: int, sizes: Mapping[str, int], states: Path | None = None) -> Iterator[Processes]:
    """Start a sandbox per name; on leaving, every process has ended.

    Args:
        seed: Decides the people.
        sizes: How many records each is to hold, by name.
        states: A folder in which they keep their state, None = they forget.
    """
    if states is not None:
        states.mkdir(exist_ok=True)
    processes: Processes = {}
    try:
        for name, size in sizes.items():
            processes[name] = _start(name, seed, size, states)
        yield processes
    finally:
        _stop(list(processes.values()))


@contextmanager
def reached(processes: Processes) -> Iterator[dict[str, Vendor]]:
    """The sandboxes, as soon as they listen."""
    with ExitStack() as stack:
        found = {}
        for name, process in processes.items():
            url = _address(name, process)
            found[name] = Vendor(name, url, stack.enter_context(httpx.Client(base_url=url, timeout=30.0)))
        yield found


def credentials() -> dict[str, str]:
    """A credential per connection, good for these sandboxes only."""
    return {name: f"demo-{CONNECTORS[key]}-token" for key, name in TOKENS.items()}


def state_of(name: str, states: Path) -> Path:
    """The file in which a sandbox keeps its state."""
    return states / f"{name}.state"


def commands(vendors: Mapping[str, Vendor], seed: int, sizes: Mapping[str, int], states: Path) -> list[str]:
    """How a person starts the same sandboxes again, where they left off."""
    return [
        f"accord sandbox {CONNECTORS[name]} --port {vendor.url.rpartition(':')[2]} --seed {seed} "
        f"--size {sizes[name]} --state {state_of(name, states)}"
        for name, vendor in vendors.items()
    ]


def _start(name: str, seed: int, size: int, states: Path | None) -> subprocess.Popen[str]:
    given: dict[str, Any] = {"connector": CONNECTORS[name], "seed": seed, "size": size}
    given |= {"token_from": TOKENS[name], "state": str(state_of(name, states)) if states else None}
    command = [sys.executable, "-m", "accord.demo.stand", json.dumps(given)]
    environment = {**os.environ, **credentials()}
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _address(name: str, process: subprocess.Popen[str]) -> str:
    """What the process printed first."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url.startswith("http://127.0.0.1:"):
        raise SetupError(
            f"the sandbox of {CONNECTORS[name]!r} did not start",
            hint=f"Its own words are above; it needs accord-{CONNECTORS[name]} with the extra 'sandbox'.",
        )
    return url


def _stop(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Close their inputs, by which they end; one that does not is killed."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
