"""A withdrawal at every step of a vendor's job: create, add members, run (consent.md 2.7, K4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from accord.consent.signal import Actor, Kind
from accord.engine.underway import MARK_SECONDS
from accord.http import Http, Job, NoAuth, PerItem, Step
from tests.acceptance.consent_stage import *  # noqa: F403
from tests.acceptance.consent_stage import Stage
from tests.unit.http.surroundings import BASE, FakeEnv, Surroundings

JOB = Job(
    "POST",
    "/jobs/{job}/members",
    size=10,
    items="members",
    item={"ref": "{id}", "row": "{row}"},
    match="ref",
    create=Step("POST", "/jobs"),
    run=Step("POST", "/jobs/{job}/run"),
    abandon=Step("DELETE", "/jobs/{job}"),
    outcome=PerItem("results"),
    every=1,
)
ANN, BOB = "ann@example.com", "bob@example.com"


class KilledError(BaseException):
    """The process is gone."""


class Importer(FakeEnv):
    """The letter tool's import: jobs that change nothing until they are run."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(respx.MockRouter())
        self.stage = stage
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.log: list[str] = []
        self.when: dict[str, Callable[[], object]] = {}
        self.refuses = False
        self.against: list[Any] = []

    def transport(self, base_url: str) -> httpx.BaseTransport | None:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request; what a test wants to happen then happens after it took effect."""
        _, _, job, step, *_ = [*request.url.path.removeprefix("/v3").split("/"), "", ""]
        name = {"POST": step or "create", "DELETE": "abandon", "GET": "poll"}[request.method]
        if name == "create":
            job = f"j{len(self.jobs)}"
            self.jobs[job] = []
        elif name == "members":
            self.jobs[job] += json.loads(request.content)["members"]
        elif name == "run":
            table = self.stage["letter"]
            self.against += [one for one in self.jobs[job] if self.refuses and one["row"]["mail"] == ANN]
            self.jobs[job] = [{"ref": one["ref"], "id": table.store(one["row"])} for one in self.jobs[job]]
        self.log.append(name)
        self.when.pop(name, lambda: None)()
        return httpx.Response(200, json={"id": job, "status": "completed", "results": self.jobs[job]})


@pytest.fixture
def importer(stage: Stage) -> Importer:
    """The letter tool now takes new people by jobs only; Ann and Bob both agreed to its letters."""
    stream = stage.accord.connections.streams["letter"]["contacts"]
    importer = Importer(stage)
    stream.connector.__dict__["http"] = Http(BASE, context=Surroundings(importer), auth=NoAuth())
    sizes = {**stream.operations.sizes, "create": JOB.size}
    stream.__dict__["operations"] = replace(stream.operations, create=JOB.bind(stream), sizes=sizes)
    for mail in (ANN, BOB):
        stage["shop"].put(mail=mail, mail_consent=stage.yes(days=9))
    stage.sync(connections=["shop", "crm"])
    return importer


def recover(stage: Stage) -> None:
    for _ in range(4):
        stage.env.forward(7200)
        stage.accord.sync("customers", full=True)


def anns(stage: Stage) -> list[Any]:
    return [row for row in stage["letter"].rows.values() if row["mail"] == ANN]


def test_a_job_that_nobody_left_is_run_once(stage: Stage, importer: Importer) -> None:
    stage.sync()
    recover(stage)
    assert importer.log == ["create", "members", "run", "poll"]
    assert stage.mails("letter") == [ANN, BOB]


@pytest.mark.parametrize("step", ["create", "members"])
def test_k4_a_job_is_abandoned_when_a_member_withdraws_before_its_last_step(
    stage: Stage, importer: Importer, step: str
) -> None:
    importer.when[step] = stage.withdraw
    stage.sync()
    assert importer.log[:3] == ["create", "members", "abandon"]
    recover(stage)
    assert stage.mails("letter") == [BOB]
    assert importer.log.count("run") == 1
    assert stage.accord.dead_letters() == []
    assert {send.status for send in stage.sends() if send.connection == "letter"} == {"revoked"}
    assert stage.decisions("letter")[0].facts["reason"] == "withdrawn"


def test_k4_a_permission_that_ended_and_came_back_is_a_new_decision(stage: Stage, importer: Importer) -> None:
    def change_of_mind() -> None:
        stage.withdraw()
        stage.env.forward(600)
        stage.say(Kind.GRANT, evidence="form-8", actor=Actor.PERSON)

    importer.when["members"] = change_of_mind
    stage.sync()
    assert importer.log[:3] == ["create", "members", "abandon"]


def test_k4_a_job_that_took_long_to_prepare_is_marked_anew_before_its_last_step(
    stage: Stage, importer: Importer
) -> None:
    ages: list[float] = []

    def prepare_for_long() -> None:
        stage.env.forward(60)

    def ask_for_marks() -> None:
        with stage.accord.store.reading() as tx:
            marked = tx.intents.unsettled("letter", "contacts")
            ages.extend(stage.env.now().timestamp() - (one.sent_at or 0.0) for one in marked)

    importer.when |= {"members": prepare_for_long, "run": ask_for_marks}
    stage.sync()
    assert len(ages) == 2
    assert max(ages) <= MARK_SECONDS


def test_k4_a_job_whose_process_slept_once_it_had_asked_is_not_run(stage: Stage, importer: Importer) -> None:
    slept: list[str] = []

    def sleep(point: str) -> None:
        if point == "recheck:committed" and not slept:
            slept.append(point)
            stage.env.forward(60)
            stage.withdraw()

    stage.env.switches.append(sleep)
    stage.sync()
    assert slept
    assert importer.log[:3] == ["create", "members", "abandon"]
    recover(stage)
    assert stage.mails("letter") == [BOB]


def test_k4_a_withdrawal_after_the_last_step_is_revoked(stage: Stage, importer: Importer) -> None:
    importer.when["run"] = stage.withdraw
    stage.sync()
    recover(stage)
    assert stage["letter"].row(mail=ANN)["mail_consent"]["state"] == "withdrawn"
    assert stage.state(who=BOB) == "granted"


@pytest.mark.parametrize("label", ["mark sent:committed", "recheck", "recheck:committed", "confirm"])
def test_k4_a_death_between_the_steps_never_runs_a_withdrawn_member(
    stage: Stage, importer: Importer, label: str
) -> None:
    died: list[str] = []

    def die(point: str) -> None:
        if point == label and not died:
            died.append(point)
            stage.withdraw()
            importer.refuses = True
            raise KilledError(point)

    stage.env.switches.append(die)
    with suppress(KilledError):
        stage.sync()
    assert died
    recover(stage)
    assert importer.against == []
    assert [row["mail_consent"]["state"] for row in anns(stage)] in ([], ["withdrawn"])
    assert stage.mails("letter").count(BOB) == 1
