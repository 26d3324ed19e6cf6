"""Jobs the vendor works off later."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from accord.errors import OutcomeUnknownError
from accord.http import Job, PerItem
from accord.model.record import Outcome, Result
from tests.unit.http.surroundings import BASE, Vendor, caught, write


def run(vendor: Vendor, **options: Any) -> list[Outcome]:
    facts = {"poll": "/jobs/{job}", "items": "users", "outcome": PerItem("results"), "every": 5, **options}
    return list(vendor.stream(update=Job("POST", "/jobs", **facts)).update([write("a"), write("b")]))


def submitted(vendor: Vendor, *polls: Any) -> None:
    vendor.answers("POST", "/jobs", {"id": 17})
    vendor.answers("GET", "/jobs/17", *polls)


def states(outcomes: list[Outcome]) -> list[str]:
    return [str(each.result) for each in outcomes]


def test_a_job_is_followed_to_its_outcomes(vendor: Vendor) -> None:
    ended = {"status": "completed", "results": [{"id": "k-b"}, {"id": "k-a"}]}
    submitted(vendor, {"status": "queued"}, {"status": "working"}, ended)
    assert states(run(vendor)) == ["done", "done"]
    assert vendor.env.slept == [5, 5]


def test_outcomes_may_have_a_path_of_their_own(vendor: Vendor) -> None:
    submitted(vendor, {"status": "completed"})
    vendor.answers("GET", "/jobs/17/results", {"results": [{"id": "k-a"}]})
    assert states(run(vendor, results="/jobs/{job}/results")) == ["done", "unknown"]


@pytest.mark.parametrize("means", [Result.UNKNOWN, Result.RETRY])
def test_a_failed_job_means_what_is_declared(vendor: Vendor, means: Result) -> None:
    submitted(vendor, {"status": "failed"})
    assert states(run(vendor, failed_means=means)) == [means, means]


def test_a_job_that_never_ends_is_unknown(vendor: Vendor) -> None:
    vendor.answers("POST", "/jobs", {"id": 17})
    vendor.router.get(f"{BASE}/jobs/17").mock(return_value=httpx.Response(200, json={"status": "queued"}))
    assert states(run(vendor, deadline=60)) == ["unknown", "unknown"]
    assert vendor.env.clock <= 60


@pytest.mark.parametrize("poll", [403, 404, {"status": "completed"}])
def test_a_job_that_cannot_be_followed_is_unknown(vendor: Vendor, poll: Any) -> None:
    submitted(vendor, poll)
    assert states(run(vendor)) == ["unknown", "unknown"]


def test_a_job_without_a_name_is_unknown(vendor: Vendor) -> None:
    vendor.answers("POST", "/jobs", {})
    assert states(run(vendor)) == ["unknown", "unknown"]


def test_a_submission_in_doubt_is_raised(vendor: Vendor) -> None:
    vendor.answers("POST", "/jobs", httpx.ReadTimeout("t"))
    caught(OutcomeUnknownError, lambda: run(vendor))
