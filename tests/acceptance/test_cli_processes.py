"""Commands that run until somebody says stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.acceptance.cli_stage import Stage

OUT = """
[connections.out]
connector = "files"
root = "till"
[connections.out.streams.people]
model = "customer"
write = "people.csv"
key = "id"
[connections.out.streams.people.fields]
email = "mail"

[flows.customers]
model = "customer"
from = ["hubspot"]
to = ["out"]
purpose = "service.support"
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def sandbox(stage: Stage) -> Iterator[dict[str, Any]]:
    """A slow HubSpot with three pages of contacts, started with the command."""
    command = ["sandbox", "hubspot", "--size", "250", "--latency", "0.1", "--json"]
    with started(stage, command) as process:
        document = _document(process.stdout)
        yield document
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def started(stage: Stage, arguments: list[str], **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "accord", *arguments],
        cwd=stage.root,
        env={**stage.env, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _document(stream: IO[str] | None) -> dict[str, Any]:
    assert stream is not None
    lines = []
    for line in stream:
        lines.append(line)
        if line == "}\n":
            break
    found: dict[str, Any] = json.loads("".join(lines))
    return found


def test_the_first_signal_saves_and_the_next_run_goes_on(stage: Stage, sandbox: dict[str, Any]) -> None:
    stage.config.write_text(sandbox["toml"] + OUT, encoding="utf-8")
    with started(stage, ["sync", "--approve", "--log-json", "--json"], **sandbox["environment"]) as process:
        assert process.stderr is not None
        assert "run started" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "stopping after the batch in hand" in err
    (first,) = json.loads(out)["reports"]
    assert first["state"] == "interrupted"
    said = stage.accord("sync", "--json", **sandbox["environment"])
    (second,) = said.document["reports"]
    assert said.code == 0
    assert first["total"]["read"] + second["total"]["read"] == 250


def test_the_door_answers_until_it_is_told_to_stop(stage: Stage) -> None:
    with started(stage, ["serve", "--port", "0", "--json"]) as process:
        document = _document(process.stdout)
        answer = httpx.get(f"{document['unsubscribe']}nonsense", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert answer.status_code == 404
    assert set(document) == {"url", "unsubscribe", "privacy_webhooks"}
