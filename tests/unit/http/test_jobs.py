"""Jobs the vendor works off later."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from accord.errors import OutcomeUnknownError, PluginError, RateLimitedError, RetryableError
from accord.http import Job, PerItem, Step
from accord.model.record import Outcome, Recheck, Result
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


PREPARED: dict[str, Any] = {
    "create": Step("POST", "/jobs"),
    "run": Step("PATCH", "/jobs/{job}", body={"state": "go"}),
    "abandon": Step("DELETE", "/jobs/{job}"),
}


def prepared(vendor: Vendor, recheck: Recheck | None, *, members: Any = None, go: Any = None) -> Any:
    """A job in steps for two writes; what was asked of the vendor, and the outcomes."""
    ended = {"status": "completed", "results": [{"id": "k-b"}, {"id": "k-a"}]}
    submitted(vendor, ended)
    vendor.answers("POST", "/jobs/17/users", {} if members is None else members)
    vendor.answers("PATCH", "/jobs/17", {} if go is None else go)
    vendor.answers("DELETE", "/jobs/17", 204)
    job = Job("POST", "/jobs/{job}/users", items="users", outcome=PerItem("results"), every=5, **PREPARED)
    writes = [write("a", recheck=recheck), write("b", recheck=recheck)]
    return lambda: list(vendor.stream(update=job).update(writes))


def asked(vendor: Vendor) -> list[str]:
    return [call.request.method for call in vendor.router.calls]


def test_a_prepared_job_is_run_when_nobody_is_refused(vendor: Vendor) -> None:
    send = prepared(vendor, lambda _: frozenset())
    assert states(send()) == ["done", "done"]
    assert asked(vendor) == ["POST", "POST", "PATCH", "GET"]


def test_a_prepared_job_is_abandoned_when_one_is_refused(vendor: Vendor) -> None:
    found = prepared(vendor, lambda writes: frozenset({writes[1].id}))()
    assert [(each.write_id, str(each.result)) for each in found] == [("a", "abandoned"), ("b", "abandoned")]
    assert asked(vendor) == ["POST", "POST", "DELETE"]


def test_a_prepared_job_that_nobody_can_be_asked_about_is_abandoned(vendor: Vendor) -> None:
    assert states(prepared(vendor, None)()) == ["abandoned", "abandoned"]
    assert "PATCH" not in asked(vendor)


def test_members_in_doubt_are_not_written_as_the_job_never_runs(vendor: Vendor) -> None:
    send = prepared(vendor, lambda _: frozenset(), members=httpx.ReadTimeout("t"))
    assert not isinstance(caught(RetryableError, send), OutcomeUnknownError)
    assert asked(vendor) == ["POST", "POST", "DELETE"]


@pytest.mark.parametrize(
    ("answer", "error"), [(429, RateLimitedError), (httpx.ReadTimeout("t"), OutcomeUnknownError)]
)
def test_a_last_step_in_doubt_may_be_running_and_is_not_discarded(
    vendor: Vendor, answer: Any, error: type[Exception]
) -> None:
    caught(error, prepared(vendor, lambda _: frozenset(), go=answer))
    assert ("DELETE" in asked(vendor)) is (error is RateLimitedError)


def test_steps_before_a_start_need_the_start() -> None:
    caught(PluginError, lambda: Job("POST", "/jobs", create=Step("POST", "/jobs")))
